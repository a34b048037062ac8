"""How long things are kept (security.md Q1), and the renewal of keys (X1)."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from accounts import limits
from accounts.encryption import digest
from accounts.models import AuditEvent, Challenge, FailedTry, NumberQuota, Phone, SmsDay

CODES_KEPT = timedelta(hours=24)
AUDIT_KEPT = timedelta(days=548)  # 18 months


def purge() -> dict[str, int]:
    """Deletes what is past its time; returns how many rows of each kind. Safe to run at any time, and twice."""
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
    return counts


def _purge_quotas(before: float) -> int:
    idle = [quota.pk for quota in NumberQuota.objects.iterator() if not quota.sent or max(quota.sent) < before]
    return NumberQuota.objects.filter(pk__in=idle).delete()[0]


def renew_keys() -> int:
    """Encrypts every number anew with the newest key, and digests it anew; returns how many.

    Raises cryptography.fernet.InvalidToken for a number that no present key opens; nothing is changed then.
    """
    with transaction.atomic():
        phones = Phone.objects.select_for_update()
        for phone in phones:
            phone.number_digest = digest(phone.number, "number")
            phone.save(update_fields=["number", "number_digest"])
        return len(phones)
