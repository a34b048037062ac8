"""A request's own history: its timeline, and the trail beside it. Both in the transaction of what they tell."""

from __future__ import annotations

from accounts import audit
from accounts.models import Event, Orderer, User
from helpdesk.models import Entry, Ticket

By = Entry.By


def note_down(ticket: Ticket, what: Entry.What, who: User | str | None, why: str = "") -> Entry:
    """One line of the timeline. ``who``: an agent, an orderer's name, or None for the portal itself."""
    by = By.AGENT if isinstance(who, User) else By.ORDERER if who else By.PORTAL
    name = who.username if isinstance(who, User) else who or ""
    return Entry.objects.create(ticket=ticket, by=by, who=name, what=what, state=ticket.state, why=why)


def note_mail(ticket: Ticket, what: Entry.What) -> Entry:
    """One line of the timeline for a mail. Who it says that it is from, stands in the mail, and goes with it."""
    return Entry.objects.create(ticket=ticket, by=By.MAIL, what=what, state=ticket.state)


def record(event: Event, ticket: Ticket, actor: User | Orderer | None, address: str | None) -> None:
    """In the trail, of its company, or of its orderer if it has none. ``address`` is where it was done from."""
    subject = ticket.company or ticket.orderer
    audit.record(event, subject, actor=actor, result=f"{ticket.kind} {ticket.number}", address=address)
