"""A ticket's history: its timeline, and the audit trail beside it. Both belong to the transaction of the change."""

from __future__ import annotations

from django.db import transaction

from accounts import audit
from accounts.models import Event, Orderer, User
from helpdesk.models import Ticket, TimelineEntry

By = TimelineEntry.By


def add_entry(ticket: Ticket, what: TimelineEntry.What, who: User | str | None, why: str = "") -> TimelineEntry:
    """Adds an entry by an agent (a User), an orderer (a name), or the portal (None)."""
    by = By.AGENT if isinstance(who, User) else By.ORDERER if who else By.PORTAL
    name = who.username if isinstance(who, User) else who or ""
    return TimelineEntry.objects.create(ticket=ticket, by=by, who=name, what=what, state=ticket.state, why=why)


def add_mail_entry(ticket: Ticket, what: TimelineEntry.What) -> TimelineEntry:
    """Adds an entry for a mail, without its sender: that stands in the mail, and is deleted with it."""
    return TimelineEntry.objects.create(ticket=ticket, by=By.MAIL, what=what, state=ticket.state)


def add_note(ticket_id: int, agent: User, text: str) -> TimelineEntry:
    """Adds an agent's note, to a closed ticket too."""
    with transaction.atomic():
        return add_entry(Ticket.objects.select_for_update().get(pk=ticket_id), TimelineEntry.What.NOTED, agent, text)


def record(event: Event, ticket: Ticket, actor: User | Orderer | None, address: str | None) -> None:
    """Writes to the audit trail of the ticket's company, or else its orderer. ``address``: the actor's IP address."""
    subject = ticket.company or ticket.orderer
    audit.record(event, subject, actor=actor, result=f"{ticket.kind} {ticket.number}", address=address)
