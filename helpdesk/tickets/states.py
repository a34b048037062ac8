"""A ticket's states, and who may change them.

    NEW        take       VERIFYING  an agent
    VERIFYING  take       VERIFYING  another agent, who takes it over
    VERIFYING  give_back  NEW        the agent who has it
    VERIFYING  approve    DONE       the agent who has it (``decisions``)
    VERIFYING  reject     REJECTED   the agent who has it (``decisions``)
    NEW        withdraw   WITHDRAWN  its orderer; also from VERIFYING

``creating`` makes a ticket NEW, or VERIFYING if an agent opens it. DONE, REJECTED and WITHDRAWN are final.
Each function locks the ticket, so that of two who act at once the second sees what the first did. It writes the ticket,
its timeline and the audit trail together or not at all.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.models import Event, Orderer, User
from helpdesk.models import Ticket, TimelineEntry
from helpdesk.tickets import sender_letters
from helpdesk.tickets.refusals import AssignedToOther, Closed
from helpdesk.tickets.timeline import add_entry, record

State, What = Ticket.State, TimelineEntry.What

_EVENTS = {
    State.DONE: Event.TICKET_APPROVED,
    State.REJECTED: Event.TICKET_REJECTED,
    State.WITHDRAWN: Event.TICKET_WITHDRAWN,
}


def locked(ticket_id: int, agent: User | None = None) -> Ticket:
    """The open ticket, locked until the transaction ends. With ``agent``: it has to be this agent's.

    Raises Closed, AssignedToOther, Ticket.DoesNotExist.
    """
    # The row first and its relations afterwards: PostgreSQL locks no nullable side of a join.
    Ticket.objects.select_for_update().get(pk=ticket_id)
    ticket = Ticket.objects.select_related("company", "orderer", "agent", "decided_by").get(pk=ticket_id)
    if not ticket.open:
        raise Closed(ticket)
    if agent and ticket.agent != agent:
        raise AssignedToOther(ticket)
    return ticket


def take(ticket_id: int, agent: User, address: str | None = None) -> Ticket:
    """Assigns the ticket to this agent, also if a colleague has it. Raises Closed."""
    with transaction.atomic():
        ticket = locked(ticket_id)
        if ticket.agent == agent:
            return ticket
        before = ticket.agent
        _assign(ticket, agent)
        add_entry(ticket, What.TAKEN, agent, before.username if before else "")
        record(Event.TICKET_TAKEN, ticket, agent, address)
    return ticket


def give_back(ticket_id: int, agent: User, address: str | None = None) -> Ticket:
    """Puts the ticket back among the new ones. Raises Closed, AssignedToOther."""
    with transaction.atomic():
        ticket = locked(ticket_id, agent)
        _assign(ticket, None)
        add_entry(ticket, What.GIVEN_BACK, agent)
        record(Event.TICKET_GIVEN_BACK, ticket, agent, address)
    return ticket


def _assign(ticket: Ticket, agent: User | None) -> None:
    ticket.assign(agent)
    ticket.save(update_fields=["agent", "taken_at", "state"])


def withdraw(ticket_id: int, orderer: Orderer, address: str | None = None) -> Ticket:
    """The orderer takes the ticket back. The caller makes sure that it is the orderer's own. Raises Closed."""
    with transaction.atomic():
        ticket = locked(ticket_id)
        close(ticket, State.WITHDRAWN, orderer, address)
        add_entry(ticket, What.WITHDRAWN, orderer.name)
        sender_letters.send_outcome(ticket, "")
    return ticket


def close(ticket: Ticket, state: Ticket.State, actor: User | Orderer, address: str | None) -> None:
    """Ends a locked ticket and writes the audit trail; the caller adds the entry to the timeline."""
    ticket.state, ticket.decided_at = state, timezone.now()
    ticket.decided_by = actor if isinstance(actor, User) else None
    ticket.save(update_fields=["state", "decided_at", "decided_by"])
    record(_EVENTS[state], ticket, actor, address)
