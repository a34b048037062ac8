"""A ticket's states, who may change them, and why a change is refused; its timeline and audit events.

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

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Event, Orderer, User
from helpdesk.models import Ticket, TimelineEntry
from helpdesk.tickets import letters
from idportal import clock

State, What, By = Ticket.State, TimelineEntry.What, TimelineEntry.By

_ENDS = {
    State.DONE: (Event.TICKET_APPROVED, What.CARRIED_OUT),
    State.REJECTED: (Event.TICKET_REJECTED, What.REJECTED),
    State.WITHDRAWN: (Event.TICKET_WITHDRAWN, What.WITHDRAWN),
}


class TicketRefused(Exception):
    """Nothing was changed. The text says what to do next."""


class Closed(TicketRefused):
    """The ticket is decided or withdrawn already."""

    def __init__(self, ticket: Ticket) -> None:
        self.ticket, who = ticket, ticket.decided_by
        words = {
            "number": ticket.number,
            "state": ticket.get_state_display(),
            "who": who and who.username,
            "when": clock.stamp(ticket.decided_at),
        }
        by_agent = _("Ärende %(number)s är redan %(state)s av %(who)s, %(when)s.")
        super().__init__((by_agent if who else _("Ärende %(number)s är redan %(state)s, %(when)s.")) % words)


class AssignedToOther(TicketRefused):
    """A colleague has the ticket, or no agent has."""

    def __init__(self, ticket: Ticket) -> None:
        if ticket.agent:
            words = {"number": ticket.number, "who": ticket.agent.username}
            super().__init__(_("%(who)s har ärende %(number)s. Ta över det först, om ni är överens om det.") % words)
        else:
            super().__init__(_("Ta ärendet först, så att ingen annan arbetar med det samtidigt."))


class NotVerified(TicketRefused):
    """The orderer is not verified (H1)."""


class SecondAgentNeeded(TicketRefused):
    """This agent verified the orderer or removed the number, and may not approve (H2, H8)."""


class Blocked(TicketRefused):
    """The ticket has blockers, which the text names. It stays open, and its timeline names them too."""


def locked(ticket_id: int, agent: User | None = None) -> Ticket:
    """The open ticket, locked; with ``agent``, one of theirs. Raises Closed, AssignedToOther, Ticket.DoesNotExist."""
    # The row first and its relations afterwards: PostgreSQL locks no nullable side of a join.
    Ticket.objects.select_for_update().get(pk=ticket_id)
    ticket = Ticket.objects.select_related("company", "orderer", "agent", "decided_by").get(pk=ticket_id)
    if not ticket.open:
        raise Closed(ticket)
    if agent and ticket.agent != agent:
        raise AssignedToOther(ticket)
    return ticket


@transaction.atomic
def take(ticket_id: int, agent: User, address: str | None = None) -> Ticket:
    """Assigns the ticket to this agent, also if a colleague has it. Raises Closed."""
    ticket = locked(ticket_id)
    if ticket.agent == agent:
        return ticket
    before = ticket.agent
    _assign(ticket, agent)
    add_entry(ticket, What.TAKEN, agent, before.username if before else "")
    record(Event.TICKET_TAKEN, ticket, agent, address)
    return ticket


@transaction.atomic
def give_back(ticket_id: int, agent: User, address: str | None = None) -> Ticket:
    """Puts the ticket back among the new ones. Raises Closed, AssignedToOther."""
    ticket = locked(ticket_id, agent)
    _assign(ticket, None)
    add_entry(ticket, What.GIVEN_BACK, agent)
    record(Event.TICKET_GIVEN_BACK, ticket, agent, address)
    return ticket


def _assign(ticket: Ticket, agent: User | None) -> None:
    ticket.assign(agent)
    ticket.save(update_fields=["agent", "taken_at", "state"])


@transaction.atomic
def withdraw(ticket_id: int, orderer: Orderer, address: str | None = None) -> Ticket:
    """The orderer takes the ticket back. The caller makes sure that it is the orderer's own. Raises Closed."""
    ticket = locked(ticket_id)
    close(ticket, State.WITHDRAWN, orderer, address)
    letters.send_outcome(ticket, "")
    return ticket


def close(ticket: Ticket, state: Ticket.State, actor: User | Orderer, address: str | None, why: str = "") -> None:
    """Ends a locked ticket, and writes its timeline and the audit trail."""
    event, what = _ENDS[state]
    ticket.state, ticket.decided_at = state, timezone.now()
    ticket.decided_by = actor if isinstance(actor, User) else None
    ticket.save(update_fields=["state", "decided_at", "decided_by"])
    record(event, ticket, actor, address)
    add_entry(ticket, what, actor if isinstance(actor, User) else actor.name, why)


# The timeline belongs to the transaction of the change.


def add_entry(ticket: Ticket, what: TimelineEntry.What, who: User | str | None, why: str = "") -> TimelineEntry:
    """Adds an entry by an agent (a User), an orderer (a name), or the portal (None)."""
    by = By.AGENT if isinstance(who, User) else By.ORDERER if who else By.PORTAL
    name = who.username if isinstance(who, User) else who or ""
    return TimelineEntry.objects.create(ticket=ticket, by=by, who=name, what=what, state=ticket.state, why=why)


def add_mail_entry(ticket: Ticket, what: TimelineEntry.What) -> TimelineEntry:
    """Adds an entry for a mail, without its sender: that stands in the mail, and is deleted with it."""
    return TimelineEntry.objects.create(ticket=ticket, by=By.MAIL, what=what, state=ticket.state)


@transaction.atomic
def add_note(ticket_id: int, agent: User, text: str) -> TimelineEntry:
    """Adds an agent's note, to a closed ticket too."""
    return add_entry(Ticket.objects.select_for_update().get(pk=ticket_id), TimelineEntry.What.NOTED, agent, text)


def record(event: Event, ticket: Ticket, actor: User | Orderer | None, address: str | None) -> None:
    """Writes to the audit trail of the ticket's company, or else its orderer. ``address``: the actor's IP address."""
    subject = ticket.company or ticket.orderer
    audit.record(event, subject, actor=actor, result=f"{ticket.kind} {ticket.number}", address=address)
