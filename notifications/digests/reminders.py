"""The SMS to the person whose own password runs out, which EXPIRY_SMS turns on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from accounts import phones
from idportal import message_templates
from idportal.clock import at_hour
from idportal.text import inert
from notifications import outbox
from notifications.digests.rows import DigestRow, chunks
from notifications.models import Message

# Stockholm's hours. Nobody is woken by it, and nobody gets it the day after.
FROM, UNTIL = 9, 21


@dataclass(frozen=True, slots=True)
class Reminder:
    """One SMS to one person."""

    message: Message
    row: DigestRow


def remind(day: date, rows: list[DigestRow]) -> Iterator[Reminder]:
    """An SMS for each of them who has a number, the most urgent first; none if the day is as good as over."""
    now, not_before, until = timezone.now(), at_hour(day, FROM), at_hour(day, UNTIL)
    if now >= until:
        return
    for some in chunks(sorted((row for row in rows if row.registered), key=lambda row: row.urgency)):
        numbers = phones.usable_numbers(row.account.id for row in some)
        for row in some:
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
                yield Reminder(message, row)


def text(row: DigestRow) -> str:
    """One GSM-7 segment in Swedish, as full as the names in it allow."""
    words = {"account": inert(row.account.username), "day": row.expires_on.isoformat()}
    return message_templates.sms("expiry_reminder", "sv", words)
