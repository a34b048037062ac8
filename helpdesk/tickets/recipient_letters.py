"""Mails to recipients when a change is approved: new ones confirm, those who leave are told (security.md H6).

In Swedish, and queued in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from helpdesk.models import Ticket
from helpdesk.tickets.orderer_letters import USEFUL
from idportal.text import inert
from notifications import outbox
from notifications.models import Message
from notifications.outbox.letters import letter

Purpose = Message.Topic


def confirm(ticket: Ticket, address: str, token: str, *, useful: timedelta) -> None:
    """Asks a new recipient to confirm. Only the mail holds the link."""
    url = f"{settings.PORTAL_URL}{reverse('recipient-confirm')}?{urlencode({'nyckel': token})}"
    words = {**_context(ticket), "link": url}
    purpose = Purpose.CONFIRM_RECIPIENT
    outbox.enqueue(
        [letter("recipient_confirm", words, purpose=purpose, to=address, useful=useful, company=ticket.company)]
    )


def leaving(ticket: Ticket, addresses: Iterable[str], *, at_once: bool) -> None:
    """Tells recipients that they leave, at once or when a new one confirms. Each gets one mail a ticket."""
    outbox.enqueue(
        letter(
            "recipient_leaving",
            {**_context(ticket), "at_once": at_once},
            purpose=Purpose.RECIPIENTS_CHANGED,
            to=address,
            useful=USEFUL,
            key=f"{Purpose.RECIPIENTS_CHANGED} {ticket.number} {outbox.receiver_digest(Message.Channel.MAIL, address)}",
            company=ticket.company,
        )
        for address in addresses
    )


def _context(ticket: Ticket) -> dict[str, str]:
    return {
        "orderer": inert(ticket.orderer_name),
        "company": inert(ticket.company_name),
        "number": ticket.number,
    }
