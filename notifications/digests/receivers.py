"""The receiver of a digest at the time when it is sent, which can be days after it was composed.

A digest that waits for an address that is no recipient any more goes to the present recipients, or to the helpdesk: it
holds names and user names that are theirs to know alone, and it is never dropped.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.utils import timezone

from accounts.models.recipients import Recipients
from notifications import outbox
from notifications.digests.plan import key_of
from notifications.models import Message

Topic = Message.Topic


def check_receivers() -> None:
    """Has the outbox ask, before each try of a company's digest, whether its receiver is still a recipient."""
    outbox.register_check(Topic.DIGEST, _why_not, _redirect)


def _why_not(message: Message) -> str:
    if not message.key.startswith("digest/"):
        return ""  # not of a run
    if message.to in _recipients(message):
        return ""
    return "the receiver is no longer a recipient of the company; it goes to the present ones, or to the helpdesk"


def _redirect(message: Message) -> None:
    outbox.enqueue(_for_others(message))


def _for_others(message: Message) -> Iterator[Message]:
    """The same mail for each of the company's present recipients who has none of that day; without any, the helpdesk.

    It is of use no longer than the one that it stands for.
    """
    recipients = _recipients(message)
    for to in recipients or [settings.HELPDESK_EMAIL]:
        _digest, day, whose, *_rest = message.key.split("/")
        key = key_of(day, whose, to)
        earlier = list(Message.objects.filter(key__startswith=key).values_list("state", flat=True))
        # One that expired did so while its receiver was no recipient: a recipient once more gets it under another key.
        if any(state != Message.Status.EXPIRED for state in earlier):
            continue
        yield outbox.mail(
            purpose=Topic.DIGEST if recipients else Topic.DIGEST_TO_HELPDESK,
            to=to,
            subject=message.subject,
            text=message.text,
            html=message.html,
            useful=message.useful_until - timezone.now(),
            key=f"{key}/{len(earlier)}" if earlier else key,
            company=message.company,
        )


def _recipients(message: Message) -> Recipients:
    """The present recipients of the message's company; none if it is deleted or not active."""
    company = message.company
    return company.recipients if company and company.active else Recipients()
