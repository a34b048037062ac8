"""What is done to a request: opening it, taking it, noting, withdrawing, turning it down. ``decisions`` carries it out.

Each verb locks the request, so that of two who act at once the second sees what the first did, and writes the
request, its timeline and the trail together or not at all.
"""

from __future__ import annotations

from typing import NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Company, Event, Orderer, User
from helpdesk.models import Entry, Ticket
from helpdesk.tickets import answers, letters
from helpdesk.tickets.creating import open_other, open_phone, open_recipients
from helpdesk.tickets.missing import changed_words
from helpdesk.tickets.refusals import AssignedToOther, Closed, TicketRefused
from helpdesk.tickets.timeline import note_down, record

State, What = Ticket.State, Entry.What


class TicketDetails(NamedTuple):
    """What a request asks for, all of it. Named as the fields of Request; what its kind has no use for is blank."""

    kind: Ticket.Kind
    company: Company | None = None
    orderer: Orderer | None = None
    company_name: str = ""
    orderer_name: str = ""
    employee_name: str = ""
    employee_username: str = ""
    account: str = ""
    new_number: str = ""
    recipient1: str = ""
    recipient2: str = ""
    text: str = ""


__all__ = [
    "TicketDetails",
    "close",
    "complete",
    "give_back",
    "locked",
    "note",
    "open_other",
    "open_phone",
    "open_recipients",
    "reject",
    "take",
    "withdraw",
]


def take(ticket_id: int, agent: User, address: str | None = None) -> Ticket:
    """Makes it this agent's, also if another one has it, who then sees by whom. Raises Closed."""
    with transaction.atomic():
        ticket = locked(ticket_id)
        if ticket.agent == agent:
            return ticket
        before = ticket.agent
        ticket.agent, ticket.taken_at, ticket.state = agent, timezone.now(), State.VERIFYING
        ticket.save(update_fields=["agent", "taken_at", "state"])
        note_down(ticket, What.TAKEN, agent, before.username if before else "")
        record(Event.TICKET_TAKEN, ticket, agent, address)
    return ticket


def give_back(ticket_id: int, agent: User, address: str | None = None) -> Ticket:
    """Nobody's any more, and new again. Raises Closed, NotYours."""
    with transaction.atomic():
        ticket = locked(ticket_id, agent)
        ticket.agent, ticket.taken_at, ticket.state = None, None, State.NEW
        ticket.save(update_fields=["agent", "taken_at", "state"])
        note_down(ticket, What.GIVEN_BACK, agent)
        record(Event.TICKET_GIVEN_BACK, ticket, agent, address)
    return ticket


def complete(ticket_id: int, agent: User, wanted: TicketDetails, address: str | None = None) -> Ticket:
    """Writes down what a mail did not tell, or told wrongly. Whoever was verified before did not stand behind this.

    Raises Closed, NotYours, and Refused for what did not come by mail: there somebody filled in a form.
    """
    with transaction.atomic():
        ticket = locked(ticket_id, agent)
        if ticket.source != Ticket.Source.MAIL:
            raise TicketRefused(_("Bara det som kom med mejl kan fyllas i. Avslå ärendet, och öppna ett nytt."))
        before = ticket.orderer
        changed = [name for name, value in wanted._asdict().items() if getattr(ticket, name) != value]
        for name in changed:
            setattr(ticket, name, getattr(wanted, name))
        if not changed and not ticket.unread and not ticket.doubts:
            return ticket
        ticket.unread, ticket.doubts, ticket.changed_at = {}, [], timezone.now()
        ticket.save()
        note_down(ticket, What.COMPLETED, agent, changed_words(changed))
        record(Event.TICKET_COMPLETED, ticket, agent, address)
        if ticket.orderer and ticket.orderer != before:
            letters.mailed(ticket, unread={}, by_address=False, key=str(ticket.orderer.pk))
    return ticket


def note(ticket_id: int, agent: User, text: str) -> Entry:
    """An agent's note, to a closed request too."""
    with transaction.atomic():
        return note_down(Ticket.objects.select_for_update().get(pk=ticket_id), What.NOTED, agent, text)


def reject(ticket_id: int, agent: User, why: str, address: str | None = None) -> Ticket:
    """Turns it down; the orderer is told, with the reason. Raises Closed, NotYours."""
    with transaction.atomic():
        ticket = locked(ticket_id, agent)
        close(ticket, State.REJECTED, agent, address)
        note_down(ticket, What.REJECTED, agent, why)
        letters.decided(ticket, why)
        answers.decided(ticket, why)
    return ticket


def withdraw(ticket_id: int, orderer: Orderer, address: str | None = None) -> Ticket:
    """The orderer takes it back. Raises Closed. That it is theirs is the caller's to know."""
    with transaction.atomic():
        ticket = locked(ticket_id)
        close(ticket, State.WITHDRAWN, None, address, actor=orderer)
        note_down(ticket, What.WITHDRAWN, orderer.name)
        answers.decided(ticket, "")
    return ticket


def locked(ticket_id: int, agent: User | None = None) -> Ticket:
    """The request for as long as the transaction lasts, if it is open, and this agent's if one is named.

    Raises Closed, NotYours, Request.DoesNotExist.
    """
    # The row first and what hangs on it afterwards: PostgreSQL locks no nullable side of a join.
    Ticket.objects.select_for_update().get(pk=ticket_id)
    ticket = Ticket.objects.select_related("company", "orderer", "agent", "decided_by").get(pk=ticket_id)
    if not ticket.open:
        raise Closed(ticket)
    if agent and ticket.agent != agent:
        raise AssignedToOther(ticket)
    return ticket


_EVENTS = {
    State.DONE: Event.TICKET_APPROVED,
    State.REJECTED: Event.TICKET_REJECTED,
    State.WITHDRAWN: Event.TICKET_WITHDRAWN,
}


def close(
    ticket: Ticket,
    state: Ticket.State,
    agent: User | None,
    address: str | None,
    actor: Orderer | None = None,
) -> None:
    """Ends a request that is locked, with its trail; the timeline is the caller's."""
    ticket.state, ticket.decided_at, ticket.decided_by = state, timezone.now(), agent
    ticket.save(update_fields=["state", "decided_at", "decided_by"])
    record(_EVENTS[state], ticket, agent or actor, address)
