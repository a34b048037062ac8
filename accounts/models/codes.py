"""Codes, each with its challenge, and counts of tries, which survive restarts and the loss of Redis."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import models
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django_otp.util import random_number_token

from accounts import limits
from accounts.models import statements
from accounts.models.companies import Orderer
from accounts.models.users import User
from accounts.privacy.encryption import EncryptedTextField, digest

Owner = User | Orderer


class WrongCodes(NamedTuple):
    """Which wrong codes count: whose, of which kind, since when, of known browsers or of all others (K1, D1)."""

    subject: str
    kind: str
    since: datetime
    known: bool


class Purpose(models.TextChoices):
    """What a code is for. One made for one purpose opens nothing else."""

    REGISTER = "register"
    RESET = "reset"
    OLD_NUMBER = "old number"  # goes to the number that was replaced, and ends the new one's hold (G6)
    SIGN_IN = "sign-in"
    VERIFY = "verify"  # an orderer reads it to the helpdesk, who enters it (H1)


def about(username: str) -> str:
    """The keyed hash by which a challenge is compared with a user name that is typed again."""
    return digest(username, "asked")


class Challenge(models.Model):
    """One browser session's way through one journey: asked, code sent, code entered, used."""

    # A plain model: django-otp's mixins want a device with a user, and each account gets a row, known or not (E2).

    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE)
    # Whose it is in place of a user: an orderer has no account in the directory.
    orderer = models.ForeignKey(Orderer, null=True, blank=True, on_delete=models.CASCADE)
    token = models.CharField(max_length=64, blank=True, default="")  # a keyed hash of the code (K2)
    valid_until = models.DateTimeField(default=timezone.now)
    failures = models.PositiveIntegerField(default=0)  # wrong tries of this code

    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    language = models.CharField(max_length=2)
    address = models.GenericIPAddressField(null=True)
    # As typed, until the task has looked it up. Encrypted: some people type a password there.
    username = EncryptedTextField(blank=True, default="", bound_to=["purpose", "about"])
    about = models.CharField(max_length=64, blank=True, default="")  # a keyed hash of it, which stays
    # Where the code goes, E.164.
    number = EncryptedTextField(blank=True, default="", bound_to=["purpose", "user.directory_id", "orderer_id"])
    asked_at = models.DateTimeField(default=timezone.now)  # when a code was last asked for
    verified_at = models.DateTimeField(null=True)  # its code was accepted, or its right got more time
    extensions = models.PositiveSmallIntegerField(default=0, db_default=0)  # how often it did
    ended_at = models.DateTimeField(null=True)  # used, or overtaken by another
    refusals = models.PositiveSmallIntegerField(default=0)
    # What the browser presented (accounts.sessions.browsers), as the account is not known yet; and whether the account,
    # once found, was among it: that picks the counters of this code (D1).
    presented = models.TextField(blank=True, default="", db_default="")
    known = models.BooleanField(default=False, db_default=False)
    # A digest of the browser that asked and of what it asked for, while a second post of the same click may come.
    begun_by = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001  unique, where it is set
    # Why the code that was asked for last was not sent; "": it was, or is on its way. Only shown where it tells no
    # stranger anything (accounts.codes.withheld).
    withheld = models.CharField(max_length=40, blank=True, default="", db_default="")
    setting_until = models.DateTimeField(null=True)  # a new password is on its way to the directory

    class Meta:
        indexes = [models.Index(fields=["user", "purpose"])]

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"

    @classmethod
    def sealed(cls) -> models.QuerySet["Challenge"]:
        """As requests read them until a code is accepted: with the user, and without what is encrypted.

        To decrypt takes time and an empty field takes none, and one query more for a user takes some: either would
        tell that the task has found someone (E2).
        """
        return cls._default_manager.select_related("user").defer("username", "number")

    @classmethod
    def locked(cls, challenge_id: int) -> "Challenge | None":
        """The challenge as requests read it, locked until the transaction ends; None if it is gone."""
        found: Challenge | None = statements.lock_challenge(challenge_id)
        return found

    @classmethod
    def under_way(cls, challenge_id: int, purpose: str) -> "Challenge | None":
        """The challenge, sealed: for a reset, before which no log-in is."""
        found: Challenge | None = statements.read_sealed_challenge(challenge_id, purpose)
        return found

    @classmethod
    def opened(cls, challenge_id: int, purpose: str) -> "Challenge | None":
        """The challenge with its number, for a person who is logged in or whose code was accepted."""
        found: Challenge | None = statements.read_challenge(challenge_id, purpose)
        return found

    @classmethod
    def to_send(cls, challenge_id: int) -> "Challenge | None":
        """The challenge as the task reads it, with its user or orderer."""
        found: Challenge | None = statements.read_challenge_to_send(challenge_id)
        return found

    @property
    def owner(self) -> Owner | None:
        """Whose code it is, once known. Asks no more of the database for a known user than for an unknown one (E2)."""
        return self.orderer if self.orderer_id else self.user

    @property
    def actor(self) -> Owner | None:
        """The audit actor, if known: a code that is read to the helpdesk is asked for and entered by an agent."""
        return None if self.purpose == Purpose.VERIFY else self.owner

    def is_about(self, username: str) -> bool:
        """Whether this is the user name that was typed for it."""
        return self.about == about(username)

    def make_code(self) -> str:
        """Makes a code and returns it to the sender, who saves its hash. Earlier failures are forgotten."""
        code = str(random_number_token(limits.CODE_DIGITS))
        self.token = self._hash(code)
        self.valid_until = timezone.now() + timedelta(seconds=limits.CODE_LIFETIME)
        self.failures = 0
        return code

    def accept(self, code: str, wrong: WrongCodes) -> bool:
        """Whether this is the code, unspent and in time, and no day's number of wrong ones came before it.

        Spends it, or counts a failure; call it under a row lock.
        """
        # No row has the key 0: the same work for a wrong code, for the right one of whom the day's wrong ones stop, and
        # where none was ever sent (E2).
        right = constant_time_compare(self.token, self._hash(code)) and self.live
        now = timezone.now()
        if not statements.spend_code(self.pk if right else 0, wrong, now):
            self.failures += 1
            statements.count_failure(self.pk)
            return False
        self.token, self.valid_until, self.verified_at = "", now, now
        return True

    def _hash(self, code: str) -> str:
        return digest(f"{self.pk}/{self.purpose}/{self.bearer}/{code}", "code")

    @property
    def bearer(self) -> str:
        """Whose code it is, by what never changes: a challenge that is moved in the database opens nothing (X2)."""
        return self.user.directory_id if self.user else f"orderer {self.orderer_id}"

    @property
    def live(self) -> bool:
        """Whether there is a code that could be entered now: after CODE_TRIES failures it is dead (K1)."""
        unspent = bool(self.token) and self.ended_at is None and self.failures < limits.CODE_TRIES
        return unspent and timezone.now() < self.valid_until

    @property
    def seconds_left(self) -> int:
        """For which the right to set a password is still good."""
        used = timezone.now() - (self.verified_at or timezone.now())
        return max(0, round(limits.VERIFIED_LIFETIME - used.total_seconds()))

    @property
    def verified(self) -> bool:
        """An accepted code whose right is neither used nor run out (R3)."""
        if self.verified_at is None or self.ended_at is not None or self.refusals >= limits.PASSWORD_REFUSALS:
            return False
        return timezone.now() - self.verified_at < timedelta(seconds=limits.VERIFIED_LIFETIME)

    @property
    def lapsed(self) -> bool:
        """An accepted code whose right ran out before it was used."""
        lifetime = timedelta(seconds=limits.VERIFIED_LIFETIME)
        return self.verified_at is not None and self.ended_at is None and timezone.now() - self.verified_at >= lifetime


class SendQuota(models.Model):
    """How many codes went to one number for one purpose (K5), or for one account to any number.

    Only a digest of the number or account is kept. By hand: django-otp's CooldownMixin counts per device, and one
    number may serve several accounts.
    """

    digest = models.CharField(max_length=64)
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    # Seconds since 1970, within the last day: when a code was sent; when sending one failed.
    sent = models.JSONField(default=list)
    failed = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest", "purpose"], name="one_quota_for_each")]

    def __str__(self) -> str:
        return f"{self.purpose} quota {self.pk}"

    @classmethod
    def take(cls, digest: str, purpose: str, allowed: limits.Sends) -> bool:
        """Counts one more code if the limits allow it. Others wait until the transaction ends.

        Of several, the caller takes back what was counted, with the transaction, if one is refused.
        """
        first = cls(digest=digest, purpose=purpose, sent=[timezone.now().timestamp()])
        quota = first._locked_or_added()
        if quota is first:
            return True
        if not quota.allows(allowed):
            return False
        quota.count()
        return True

    @classmethod
    def locked(cls, digest: str, purpose: str) -> "SendQuota":
        """The row, made if there is none. Others wait for it until the transaction ends."""
        return cls(digest=digest, purpose=purpose)._locked_or_added()

    def _locked_or_added(self) -> "SendQuota":
        """The row that there is, or this one, if there was none."""
        found: SendQuota | None = statements.lock_quota(self.digest, self.purpose)
        if found:
            return found
        self.pk = statements.add_quota(self.digest, self.purpose, self.sent)
        if self.pk:
            return self
        # Another has made it.
        return SendQuota.objects.select_for_update().get(digest=self.digest, purpose=self.purpose)

    @classmethod
    def has_room(cls, digest: str, purpose: str, allowed: limits.Sends) -> bool:
        """Whether one more code would be allowed now. Counts nothing."""
        quota = cls.objects.filter(digest=digest, purpose=purpose).first()
        return quota is None or quota.allows(allowed)

    def count(self) -> None:
        """Counts one more code now. Call it on a locked row."""
        now = timezone.now().timestamp()
        self.sent = [*(at for at in self.sent if now - at < limits.DAY), now]
        self.failed = [at for at in self.failed if now - at < limits.DAY]
        statements.note_sent(self.pk, self.sent, self.failed)

    def allows(self, allowed: limits.Sends) -> bool:
        now = timezone.now().timestamp()
        for most, seconds in allowed:
            # A failed code counts for the pauses, as a gateway may send it and say no, but not for the day.
            counted = self.sent if seconds == limits.DAY else self.sent + self.failed
            if sum(now - at < seconds for at in counted) >= most:
                return False
        return True

    @classmethod
    def give_back(cls, digest: str, purpose: str) -> None:
        """Notes that the newest code was not sent. Call it in a transaction."""
        for quota in cls.objects.select_for_update().filter(digest=digest, purpose=purpose):
            quota.failed += quota.sent[-1:]
            quota.sent = quota.sent[:-1]
            quota.save(update_fields=["sent", "failed"])


class SmsDay(models.Model):
    """Messages sent on one day, against the daily ceiling."""

    day = models.DateField(primary_key=True)
    sent = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.day}: {self.sent}"

    @classmethod
    def take(cls, purpose: str, wrong: WrongCodes) -> int:
        """Counts one code if the share of its purpose allows it, and returns how many all have had; else 0.

        0, too, after CODE_FAILURES_A_DAY wrong codes. Safe in parallel.
        """
        today, limit = timezone.localdate(), limits.sms_today(purpose)
        sent = statements.take_sms_of_day(today, limit, wrong)
        if not sent:
            cls._default_manager.bulk_create([cls(day=today)], ignore_conflicts=True)  # the first of the day
            sent = statements.take_sms_of_day(today, limit, wrong)
        return sent

    @classmethod
    def today(cls) -> int:
        found = cls.objects.filter(day=timezone.localdate()).first()
        return found.sent if found else 0


class FailedTry(models.Model):
    """A wrong password or code for one account (T1)."""

    # Codes are counted apart for each purpose: one to register is asked for with the right password (D1).

    class Secret(models.TextChoices):
        PASSWORD = "password"  # noqa: S105  a kind, no password
        CODE = "code"  # to reset; and all those of an orderer, whose subject has the purpose in it
        REGISTER = "register"
        SIGN_IN = "sign-in"  # an agent's, by SMS
        FACTOR = "factor"  # a code of an authenticator app
        RECOVERY = "recovery"  # one on paper
        SMS = "sms"  # an agent's too, until the next right one; SIGN_IN is the count of the day

    subject = models.CharField(max_length=36)  # the directory's id of the account
    kind = models.CharField(max_length=8, choices=Secret.choices)
    at = models.DateTimeField(default=timezone.now)
    answered = models.BooleanField(default=False)  # a password's: the directory has said that it is wrong
    known = models.BooleanField(default=False, db_default=False)  # from a browser that the account has used before

    class Meta:
        indexes = [models.Index(fields=["subject", "kind", "at"])]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at}"

    @classmethod
    def count(cls, subject: str, kind: Secret, window: timedelta, known: bool = False) -> int:
        """How many within the window, up to now: of known browsers, or of all others."""
        return statements.count_tries(subject, kind, timezone.now() - window, known)


class TriesForgotten(models.Model):
    """An agent reset the failed tries of an account. Kept for a day, for the limit of the day."""

    subject = models.CharField(max_length=36, db_index=True)  # the directory's id of the account
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"tries forgotten at {self.at}"
