"""Which of a request's mails an agent sees, and what is said of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from helpdesk.intake import reread
from helpdesk.intake.asked import Asked
from helpdesk.intake.reread import Piece
from helpdesk.models import IncomingMail, Ticket

MOST = 20  # of those that joined; anyone can write to a number
MOST_VERIFIED = 20  # of senders for whom the mail server vouches: they don't go under in those of anyone


@dataclass(frozen=True, slots=True)
class Shown:
    """One mail. ``vouched``: it is from the orderer of the request, says the mail server. ``new``: since an agent did
    something. ``pieces``: its text.
    """

    mail: IncomingMail
    joined: bool
    vouched: bool
    new: bool
    pieces: Sequence[Piece]


@dataclass(frozen=True, slots=True)
class Mails:
    """Oldest first, and how many there are besides."""

    shown: Sequence[Shown]
    more: int


def for_page(
    one: Ticket, seen: datetime | None = None, asked: Asked | None = None, fields: Mapping[str, str] | None = None
) -> Mails:
    """The mail that opened it, and the newest of those that joined. ``seen``: when an agent last did something.

    ``asked`` and ``fields``: what was read in the first, and what an agent sees beside it, if it is not the ticket.
    """
    joined = one.mails.filter(outcome=IncomingMail.MailOutcome.JOINED)
    newest = _newest(joined, MOST)
    count = len(newest)
    if count == MOST:
        count = joined.count()
        verified = _newest(joined.filter(sender_trust=IncomingMail.SenderTrust.VERIFIED), MOST_VERIFIED)
        newest = sorted({mail.pk: mail for mail in [*newest, *verified]}.values(), key=lambda mail: mail.pk)
    first = [one.opening_mail] if one.opening_mail else []
    asked = asked or reread.as_kind(one.opening_mail, Ticket.Kind(one.kind))
    fields = fields or reread.fields_of(one)
    email = one.orderer.email.lower() if one.orderer else ""
    shown = [
        Shown(
            mail=mail,
            joined=mail not in first,
            vouched=mail.verified and mail.sender.lower() == email,
            new=mail not in first and (seen is None or mail.came_at > seen),
            pieces=reread.pieces(mail.text, asked, fields) if mail in first else [Piece(mail.text)],
        )
        for mail in [*first, *newest]
    ]
    return Mails(shown, more=count - len(newest))


def _newest(mails: QuerySet[IncomingMail], most: int) -> list[IncomingMail]:
    return list(reversed(mails.order_by("-came_at", "-pk")[:most]))
