"""What the portal keeps of people: who they are in the directory, their numbers, their codes, and the trail."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django_otp.models import CooldownMixin, SideChannelDevice, ThrottlingMixin, VerifyNotAllowed
from django_otp.util import random_number_token

from accounts import limits
from accounts.encryption import EncryptedTextField, digest, same_digest


class UserManager(BaseUserManager["User"]):
    """Users come from the directory alone; none is made with a password."""


class User(AbstractBaseUser, PermissionsMixin):
    """The portal's record of one directory account, known by the directory's immutable id.

    ``username`` is the name last seen and is not unique: a name may be given to a new person, who gets a new
    row and none of the old one's number (security.md G4). No password is ever kept here.
    """

    directory_id = models.CharField(max_length=36, unique=True)
    username = models.CharField(max_length=256, db_index=True)
    # Raised when the person's sessions must end, all of them (R4).
    session_epoch = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    # Since when the directory has not had the account; its number goes 30 days later (Q1).
    missing_since = models.DateTimeField(null=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "directory_id"

    class Meta:
        verbose_name = _("konto")
        verbose_name_plural = _("konton")

    def __str__(self) -> str:
        return self.username

    def get_session_auth_hash(self) -> str:
        return salted_hmac("idportal.session", f"{self.directory_id}/{self.session_epoch}").hexdigest()


class Phone(models.Model):
    """A person's mobile number. A row exists only once a code sent to the number was entered (G1)."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="phone")
    number = EncryptedTextField()  # E.164
    number_digest = models.CharField(max_length=64, db_index=True)
    confirmed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"number of {self.user_id}"


class Purpose(models.TextChoices):
    """What a code is for. One made for one purpose opens nothing else."""

    REGISTER = "register"
    RESET = "reset"
    SIGN_IN = "sign-in"


class Challenge(CooldownMixin, ThrottlingMixin, SideChannelDevice):
    """One browser session's way through one journey: asked, code sent, code entered, used.

    From django-otp it has the token and its lifetime, the count of failures, and the pause between two requests
    for a code (``last_generated_timestamp``: when one was last asked for). Three things differ: the token is
    kept as a keyed hash (K2); after CODE_TRIES failures the code is dead, where ThrottlingMixin would let one go
    on more and more slowly (K1); and there may be no user, since whoever asks gets a row, known or not (E2).
    ``confirmed`` stays False, so that django-otp never takes a challenge for someone's second factor.
    """

    # What a request leaves unread until a code is accepted: to decrypt it takes time, and an empty one takes none,
    # so that the time would tell that the task has found someone (E2).
    SEALED: ClassVar[tuple[str, ...]] = ("asked_for", "number")

    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE)  # type: ignore[assignment]
    name = models.CharField(max_length=64, blank=True, editable=False)
    confirmed = models.BooleanField(default=False, editable=False)
    token = models.CharField(max_length=64, blank=True, default="")

    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    language = models.CharField(max_length=2)
    address = models.GenericIPAddressField(null=True)
    # What was typed as user name, until the task has looked it up. Encrypted: some type a password there.
    asked_for = EncryptedTextField(blank=True, default="")
    number = EncryptedTextField(blank=True, default="")  # where the code goes, E.164
    last_generated_timestamp = models.DateTimeField(default=timezone.now)
    verified_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)  # used, or overtaken by another
    refusals = models.PositiveSmallIntegerField(default=0)
    setting_until = models.DateTimeField(null=True)  # a new password is on its way to the directory

    class Meta:
        indexes = [models.Index(fields=["user", "purpose"])]

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"

    def generate_token(
        self, length: int = limits.CODE_DIGITS, valid_secs: int = limits.CODE_LIFETIME, commit: bool = True
    ) -> str:
        """Makes a code, keeps its hash, and returns the code to whoever sends it. Earlier failures are forgotten."""
        code = str(random_number_token(length))
        self.token = self._hash(code)
        self.valid_until = timezone.now() + timedelta(seconds=valid_secs)
        self.throttle_reset(commit=False)
        if commit:
            self.save()
        return code

    def verify_is_allowed(self) -> tuple[bool, dict[str, Any] | None]:
        """No after CODE_TRIES failures; no waiting before that."""
        if self.throttling_failure_count >= limits.CODE_TRIES:
            reason = VerifyNotAllowed.N_FAILED_ATTEMPTS
            return False, {"reason": reason, "failure_count": self.throttling_failure_count}
        return True, None

    def verify_token(self, token: str) -> bool:
        """Whether this is the code, unspent and in time. Spends it, or counts a failure; call it under a row lock.

        Does the same work whether or not a code was ever sent.
        """
        right = same_digest(self.token, self._hash(token))
        if right and self.live:
            self.token = ""
            self.valid_until = self.verified_at = timezone.now()
            self.save()
            return True
        self.throttle_increment()
        return False

    def get_throttle_factor(self) -> int:
        return 0

    def get_cooldown_duration(self) -> int:
        return limits.SEND_COOLDOWN

    def _hash(self, code: str) -> str:
        return digest(f"{self.pk}/{self.purpose}/{code}", "code")

    @property
    def live(self) -> bool:
        """Whether there is a code that could be entered now."""
        waiting = bool(self.token) and self.ended_at is None and timezone.now() < self.valid_until
        return waiting and self.verify_is_allowed()[0]

    @property
    def minutes_left(self) -> int:
        """Whole minutes, rounded up, for which the right to set a password is still good."""
        used = timezone.now() - (self.verified_at or timezone.now())
        return max(1, -(-round(limits.VERIFIED_LIFETIME - used.total_seconds()) // limits.MINUTE))

    @property
    def verified(self) -> bool:
        """An accepted code whose right is neither used nor run out (R3)."""
        if self.verified_at is None or self.ended_at is not None or self.refusals >= limits.PASSWORD_REFUSALS:
            return False
        return timezone.now() - self.verified_at < timedelta(seconds=limits.VERIFIED_LIFETIME)


class SendQuota(models.Model):
    """How many codes went to one number for one purpose (K5), or on behalf of one account to whatever number.

    Neither is kept, only a digest. Not django-otp's CooldownMixin: that counts per device, and one number may
    serve several accounts.
    """

    digest = models.CharField(max_length=64)
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    sent = models.JSONField(default=list)  # seconds since 1970, of the last day

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest", "purpose"], name="one_quota_for_each")]

    def __str__(self) -> str:
        return f"{self.purpose} quota {self.pk}"

    @classmethod
    def take(cls, digest: str, purpose: str, allowed: tuple[tuple[int, int], ...] = limits.SENDS) -> bool:
        """Counts one more code if the limits allow it; within a transaction, in which others wait for this one."""
        quota, _made = cls.objects.select_for_update().get_or_create(digest=digest, purpose=purpose)
        now = timezone.now().timestamp()
        recent = [at for at in quota.sent if now - at < limits.DAY]
        if any(sum(now - at < seconds for at in recent) >= most for most, seconds in allowed):
            return False
        quota.sent = [*recent, now]
        quota.save(update_fields=["sent"])
        return True

    @classmethod
    def give_back(cls, digest: str, purpose: str) -> None:
        """Takes the newest back; within a transaction."""
        for quota in cls.objects.select_for_update().filter(digest=digest, purpose=purpose):
            quota.sent = quota.sent[:-1]
            quota.save(update_fields=["sent"])


class SmsDay(models.Model):
    """Messages sent on one day, against the daily ceiling."""

    day = models.DateField(primary_key=True)
    sent = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.day}: {self.sent}"

    @classmethod
    def take(cls) -> bool:
        """Counts one message if the ceiling allows it. Safe against others at the same time."""
        today = timezone.localdate()
        cls.objects.get_or_create(day=today)
        room = cls.objects.filter(day=today, sent__lt=settings.SMS_DAILY_LIMIT)
        return room.update(sent=models.F("sent") + 1) == 1

    @classmethod
    def give_back(cls) -> None:
        """Takes one message back that was not sent."""
        cls.objects.filter(day=timezone.localdate(), sent__gt=0).update(sent=models.F("sent") - 1)

    @classmethod
    def today(cls) -> int:
        """How many were sent today."""
        return cls.objects.filter(day=timezone.localdate()).values_list("sent", flat=True).first() or 0


class FailedTry(models.Model):
    """A wrong password or code for one account. Counted in the database: it outlives restarts and Redis (T1)."""

    class Kind(models.TextChoices):
        PASSWORD = "password"  # noqa: S105  a kind, no password
        CODE = "code"

    subject = models.CharField(max_length=36)  # the directory's id of the account
    kind = models.CharField(max_length=8, choices=Kind.choices)
    at = models.DateTimeField(default=timezone.now)
    answered = models.BooleanField(default=False)  # a password's: the directory has said that it is wrong

    class Meta:
        indexes = [models.Index(fields=["subject", "kind", "at"])]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at}"

    @classmethod
    def count(cls, subject: str, kind: Kind, window: timedelta) -> int:
        """How many within the window, up to now."""
        return cls.objects.filter(subject=subject, kind=kind, at__gt=timezone.now() - window).count()


class Event(models.TextChoices):
    """What the trail tells. Requested, attempted and done are apart, and so are done and refused."""

    LOGIN_ATTEMPTED = "login attempted"
    LOGIN_DONE = "login done"
    LOGIN_REFUSED = "login refused"
    LOGGED_OUT = "logged out"
    CODE_REQUESTED = "code requested"
    CODE_WITHHELD = "code withheld"
    CODE_ATTEMPTED = "code attempted"
    CODE_SENT = "code sent"
    CODE_NOT_SENT = "code not sent"
    CODE_ACCEPTED = "code accepted"
    CODE_REFUSED = "code refused"
    PHONE_CONFIRMED = "phone confirmed"
    PHONE_REGISTERED = "phone registered"
    PHONE_REPLACED = "phone replaced"
    PASSWORD_ATTEMPTED = "password attempted"  # noqa: S105  names of events, no passwords
    PASSWORD_DONE = "password done"  # noqa: S105
    PASSWORD_REFUSED = "password refused"  # noqa: S105
    SESSIONS_ENDED = "sessions ended"
    PHONE_FORGOTTEN = "phone forgotten"


class AppendOnly(models.QuerySet["AuditEvent"]):
    """Rows are added. Only retention takes them away."""

    def update(self, **_: Any) -> int:
        raise TypeError("The audit trail is append-only.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("The audit trail is append-only.")

    def older_than(self, limit: datetime) -> int:
        """Deletes what retention has no more use for: the one way out (Q1). Returns how many."""
        return models.QuerySet(self.model, using=self.db).filter(at__lt=limit).delete()[0]


class AuditEvent(models.Model):
    """One line of the trail (L1): when (UTC), who, about whom, what, how it ended, from where. Append-only."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    event = models.CharField(max_length=40, choices=Event.choices)
    actor = models.CharField(max_length=36, blank=True)  # directory id; blank: nobody known, or the portal itself
    subject = models.CharField(max_length=36, blank=True, db_index=True)
    subject_name = models.CharField(max_length=256, blank=True)
    company = models.CharField(max_length=256, blank=True)
    result = models.CharField(max_length=80, blank=True)
    address = models.GenericIPAddressField(null=True)

    objects = AppendOnly.as_manager()

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.event}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("The audit trail is append-only.")
        # Without this, Django would first try to update a row of the same key.
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("The audit trail is append-only.")
