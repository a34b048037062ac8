"""Codes, and the way through a journey that each belongs to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import models
from django.utils import timezone
from django_otp.models import CooldownMixin, SideChannelDevice, ThrottlingMixin, VerifyNotAllowed
from django_otp.util import random_number_token

from accounts import limits
from accounts.encryption import EncryptedTextField, digest, same_digest
from accounts.models.companies import Orderer
from accounts.models.people import User


class Purpose(models.TextChoices):
    """What a code is for. One made for one purpose opens nothing else."""

    REGISTER = "register"
    RESET = "reset"
    SIGN_IN = "sign-in"
    VERIFY = "verify"  # an orderer reads it to the helpdesk, who enters it (H1)


class Challenge(CooldownMixin, ThrottlingMixin, SideChannelDevice):
    """One browser session's way through one journey: asked, code sent, code entered, used.

    From django-otp it has the token and its lifetime, the count of failures, and the pause between two requests
    for a code (``last_generated_timestamp``: when one was last asked for). Three things differ: the token is
    kept as a keyed hash (K2); after CODE_TRIES failures the code is dead, where ThrottlingMixin would let one go
    on more and more slowly (K1); and there may be no user, since whoever asks gets a row, known or not (E2).
    ``confirmed`` is False, so that django-otp takes no challenge for someone's second factor, but for one: that with
    which an agent has signed in by SMS (``accounts.sms_factor``).
    """

    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE)  # type: ignore[assignment]
    # Whose it is in place of a user: an orderer has no account in the directory.
    orderer = models.ForeignKey(Orderer, null=True, blank=True, on_delete=models.CASCADE)
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
    # A digest of the browser that asked and of what it asked for, while a second post of the same click may come.
    begun_by = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001  unique, where it is set
    setting_until = models.DateTimeField(null=True)  # a new password is on its way to the directory

    class Meta:
        indexes = [models.Index(fields=["user", "purpose"])]

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"

    @classmethod
    def sealed(cls) -> models.QuerySet[Challenge]:
        """As requests read them until a code is accepted: with the user, and without what is encrypted.

        To decrypt takes time and an empty field takes none, and one query more for a user takes some: either would
        tell that the task has found someone (E2).
        """
        return cls._default_manager.select_related("user").defer("asked_for", "number")

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
