"""The SMS to the employee whose own password runs out, which EXPIRY_SMS turns on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from celery.utils.functional import chunks
from django.utils import timezone

from accounts import phones
from idportal import message_templates
from idportal.clock import at_hour
from idportal.text import inert
from notifications import outbox
from notifications.digests.rows import DigestRow, PlannedMessage
from notifications.models import Message

# Hours in Stockholm: not in the night, and not the day after.
FROM, UNTIL = 9, 21
CHUNK = 1000  # ids in one query


def remind(day: date, rows: list[DigestRow]) -> Iterator[PlannedMessage]:
    """An SMS for each row with a number that gets codes, in their order; none after UNTIL."""
    now, not_before, until = timezone.now(), at_hour(day, FROM), at_hour(day, UNTIL)
    if now >= until:
        return
    for chunk in chunks((row for row in rows if row.registered), CHUNK):
        numbers = phones.usable_numbers(row.account.id for row in chunk)  # not one on hold, which may be stopped (H4)
        for row in chunk:
            if number := numbers.get(row.account.id):
                message = outbox.sms(
                    purpose=Message.Topic.EXPIRY_REMINDER,
                    to=number,
                    text=text(row),
                    useful=until - max(now, not_before),
                    key=f"expiry-sms/{day}/{row.account.id}",
                    about=row.account.id,
                    not_before=not_before,
                )
                yield PlannedMessage(message, (row,))


def text(row: DigestRow) -> str:
    """One GSM-7 segment in Swedish."""
    words = {"account": inert(row.account.username), "day": row.expires_on.isoformat()}
    return message_templates.sms("expiry_reminder", "sv", words)
