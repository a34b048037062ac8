"""Whose a digest is when it is sent, which can be days after it was composed: recipients are corrected and removed.

A digest that waits for a recipient who is none any more goes to the present ones, or to the helpdesk: it holds names
and user names that are theirs to know alone, and it is never dropped.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.utils import timezone

from accounts.models.recipients import Recipients
from notifications import outbox
from notifications.digests.plan import key_of
from notifications.models import Message

Purpose, State = Message.Topic, Message.Status


def is_to_nobody(message: Message) -> bool:
    """Whether it is a run's mail to a recipient of a company, and its receiver is no recipient of that now."""
    if message.purpose != Purpose.DIGEST or not message.key.startswith("digest/"):
        return False
    return message.to not in _recipients(message)


def for_others(message: Message) -> Iterator[Message]:
    """The same mail for each of the company's present recipients who has none of that day, for the outbox.

    If there are no recipients, for the helpdesk. It is of use no longer than the one that it stands for.
    """
    recipients = _recipients(message)
    for to in recipients or [settings.HELPDESK_EMAIL]:
        _digest, day, whose, *_rest = message.key.split("/")
        key = key_of(day, whose, to)
        there = [row.state for row in Message.objects.filter(key__startswith=key).only("state")]
        # What expired did so because somebody was no recipient: who is one again gets it under a key of its own.
        if any(state != State.EXPIRED for state in there):
            continue
        yield outbox.mail(
            purpose=Purpose.DIGEST if recipients else Purpose.DIGEST_TO_HELPDESK,
            to=to,
            subject=message.subject,
            text=message.text,
            html=message.html,
            useful=message.useful_until - timezone.now(),
            key=f"{key}/{len(there)}" if there else key,
            company=message.company,
        )


def _recipients(message: Message) -> Recipients:
    """Of a company that is deleted, or not active, nobody."""
    company = message.company
    return company.recipients if company and company.active else Recipients()
