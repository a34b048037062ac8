"""Mails to the orderer of a ticket, queued in the caller's transaction.

In Swedish, whatever language the page has that caused them: another person reads them. No phone number stands in them.
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
Topic = Message.Topic

USEFUL = timedelta(days=3)  # a server that is down over a weekend


def send_receipt(ticket: Ticket) -> None:
    """A receipt for a ticket from the orderer's own pages; for a call, the news that it was made in their name.

    Nothing for the portal's own tickets. What came by mail gets ``send_mail_receipt``.
    """
    if ticket.source not in (Source.PORTAL, Source.MAIL):
        event = "ticket_received" if ticket.source == Source.PAGES else "ticket_opened_by_call"
        _send(event, ticket, Topic.TICKET_OPENED)


def send_mail_receipt(ticket: Ticket, *, unread: Mapping[str, str], by_address: bool, key: str = "") -> None:
    """For a ticket that came by mail. ``by_address``: from the orderer's own address, so that this is the receipt.

    ``unread``: the fields that the mail leaves blank, each with why. ``key``: tells a second receipt about the same
    ticket, to another orderer, from the first.
    """
    event = "ticket_mailed" if by_address else "ticket_opened_by_mail"
    with translation.override("sv"):
        missing = in_words(unread)
    words = {"known": ticket.kind != Kind.OTHER, "missing": missing, "several": is_about_several(unread)}
    _send(event, ticket, Topic.TICKET_OPENED, key=key, **words)


def send_decision(ticket: Ticket, why: str = "") -> None:
    """Approved and carried out, or rejected and why."""
    event = "ticket_rejected" if ticket.state == State.REJECTED else "ticket_approved"
    _send(event, ticket, Topic.TICKET_DECIDED, why=inert_text(why), outcome=_outcome(ticket))


def inert_text(text: str) -> str:
    """``inert`` for some sentences: it cuts what is longer than a name."""
    lines = textwrap.wrap(" ".join(text.split()), LONGEST - 10, break_on_hyphens=False)
    return " ".join(inert(line) for line in lines)


def _subject(ticket: Ticket) -> str:
    """What the ticket is about, for the middle of a sentence."""
    words = {"kind": ticket.kind, "account": inert(ticket.employee_username), "company": inert(ticket.company_name)}
    with translation.override("sv"):
        return message_templates.part("ticket_what.txt", words).strip()


def _outcome(ticket: Ticket) -> str:
    """A word that the template knows."""
    if ticket.kind == Kind.PHONE:
        return "linked"
    if ticket.kind == Kind.OTHER:
        return ""
    return "asked" if ticket.confirmations.exists() else "changed"


def _send(event: str, ticket: Ticket, topic: Message.Topic, *, key: str = "", **words: object) -> None:
    if not ticket.orderer or not ticket.orderer_is_authorised():
        return
    link = f"{settings.PORTAL_URL}{reverse('orderer-tickets')}"
    mail = letter(
        event,
        {"number": ticket.number, "what": _subject(ticket), "link": link, **words},
        purpose=topic,
        to=ticket.orderer.email,
        useful=USEFUL,
        key=f"{topic} {ticket.number} {key}".strip(),
        company=ticket.company,
        about=ticket.account,
    )
    outbox.enqueue([mail])
