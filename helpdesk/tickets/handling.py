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
from helpdesk.models import Entry, Request
from helpdesk.tickets import answers, letters
from helpdesk.tickets.creating import open_other, open_phone, open_recipients
from helpdesk.tickets.missing import changed_words
from helpdesk.tickets.refusals import Closed, NotYours, Refused
from helpdesk.tickets.timeline import note_down, record

State, What = Request.State, Entry.What


class Wanted(NamedTuple):
    """What a request asks for, all of it. Named as the fields of Request; what its kind has no use for is blank."""

    kind: Request.Kind
    company: Company | None = None
    orderer: Orderer | None = None
    company_name: str = ""
    orderer_name: str = ""
    staff_name: str = ""
    staff_username: str = ""
    account: str = ""
    new_number: str = ""
    recipient1: str = ""
    recipient2: str = ""
    text: str = ""


__all__ = [
    "Wanted",
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
        record(Event.REQUEST_TAKEN, request, agent, address)
    return request


def give_back(request_id: int, agent: User, address: str | None = None) -> Request:
    """Nobody's any more, and new again. Raises Closed, NotYours."""
    with transaction.atomic():
        request = locked(request_id, agent)
        request.agent, request.taken_at, request.state = None, None, State.NEW
        request.save(update_fields=["agent", "taken_at", "state"])
        note_down(request, What.GIVEN_BACK, agent)
        record(Event.REQUEST_GIVEN_BACK, request, agent, address)
    return request


def complete(request_id: int, agent: User, wanted: Wanted, address: str | None = None) -> Request:
    """Writes down what a mail did not tell, or told wrongly. Whoever was verified before did not stand behind this.

    Raises Closed, NotYours, and Refused for what did not come by mail: there somebody filled in a form.
    """
    with transaction.atomic():
        request = locked(request_id, agent)
        if request.source != Request.Source.MAIL:
            raise Refused(_("Bara det som kom med mejl kan fyllas i. Avslå ärendet, och öppna ett nytt."))
        before = request.orderer
        changed = [name for name, value in wanted._asdict().items() if getattr(request, name) != value]
        for name in changed:
            setattr(request, name, getattr(wanted, name))
        if not changed and not request.unread and not request.doubts:
            return request
        request.unread, request.doubts, request.changed_at = {}, [], timezone.now()
        request.save()
        note_down(request, What.COMPLETED, agent, changed_words(changed))
        record(Event.REQUEST_COMPLETED, request, agent, address)
        if request.orderer and request.orderer != before:
            letters.mailed(request, unread={}, by_address=False, key=str(request.orderer.pk))
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
        answers.decided(request, why)
    return request


def withdraw(request_id: int, orderer: Orderer, address: str | None = None) -> Request:
    """The orderer takes it back. Raises Closed. That it is theirs is the caller's to know."""
    with transaction.atomic():
        request = locked(request_id)
        close(request, State.WITHDRAWN, None, address, actor=orderer)
        note_down(request, What.WITHDRAWN, orderer.name)
        answers.decided(request, "")
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
    record(_EVENTS[state], request, agent or actor, address)
