"""Counts in the database, so that limits outlive restarts and Redis."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts import limits
from accounts.models.codes import Purpose


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
        """Counts one more code if the limits allow it. Call it in a transaction, which others wait for."""
        quota, _made = cls.objects.select_for_update().get_or_create(digest=digest, purpose=purpose)
        now = timezone.now().timestamp()
        quota.sent = [at for at in quota.sent if now - at < limits.DAY]
        quota.failed = [at for at in quota.failed if now - at < limits.DAY]
        if not quota._allows(allowed, now):
            return False
        quota.sent.append(now)
        quota.save(update_fields=["sent", "failed"])
        return True

    @classmethod
    def has_room(cls, digest: str, purpose: str, allowed: limits.Sends) -> bool:
        """Whether one more code would be allowed now. Counts nothing."""
        quota = cls.objects.filter(digest=digest, purpose=purpose).first()
        return quota is None or quota._allows(allowed, timezone.now().timestamp())

    def _allows(self, allowed: limits.Sends, now: float) -> bool:
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
    def take(cls) -> bool:
        """Counts one message if the ceiling allows it. Safe in parallel."""
        today = timezone.localdate()
        cls.objects.get_or_create(day=today)
        room = cls.objects.filter(day=today, sent__lt=settings.SMS_DAILY_LIMIT)
        return room.update(sent=models.F("sent") + 1) == 1

    @classmethod
    def today(cls) -> int:
        """How many were sent today."""
        return cls.objects.filter(day=timezone.localdate()).values_list("sent", flat=True).first() or 0


class FailedTry(models.Model):
    """A wrong password or code for one account (T1)."""

    class Secret(models.TextChoices):
        PASSWORD = "password"  # noqa: S105  a kind, no password
        CODE = "code"
        FACTOR = "factor"  # a code of an authenticator app
        RECOVERY = "recovery"  # one on paper
        SMS = "sms"  # one sent to an agent's number, to sign in; such a code counts as CODE, too

    subject = models.CharField(max_length=36)  # the directory's id of the account
    kind = models.CharField(max_length=8, choices=Secret.choices)
    at = models.DateTimeField(default=timezone.now)
    answered = models.BooleanField(default=False)  # a password's: the directory has said that it is wrong

    class Meta:
        indexes = [models.Index(fields=["subject", "kind", "at"])]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at}"

    @classmethod
    def count(cls, subject: str, kind: Secret, window: timedelta) -> int:
        """How many within the window, up to now."""
        return cls.objects.filter(subject=subject, kind=kind, at__gt=timezone.now() - window).count()


class TriesForgotten(models.Model):
    """An agent reset the failed tries of an account. Kept for a day, for the limit of the day."""

    subject = models.CharField(max_length=36, db_index=True)  # the directory's id of the account
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"tries forgotten at {self.at}"
