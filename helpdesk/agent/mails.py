"""The mails of a ticket, as an agent sees them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts import audit
from accounts.models import Event, User
from helpdesk.agent.lookup import SAME_LOOK
from helpdesk.intake import reading
from helpdesk.intake.reading import Piece
from helpdesk.intake.reading.asked import Asked
from helpdesk.models import IncomingMail, Ticket

Outcome = IncomingMail.MailOutcome

MOST = 20  # newest mails that joined the ticket: anyone who knows its number can write to it
MOST_VERIFIED = 20  # newest mails of verified senders: others can't crowd them out


def for_page(
    ticket: Ticket, seen: datetime | None = None, asked: Asked | None = None, fields: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The mail that opened the ticket, and the newest of those that joined; ``more``: how many are left out.

    ``seen``: when an agent last did something. ``asked``: the reading of the first mail; ``fields``: the values that
    the page shows beside it. Both are the ticket's own by default. Of each mail, ``vouched``: the mail server says
    that the ticket's orderer sent it; ``pieces``: its text.
    """
    joined = ticket.mails.filter(outcome__in=(Outcome.JOINED, Outcome.ANSWER))
    newest = _newest(joined, MOST)
    count = len(newest)
    if count == MOST:
        count = joined.count()
        verified = _newest(joined.filter(sender_trust=IncomingMail.SenderTrust.VERIFIED), MOST_VERIFIED)
        newest = sorted({mail.pk: mail for mail in [*newest, *verified]}.values(), key=lambda mail: mail.pk)
    first = [ticket.opening_mail] if ticket.opening_mail else []
    asked = asked or reading.as_kind(ticket.opening_mail, Ticket.Kind(ticket.kind))
    fields = fields or reading.fields_of(ticket)
    email = ticket.orderer.email.lower() if ticket.orderer else ""
    shown = [
        {
            "mail": mail,
            "joined": mail not in first,
            "vouched": mail.verified and mail.sender.lower() == email,
            "new": mail not in first and (seen is None or mail.came_at > seen),
            "pieces": list(reading.pieces(mail.text, asked, fields)) if mail in first else [Piece(mail.text)],
        }
        for mail in [*first, *newest]
    ]
    return {"shown": shown, "more": count - len(newest)}


def note_read(ticket: Ticket, agent: User, address: str | None) -> None:
    """Leaves an event that the agent reads the ticket's mails, unless there is one of a moment ago (H11)."""
    about, result = ticket.company or ticket.orderer, f"mail in {ticket.number}"
    audit.record_unless_recent(Event.MESSAGE_READ, [about], SAME_LOOK, actor=agent, result=result, address=address)


def _newest(mails: QuerySet[IncomingMail], most: int) -> list[IncomingMail]:
    return list(reversed(mails.order_by("-came_at", "-pk")[:most]))
