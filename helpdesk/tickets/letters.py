"""What an orderer is told of a request by mail. All of it is queued in the caller's transaction.

In Swedish, whatever language the page has that set it off: it is somebody else's. No number stands in it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from helpdesk.models import Ticket
from helpdesk.tickets.missing import in_words, is_about_several
from idportal import message_templates
from idportal.text import LONGEST, inert
from notifications import outbox
from notifications.models import Message
from notifications.outbox.letters import letter

Kind, State, Source = Ticket.Kind, Ticket.State, Ticket.Source
Purpose = Message.Topic

USEFUL = timedelta(days=3)  # a server that is down over a weekend


def opened(ticket: Ticket) -> None:
    """A receipt for what came from the orderer's own pages; for a call, that it was made in their name.

    Of what the portal opened itself nobody is told, nor whoever may not speak for the company (any more). What came by
    mail is answered by ``intake.answers``, which knows the mail.
    """
    if ticket.source not in (Source.PORTAL, Source.MAIL):
        event = "ticket_received" if ticket.source == Source.PAGES else "ticket_opened_by_call"
        _send(event, ticket, Purpose.TICKET_OPENED)


def mailed(ticket: Ticket, *, unread: Mapping[str, str], by_address: bool, key: str = "") -> None:
    """For what came by mail. ``by_address``: from the orderer's own address, so that this is the receipt.

    ``unread``: the fields that the helpdesk could not read in it, each with why. ``key``: beside the number, for a
    second one about the same request, to another orderer.
    """
    event = "ticket_mailed" if by_address else "ticket_opened_by_mail"
    with translation.override("sv"):
        missing = in_words(unread)
    words = {"known": ticket.kind != Kind.OTHER, "missing": missing, "several": is_about_several(unread)}
    _send(event, ticket, Purpose.TICKET_OPENED, key=key, **words)


def decided(ticket: Ticket, why: str = "") -> None:
    """Approved and carried out, or rejected with the reason."""
    event = "ticket_rejected" if ticket.state == State.REJECTED else "ticket_approved"
    _send(event, ticket, Purpose.REQUEST_DECIDED, why=inert_text(why), outcome=_outcome(ticket))


def inert_text(text: str) -> str:
    """As ``names.inert``, for some sentences: it cuts what is longer than a name."""
    lines = textwrap.wrap(" ".join(text.split()), LONGEST - 10, break_on_hyphens=False)
    return " ".join(inert(line) for line in lines)


def _what(ticket: Ticket) -> str:
    """What it is about, for the middle of a sentence."""
    words = {
        "kind": ticket.kind,
        "account": inert(ticket.employee_username),
        "company": inert(ticket.company_name),
    }
    with translation.override("sv"):
        return message_templates.part("ticket_what.txt", words).strip()


def _outcome(ticket: Ticket) -> str:
    """As the template knows it."""
    if ticket.kind == Kind.PHONE:
        return "linked"
    if ticket.kind == Kind.OTHER:
        return ""
    return "asked" if ticket.confirmations.exists() else "changed"


def _send(event: str, ticket: Ticket, purpose: Message.Topic, *, key: str = "", **words: object) -> None:
    if not ticket.orderer or not speaks_for_company(ticket):
        return
    link = f"{settings.PORTAL_URL}{reverse('orderer-tickets')}"
    mail = letter(
        event,
        {"number": ticket.number, "what": _what(ticket), "link": link, **words},
        purpose=purpose,
        to=ticket.orderer.email,
        useful=USEFUL,
        key=f"{purpose} {ticket.number} {key}".strip(),
        company=ticket.company,
        about=ticket.account,
    )
    outbox.enqueue([mail])


def speaks_for_company(ticket: Ticket) -> bool:
    """Whether the orderer is one now, and one of that company if the request names one."""
    orderer, company = ticket.orderer, ticket.company_id
    if orderer is None or not orderer.active:
        return False
    return company is None or orderer.companies.filter(pk=company, active=True).exists()
