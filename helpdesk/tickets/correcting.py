"""Corrects what a form asked for, so that the ticket need not be rejected and typed again.

Only the details: who asks, for which company and for what stays. What was verified was something else, so the orderer
is verified anew (H1), also for recipients that needed no verification as the orderer wrote them; and a number that was
corrected takes a second agent (H8). The orderer is told.
The timeline, which is encrypted, keeps the old and the new values; of a number only the end.
"""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Event, User
from accounts.models.recipients import Recipients
from helpdesk.models import Ticket, TimelineEntry
from helpdesk.tickets import letters
from helpdesk.tickets.creating import TicketDetails
from helpdesk.tickets.letters.missing import short_name
from helpdesk.tickets.states import TicketRefused, add_entry, locked, record

Kind, Source = Ticket.Kind, Ticket.Source

_FIELDS: dict[str, tuple[str, ...]] = {
    Kind.PHONE: ("employee_username", "account", "employee_name", "new_number"),
    Kind.RECIPIENTS: ("recipients",),
}


def can_be_corrected(ticket: Ticket) -> bool:
    """Whether a form opened the ticket, and a registered orderer can be asked. ``creating.complete`` is for mails."""
    by_form = ticket.source in (Source.PAGES, Source.CALL) and ticket.kind in _FIELDS
    return ticket.open and by_form and bool(ticket.orderer_id and ticket.company_id)


@transaction.atomic
def correct(ticket_id: int, agent: User, details: TicketDetails, address: str | None = None) -> Ticket:
    """Takes the employee and the number, or the recipients, from ``details``. Raises Closed, AssignedToOther,
    TicketRefused.
    """
    ticket = locked(ticket_id, agent)
    if not can_be_corrected(ticket):
        raise TicketRefused(_("Uppgifterna i det här ärendet går inte att rätta. Avslå det, och skapa ett nytt."))
    before = TicketDetails.from_ticket(ticket)
    changed = [name for name in _FIELDS[ticket.kind] if getattr(before, name) != getattr(details, name)]
    if not changed:
        return ticket
    for name in changed:
        setattr(ticket, name, getattr(details, name))
    ticket.changed_at = timezone.now()
    ticket.number_corrected |= "new_number" in changed
    ticket.save()
    named = [name for name in changed if name != "account"] or ["employee_username"]  # given to somebody else
    lines = [_line(name, getattr(before, name), getattr(details, name)) for name in named]
    add_entry(ticket, TimelineEntry.What.COMPLETED, agent, "\n".join(lines))
    record(Event.TICKET_COMPLETED, ticket, agent, address)
    letters.send_correction(ticket, named)
    return ticket


def _line(name: str, old: object, new: object) -> str:
    words = {"field": short_name(name), "old": _shown(name, old), "new": _shown(name, new)}
    return _("%(field)s, från %(old)s till %(new)s") % words


def _shown(name: str, value: object) -> str:
    if isinstance(value, Recipients):
        return ", ".join(value) or "–"
    return f"••• {str(value)[-2:]}" if name == "new_number" else str(value) or "–"
