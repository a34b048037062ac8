"""What a ticket asks for, and the agent who completes it."""

from __future__ import annotations

from typing import NamedTuple, Self

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Company, Event, Orderer, User
from accounts.models.recipients import Recipients
from helpdesk.models import Ticket, TimelineEntry
from helpdesk.tickets import orderer_letters
from helpdesk.tickets.missing import changed_words
from helpdesk.tickets.refusals import TicketRefused
from helpdesk.tickets.states import locked
from helpdesk.tickets.timeline import add_entry, record


class TicketDetails(NamedTuple):
    """What a ticket asks for, as attributes of ``Ticket``. What its kind has no use for is blank.

    ``account``: the directory's id of the account that has the user name; ``new_number``: E.164; ``recipients``:
    all that are to count afterwards.
    """

    kind: Ticket.Kind
    company: Company | None = None
    orderer: Orderer | None = None
    company_name: str = ""
    orderer_name: str = ""
    employee_name: str = ""
    employee_username: str = ""
    account: str = ""
    new_number: str = ""
    recipients: Recipients = Recipients()
    text: str = ""

    @classmethod
    def from_ticket(cls, ticket: Ticket) -> Self:
        return cls(**{name: getattr(ticket, name) for name in cls._fields})


def complete(ticket_id: int, agent: User, details: TicketDetails, address: str | None = None) -> Ticket:
    """Writes down what a mail left out or told wrongly. Earlier verifications of the orderer no longer count.

    Raises Closed, AssignedToOther, and TicketRefused for a ticket that came by a form: there the sender filled it in.
    """
    with transaction.atomic():
        ticket = locked(ticket_id, agent)
        if ticket.source != Ticket.Source.MAIL:
            raise TicketRefused(_("Bara det som kom med mejl kan fyllas i. Avslå ärendet, och öppna ett nytt."))
        before = TicketDetails.from_ticket(ticket)
        for name, value in details._asdict().items():
            setattr(ticket, name, value)
        after = TicketDetails.from_ticket(ticket)
        changed = [name for name in details._fields if getattr(before, name) != getattr(after, name)]
        if not changed and not ticket.unread and not ticket.doubts:
            return ticket
        ticket.unread, ticket.doubts, ticket.changed_at = {}, [], timezone.now()
        ticket.save()
        add_entry(ticket, TimelineEntry.What.COMPLETED, agent, changed_words(changed))
        record(Event.TICKET_COMPLETED, ticket, agent, address)
        if ticket.orderer and ticket.orderer != before.orderer:
            orderer_letters.send_mail_receipt(ticket, unread={}, by_address=False, key=str(ticket.orderer.pk))
    return ticket
