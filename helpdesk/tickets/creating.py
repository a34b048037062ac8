"""What a ticket asks for; creating it, with its number and the orderer's receipt; and completing one from a mail."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple, Self

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import limits
from accounts.models import Company, Event, Orderer, User
from accounts.models.recipients import Recipients
from helpdesk.models import OPEN, Counter, Ticket, TimelineEntry
from helpdesk.tickets import letters
from helpdesk.tickets.letters.missing import changed_words
from helpdesk.tickets.states import TicketRefused, add_entry, add_mail_entry, locked, record

Source = Ticket.Source

SAME = timedelta(minutes=10)  # so soon, an equal ticket is a second click on the same button


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


def create_ticket(
    details: TicketDetails,
    *,
    source: Ticket.Source,
    agent: User | None = None,
    address: str | None = None,
    unread: Mapping[str, str] | None = None,
    doubts: Sequence[str] = (),
) -> Ticket:
    """Creates a ticket, or returns an equal one that came a moment ago and is still open.

    ``agent`` opens it on an orderer's behalf, and has it from then on. A registered company and orderer lend it their
    names. ``unread``: fields that a mail leaves blank, each with why; ``doubts``: fields that it also tells otherwise.
    Raises TicketRefused for an orderer with too many tickets.
    """
    company, orderer = details.company, details.orderer
    details = details._replace(
        company_name=(company.name if company else details.company_name)[:200],
        orderer_name=(orderer.name if orderer else details.orderer_name)[:200],
        employee_name=details.employee_name[:200],
        employee_username=details.employee_username[:256],
    )
    by_orderer = source == Source.PAGES
    with transaction.atomic():
        if equal := _equal(details, source, agent):
            return equal
        if by_orderer:
            _leave_room(orderer)
        ticket = Ticket(source=source, unread=dict(unread or {}), doubts=list(doubts), **details._asdict())
        ticket.number = _next_number()
        if agent:
            ticket.assign(agent)
        ticket.save()
        if source == Source.MAIL:
            add_mail_entry(ticket, TimelineEntry.What.OPENED)
        else:
            add_entry(ticket, TimelineEntry.What.OPENED, agent or (ticket.orderer_name if by_orderer else None))
        record(Event.TICKET_OPENED, ticket, agent or (orderer if by_orderer else None), address)
        letters.send_receipt(ticket)
    return ticket


def create_by_portal(text: str, *, orderer_name: str, company_name: str = "") -> Ticket:
    """A ticket of the portal's own, unless an open one says the same."""
    waiting = Ticket.objects.filter(
        source=Source.PORTAL, kind=Ticket.Kind.OTHER, state__in=OPEN, orderer_name=orderer_name
    )
    # Compared here: the database has the text encrypted.
    if equal := next((ticket for ticket in waiting if ticket.text == text), None):
        return equal
    details = TicketDetails(Ticket.Kind.OTHER, text=text, orderer_name=orderer_name, company_name=company_name)
    return create_ticket(details, source=Source.PORTAL)


@transaction.atomic
def complete(ticket_id: int, agent: User, details: TicketDetails, address: str | None = None) -> Ticket:
    """Writes down what a mail left out or told wrongly. Earlier verifications of the orderer no longer count.

    Raises Closed, AssignedToOther, and TicketRefused for a ticket that came by a form: there the sender filled it in.
    """
    ticket = locked(ticket_id, agent)
    if ticket.source != Ticket.Source.MAIL:
        raise TicketRefused(_("Bara det som kom med mejl kan fyllas i så. Rätta uppgifterna i stället."))
    before = TicketDetails.from_ticket(ticket)
    for name, value in details._asdict().items():
        setattr(ticket, name, value)
    after = TicketDetails.from_ticket(ticket)
    changed = [name for name in details._fields if getattr(before, name) != getattr(after, name)]
    if not changed and not ticket.unread and not ticket.doubts:
        return ticket
    ticket.unread, ticket.doubts, ticket.changed_at = {}, [], timezone.now()
    ticket.number_corrected |= before.new_number not in ("", after.new_number)
    ticket.save()
    add_entry(ticket, TimelineEntry.What.COMPLETED, agent, changed_words(changed))
    record(Event.TICKET_COMPLETED, ticket, agent, address)
    if ticket.orderer and ticket.orderer != before.orderer:
        letters.send_mail_receipt(ticket, unread={}, by_address=False, key=str(ticket.orderer.pk))
    return ticket


def _leave_room(orderer: Orderer | None) -> None:
    """Raises TicketRefused for an orderer with so many tickets that others would drown in the queue."""
    tickets = Ticket.objects.filter(orderer=orderer, source=Source.PAGES)
    today = tickets.filter(created_at__gt=timezone.now() - timedelta(seconds=limits.DAY)).count()
    if today >= limits.TICKETS_A_DAY:
        raise TicketRefused(
            _("Du har skickat så många ärenden att det inte går att skicka fler i dag. Fortsätt i morgon.")
        )
    if tickets.filter(state__in=OPEN).count() >= limits.TICKETS_OPEN:
        raise TicketRefused(
            _("Du har redan många ärenden hos helpdesk. Ta tillbaka dem som inte behövs, eller vänta tills de avgörs.")
        )


def _equal(details: TicketDetails, source: Ticket.Source, agent: User | None) -> Ticket | None:
    """An equal ticket of the same orderer, or else the same agent. Two posts of one form wait for each other here."""
    if source == Source.MAIL:
        return None  # each message is one of its own, known by its Message-ID
    recent = Ticket.objects.filter(source=source, state__in=OPEN, created_at__gt=timezone.now() - SAME)
    if details.orderer:
        Orderer.objects.select_for_update(no_key=True).get(pk=details.orderer.pk)
        recent = recent.filter(orderer=details.orderer)
    elif agent:
        User.objects.select_for_update(no_key=True).get(pk=agent.pk)
        recent = recent.filter(orderer=None, agent=agent)
    else:
        return None
    recent = recent.select_related("company", "orderer")
    # Compared here: the database has some of it encrypted.
    return next((ticket for ticket in recent if TicketDetails.from_ticket(ticket) == details), None)


def _next_number() -> str:
    """2026-00042: the year, and a count within it. Call it in a transaction, which others wait for."""
    year = timezone.localdate().year
    Counter.objects.get_or_create(year=year)
    counter = Counter.objects.select_for_update().get(year=year)
    counter.last += 1
    counter.save(update_fields=["last"])
    return f"{year}-{counter.last:05d}"
