"""What recipients are told when a change is approved: the new ones are asked, those who leave learn of it (H6).

In Swedish, and queued in the caller's transaction, as ``letters`` is.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from helpdesk.models import Request
from helpdesk.tickets.letters import USEFUL
from idportal.text import inert
from notifications import outbox
from notifications.models import Message
from notifications.outbox.letters import letter

Purpose = Message.Purpose


def confirm(request: Request, address: str, token: str, *, useful: timedelta) -> None:
    """Asks a new recipient. The link is in the letter alone."""
    url = f"{settings.PORTAL_URL}{reverse('recipient-confirm')}?{urlencode({'nyckel': token})}"
    words = {**_context(request), "link": url}
    purpose = Purpose.CONFIRM_RECIPIENT
    outbox.queue(
        [letter("recipient_confirm", words, purpose=purpose, to=address, useful=useful, company=request.company)]
    )


def leaving(request: Request, addresses: Iterable[str], *, at_once: bool) -> None:
    """Tells those who are recipients no more, or won't be once a new one has confirmed. Each once for a request."""
    outbox.queue(
        letter(
            "recipient_leaving",
            {**_context(request), "at_once": at_once},
            purpose=Purpose.RECIPIENTS_CHANGED,
            to=address,
            useful=USEFUL,
            key=f"{Purpose.RECIPIENTS_CHANGED} {request.number} {outbox.receiver(Message.Kind.MAIL, address)}",
            company=request.company,
        )
        for address in addresses
    )


def _context(request: Request) -> dict[str, str]:
    return {
        "orderer": inert(request.orderer_name),
        "company": inert(request.company_name),
        "number": request.number,
    }
