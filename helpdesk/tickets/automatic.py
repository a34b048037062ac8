"""Tickets from automatic mails that ask for nothing, such as out-of-office replies: closed as read."""

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from helpdesk.models import IncomingMail, Ticket
from helpdesk.tickets import decisions, states
from helpdesk.tickets.evidence.context import TicketContext
from helpdesk.tickets.states import AssignedToOther, TicketRefused, locked


def all_automatic(tickets: Iterable[Ticket]) -> set[int]:
    """The ids of those that an automatic mail opened and that no person's mail has joined."""
    ids = {ticket.pk for ticket in tickets if TicketContext(ticket, None).by_program}
    by_people = IncomingMail.objects.filter(ticket__in=ids, automatic=False)
    return ids - set(by_people.values_list("ticket", flat=True))


@transaction.atomic
def close_as_read(ticket_id: int, agent: User, address: str | None = None) -> Ticket:
    """Takes the ticket, unless the agent has it, and closes it: both or neither.

    Raises Closed, AssignedToOther, and TicketRefused for a ticket that has to be read by itself.
    """
    ticket = locked(ticket_id)  # a mail that wants to join waits
    if ticket.agent not in (None, agent):
        raise AssignedToOther(ticket)
    if not all_automatic([ticket]):
        words = _("Ärende %(number)s är inte bara automatiska mejl. Öppna det och läs.")
        raise TicketRefused(words % {"number": ticket.number})
    states.take(ticket_id, agent, address)
    return decisions.approve(ticket_id, agent, address)
