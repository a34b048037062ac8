"""How long things are kept (security.md Q1), and the renewal of keys (X1)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from accounts import audit, directory, limits
from accounts.encryption import digest
from accounts.models import AuditEvent, Challenge, Event, FailedTry, Phone, SendQuota, SmsDay, User

CODES_KEPT = timedelta(hours=24)
AUDIT_KEPT = timedelta(days=548)  # 18 months
GONE_KEPT = timedelta(days=30)  # a number, after the account it belonged to


def purge() -> dict[str, int]:
    """Deletes what is past its time; returns how many rows of each kind. Safe to run at any time, and twice.

    Raises DirectoryError if the directory can't tell which accounts are gone; all but their numbers is done then.
    """
    now = timezone.now()
    day_ago = now - CODES_KEPT
    old = {
        "challenges": Challenge.objects.filter(last_generated_timestamp__lt=day_ago),
        "failed tries": FailedTry.objects.filter(at__lt=now - timedelta(seconds=limits.PASSWORD_TRIES_KEPT)),
        "days of SMS": SmsDay.objects.filter(day__lt=timezone.localdate() - timedelta(days=30)),
        "sessions": Session.objects.filter(expire_date__lt=now),
    }
    counts = {name: rows.delete()[0] for name, rows in old.items()}
    counts["number quotas"] = _purge_quotas(day_ago.timestamp())
    counts["audit events"] = AuditEvent.objects.older_than(now - AUDIT_KEPT)
    counts["numbers"] = _forget_the_gone(now)
    return counts


def _forget_the_gone(now: datetime) -> int:
    """Deletes the numbers of accounts that the directory has not had for 30 days. Raises DirectoryError."""
    present = {account.id for account in directory.connect().accounts()}
    # An empty answer is a wrong base or filter, sooner than a municipality without staff.
    if not present:
        return 0
    with_number = User.objects.filter(phone__isnull=False)
    for user in with_number.iterator():
        missing = None if user.directory_id in present else user.missing_since or now
        if missing != user.missing_since:
            User.objects.filter(pk=user.pk).update(missing_since=missing)
    gone = with_number.filter(missing_since__lt=now - GONE_KEPT)
    for user in gone:
        with transaction.atomic():
            Phone.objects.filter(user=user).delete()
            audit.record(Event.PHONE_FORGOTTEN, user, result="account gone for 30 days")
    return len(gone)


def _purge_quotas(before: float) -> int:
    deleted = 0
    for quota in SendQuota.objects.iterator():
        if max([*quota.sent, *quota.failed], default=0) < before:
            # Only as it was read: one that a code was counted in meanwhile stays.
            deleted += SendQuota.objects.filter(pk=quota.pk, sent=quota.sent, failed=quota.failed).delete()[0]
    return deleted


def renew_keys() -> int:
    """Encrypts everything anew with the newest key, and digests the numbers anew; returns how many those are.

    Raises cryptography.fernet.InvalidToken for a number that no present key opens; nothing is changed then.
    """
    with transaction.atomic():
        phones = Phone.objects.select_for_update()
        for phone in phones:
            phone.number_digest = digest(phone.number, "number")
            phone.save(update_fields=["number", "number_digest"])
        for challenge in Challenge.objects.select_for_update().exclude(asked_for="", number=""):
            challenge.save(update_fields=["asked_for", "number"])
        return len(phones)
