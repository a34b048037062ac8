"""Requests: opening, taking, noting, withdrawing, turning down. What carries one out is in ``decisions``.

Each verb locks the request, so that of two who act at once the second sees what the first did, and writes the
request, its timeline and the trail together or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import Company, Event, Orderer, User
from helpdesk import letters
from helpdesk.models import OPEN, Counter, Entry, Request
from helpdesk.refusals import Closed, NotYours

Kind, State, Source = Request.Kind, Request.State, Request.Source
By, What = Entry.By, Entry.What

SAME = timedelta(minutes=10)  # a second one just like it is a second press of the button


def open_phone(
    *,
    source: Request.Source,
    company: Company | None,
    orderer: Orderer | None,
    staff_name: str,
    staff_username: str,
    new_number: str,
    account: str = "",
    orderer_name: str = "",
    company_name: str = "",
    text: str = "",
    agent: User | None = None,
    address: str | None = None,
) -> Request:
    """Koppla nytt mobil nr. ``new_number``: E.164; ``account``: directory id of whom the user name belongs to, or ""."""
    request = Request(
        kind=Kind.PHONE,
        staff_name=staff_name[:200],
        staff_username=staff_username[:256],
        new_number=new_number,
        account=account,
    )
    return _open(request, source, company, orderer, company_name, orderer_name, text, agent, address)


def open_recipients(
    *,
    source: Request.Source,
    company: Company | None,
    orderer: Orderer | None,
    addresses: Sequence[str],
    orderer_name: str = "",
    company_name: str = "",
    text: str = "",
    agent: User | None = None,
    address: str | None = None,
) -> Request:
    """Ändring av e-postmottagare. ``addresses``: one or two, all that are to count afterwards."""
    first, second = [*addresses, "", ""][:2]
    request = Request(kind=Kind.RECIPIENTS, recipient1=first, recipient2=second)
    return _open(request, source, company, orderer, company_name, orderer_name, text, agent, address)


def open_other(
    *,
    source: Request.Source,
    text: str,
    company: Company | None = None,
    orderer: Orderer | None = None,
    orderer_name: str = "",
    company_name: str = "",
    account: str = "",
    staff_username: str = "",
    agent: User | None = None,
    address: str | None = None,
) -> Request:
    """Anything else."""
    request = Request(kind=Kind.OTHER, account=account, staff_username=staff_username[:256])
    return _open(request, source, company, orderer, company_name, orderer_name, text, agent, address)


def _open(
    request: Request,
    source: Request.Source,
    company: Company | None,
    orderer: Orderer | None,
    company_name: str,
    orderer_name: str,
    text: str,
    agent: User | None,
    address: str | None,
) -> Request:
    """``agent``: who opens it on an orderer's behalf, and has it from then on."""
    with transaction.atomic():
        request.source, request.text, request.company, request.orderer = source, text, company, orderer
        request.company_name = company.name if company else company_name[:200]
        request.orderer_name = orderer.name if orderer else orderer_name[:200]
        if orderer:
            # Two posts of the same form wait for each other here.
            Orderer.objects.select_for_update().get(pk=orderer.pk)
            if same := _same(request):
                return same
        request.number = _next_number()
        if agent:
            request.agent, request.taken_at, request.state = agent, timezone.now(), State.VERIFYING
        request.save()
        note_down(request, What.OPENED, agent or (request.orderer_name if source == Source.PAGES else None))
        _audit(Event.REQUEST_OPENED, request, agent, address)
        letters.opened(request)
    return request


def _same(request: Request) -> Request | None:
    """The one just like it that came a moment ago and is still open."""
    told = ("kind", "source", "company", "staff_username", "staff_name", "recipient1", "recipient2", "agent")
    alike = Request.objects.filter(
        orderer=request.orderer, state__in=OPEN, created_at__gt=timezone.now() - SAME
    ).select_related("company", "orderer")
    for other in alike:
        pairs = [(getattr(request, name), getattr(other, name)) for name in (*told, "new_number", "text")]
        if all(mine == theirs for mine, theirs in pairs):
            return other
    return None


def _next_number() -> str:
    """2026-00042: the year, and how many there have been in it. Within a transaction; others wait for it."""
    year = timezone.localdate().year
    Counter.objects.get_or_create(year=year)
    counter = Counter.objects.select_for_update().get(year=year)
    counter.last += 1
    counter.save(update_fields=["last"])
    return f"{year}-{counter.last:05d}"


def take(request_id: int, agent: User, address: str | None = None) -> Request:
    """Makes it this agent's, also if another one has it, who then sees by whom. Raises Closed."""
    with transaction.atomic():
        request = locked(request_id)
        if request.agent == agent:
            return request
        before = request.agent
        request.agent, request.taken_at, request.state = agent, timezone.now(), State.VERIFYING
        request.save(update_fields=["agent", "taken_at", "state"])
        note_down(request, What.TAKEN, agent, before.username if before else "")
        _audit(Event.REQUEST_TAKEN, request, agent, address)
    return request


def give_back(request_id: int, agent: User, address: str | None = None) -> Request:
    """Nobody's any more, and new again. Raises Closed, NotYours."""
    with transaction.atomic():
        request = locked(request_id, agent)
        request.agent, request.taken_at, request.state = None, None, State.NEW
        request.save(update_fields=["agent", "taken_at", "state"])
        note_down(request, What.GIVEN_BACK, agent)
        _audit(Event.REQUEST_GIVEN_BACK, request, agent, address)
    return request


def note(request_id: int, agent: User, text: str) -> Entry:
    """An agent's note, to a closed request too."""
    with transaction.atomic():
        return note_down(Request.objects.select_for_update().get(pk=request_id), What.NOTED, agent, text)


def reject(request_id: int, agent: User, why: str, address: str | None = None) -> Request:
    """Turns it down; the orderer is told, with the reason. Raises Closed, NotYours."""
    with transaction.atomic():
        request = locked(request_id, agent)
        close(request, State.REJECTED, agent, address)
        note_down(request, What.REJECTED, agent, why)
        letters.decided(request, why)
    return request


def withdraw(request_id: int, orderer: Orderer, address: str | None = None) -> Request:
    """The orderer takes it back. Raises Closed. That it is theirs is the caller's to know."""
    with transaction.atomic():
        request = locked(request_id)
        close(request, State.WITHDRAWN, None, address, actor=orderer)
        note_down(request, What.WITHDRAWN, orderer.name)
    return request


def locked(request_id: int, agent: User | None = None) -> Request:
    """The request for as long as the transaction lasts, if it is open, and this agent's if one is named.

    Raises Closed, NotYours, Request.DoesNotExist.
    """
    # The row first and what hangs on it afterwards: PostgreSQL locks no nullable side of a join.
    Request.objects.select_for_update().get(pk=request_id)
    request = Request.objects.select_related("company", "orderer", "agent", "decided_by").get(pk=request_id)
    if not request.open:
        raise Closed(request)
    if agent and request.agent != agent:
        raise NotYours(request)
    return request


_EVENTS = {
    State.DONE: Event.REQUEST_APPROVED,
    State.REJECTED: Event.REQUEST_REJECTED,
    State.WITHDRAWN: Event.REQUEST_WITHDRAWN,
}


def close(
    request: Request,
    state: Request.State,
    agent: User | None,
    address: str | None,
    actor: Orderer | None = None,
) -> None:
    """Ends a request that is locked, with its trail; the timeline is the caller's."""
    request.state, request.decided_at, request.decided_by = state, timezone.now(), agent
    request.save(update_fields=["state", "decided_at", "decided_by"])
    _audit(_EVENTS[state], request, agent or actor, address)


def note_down(request: Request, what: Entry.What, who: User | str | None, why: str = "") -> Entry:
    """One line of the timeline. ``who``: an agent, an orderer's name, or None for the portal itself."""
    by = By.AGENT if isinstance(who, User) else By.ORDERER if who else By.PORTAL
    name = who.username if isinstance(who, User) else who or ""
    return Entry.objects.create(request=request, by=by, who=name, what=what, state=request.state, why=why)


def _audit(event: Event, request: Request, actor: User | Orderer | None, address: str | None) -> None:
    subject = request.company or request.orderer
    audit.record(event, subject, actor=actor, result=f"{request.kind} {request.number}", address=address)
