"""Opening a request: its number, its first line, and what its orderer is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import limits
from accounts.models import Company, Event, Orderer, User
from helpdesk.models import OPEN, Counter, Entry, Ticket
from helpdesk.tickets import letters
from helpdesk.tickets.refusals import TicketRefused
from helpdesk.tickets.timeline import note_down, note_mail, record

Kind, State, Source = Ticket.Kind, Ticket.State, Ticket.Source
What = Entry.What

SAME = timedelta(minutes=10)  # a second one just like it is a second press of the button


def open_phone(
    *,
    source: Ticket.Source,
    company: Company | None,
    orderer: Orderer | None,
    employee_name: str,
    employee_username: str,
    new_number: str,
    account: str = "",
    orderer_name: str = "",
    company_name: str = "",
    text: str = "",
    agent: User | None = None,
    address: str | None = None,
    unread: Mapping[str, str] | None = None,
    doubts: Sequence[str] = (),
) -> Ticket:
    """Koppla nytt mobil nr. ``new_number``: E.164. ``account``: directory id of whom the user name belongs to.

    Of a mail also ``unread``: which fields are blank, and why; and ``doubts``: of which it says something else as well.
    """
    ticket = Ticket(
        kind=Kind.PHONE,
        source=source,
        company=company,
        company_name=company_name,
        orderer=orderer,
        orderer_name=orderer_name,
        employee_name=employee_name[:200],
        employee_username=employee_username[:256],
        new_number=new_number,
        account=account,
        text=text,
        unread=dict(unread or {}),
        doubts=list(doubts),
    )
    return _open(ticket, agent, address)


def open_recipients(
    *,
    source: Ticket.Source,
    company: Company | None,
    orderer: Orderer | None,
    addresses: Sequence[str],
    orderer_name: str = "",
    company_name: str = "",
    text: str = "",
    agent: User | None = None,
    address: str | None = None,
    unread: Mapping[str, str] | None = None,
    doubts: Sequence[str] = (),
) -> Ticket:
    """Ändring av e-postmottagare. ``addresses``: one or two, all that are to count afterwards; none in a mail that does
    not tell. ``unread`` and ``doubts``: as for ``open_phone``.
    """
    first, second = [*addresses, "", ""][:2]
    ticket = Ticket(
        kind=Kind.RECIPIENTS,
        source=source,
        company=company,
        company_name=company_name,
        orderer=orderer,
        orderer_name=orderer_name,
        recipient1=first,
        recipient2=second,
        text=text,
        unread=dict(unread or {}),
        doubts=list(doubts),
    )
    return _open(ticket, agent, address)


def open_other(
    *,
    source: Ticket.Source,
    text: str,
    company: Company | None = None,
    orderer: Orderer | None = None,
    orderer_name: str = "",
    company_name: str = "",
    account: str = "",
    employee_username: str = "",
    agent: User | None = None,
    address: str | None = None,
) -> Ticket:
    """Anything else."""
    ticket = Ticket(
        kind=Kind.OTHER,
        source=source,
        company=company,
        company_name=company_name,
        orderer=orderer,
        orderer_name=orderer_name,
        employee_username=employee_username[:256],
        account=account,
        text=text,
    )
    return _open(ticket, agent, address)


def open_by_portal(text: str, *, orderer_name: str, company_name: str = "") -> Ticket:
    """What the portal itself asks of the helpdesk; the one that is open, if it has asked so already."""
    waiting = Ticket.objects.filter(source=Source.PORTAL, kind=Kind.OTHER, state__in=OPEN, orderer_name=orderer_name)
    if same := next((each for each in waiting if each.text == text), None):
        return same
    return open_other(source=Source.PORTAL, text=text, orderer_name=orderer_name, company_name=company_name)


def _open(ticket: Ticket, agent: User | None, address: str | None) -> Ticket:
    """Saves it with its number, unless the same one came a moment ago: that is the answer then.

    ``agent``: who opens it on an orderer's behalf, and has it from then on. A company and an orderer who are known are
    called as the register calls them.
    """
    company, orderer = ticket.company, ticket.orderer
    ticket.company_name = (company.name if company else ticket.company_name)[:200]
    ticket.orderer_name = (orderer.name if orderer else ticket.orderer_name)[:200]
    with transaction.atomic():
        if same := _same(ticket, agent):
            return same
        if ticket.source == Source.PAGES:
            _leave_room(ticket)
        ticket.number = _next_number()
        if agent:
            ticket.agent, ticket.taken_at, ticket.state = agent, timezone.now(), State.VERIFYING
        ticket.save()
        from_pages = ticket.source == Source.PAGES
        if ticket.source == Source.MAIL:
            note_mail(ticket, What.OPENED)
        else:
            note_down(ticket, What.OPENED, agent or (ticket.orderer_name if from_pages else None))
        record(Event.TICKET_OPENED, ticket, agent or (orderer if from_pages else None), address)
        letters.opened(ticket)
    return ticket


def _leave_room(ticket: Ticket) -> None:
    """Raises Refused for an orderer who has asked for so much that others would not be seen in the queue."""
    theirs = Ticket.objects.filter(orderer=ticket.orderer, source=Source.PAGES)
    today = theirs.filter(created_at__gt=timezone.now() - timedelta(seconds=limits.DAY)).count()
    if today >= limits.REQUESTS_A_DAY:
        raise TicketRefused(
            _("Du har skickat så många ärenden att det inte går att skicka fler i dag. Fortsätt i morgon.")
        )
    if theirs.filter(state__in=OPEN).count() >= limits.REQUESTS_OPEN:
        raise TicketRefused(
            _("Du har redan många ärenden hos helpdesk. Ta tillbaka dem som inte behövs, eller vänta tills de avgörs.")
        )


# What two posts of one form have in common. Compared here and not in the database: some of it is encrypted.
_TOLD = (
    *("kind", "source", "company_id", "company_name", "orderer_name", "employee_username", "employee_name", "account"),
    *("new_number", "recipient1", "recipient2", "text"),
)


def _same(ticket: Ticket, agent: User | None) -> Ticket | None:
    """The one just like it, of the same orderer, that came a moment ago and is still open.

    If the orderer is not known: the one that this agent opened. Two posts of one form wait for each other here.
    """
    if ticket.source == Source.MAIL:
        return None  # each message is one of its own, known by its Message-ID
    alike = Ticket.objects.filter(state__in=OPEN, created_at__gt=timezone.now() - SAME)
    if ticket.orderer:
        Orderer.objects.select_for_update(no_key=True).get(pk=ticket.orderer.pk)
        alike = alike.filter(orderer=ticket.orderer)
    elif agent:
        User.objects.select_for_update(no_key=True).get(pk=agent.pk)
        alike = alike.filter(orderer=None, agent=agent)
    else:
        return None
    return next((other for other in alike.select_related("company", "orderer") if _told(other) == _told(ticket)), None)


def _told(ticket: Ticket) -> list[object]:
    return [getattr(ticket, name) for name in _TOLD]


def _next_number() -> str:
    """2026-00042: the year, and how many there have been in it. Within a transaction; others wait for it."""
    year = timezone.localdate().year
    Counter.objects.get_or_create(year=year)
    counter = Counter.objects.select_for_update().get(year=year)
    counter.last += 1
    counter.save(update_fields=["last"])
    return f"{year}-{counter.last:05d}"
