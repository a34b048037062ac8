"""Approving: the request carries itself out in the same transaction, or says why it can't and stays open."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import directory, phones
from accounts.directory import Account
from accounts.models import Event, User
from helpdesk.models import Entry, Request
from helpdesk.tickets import answers, evidence, letters, recipients, verification
from helpdesk.tickets.handling import close, locked
from helpdesk.tickets.refusals import CantCarryOut, FourEyes, NotVerified
from helpdesk.tickets.timeline import note_down, record

Kind, State, Source = Request.Kind, Request.State, Request.Source
What = Entry.What


def needs_verification(request: Request) -> bool:
    """A number always (H1). Recipients, unless the orderer asked while signed in with a link and a code."""
    return request.kind == Kind.PHONE or (request.kind == Kind.RECIPIENTS and request.source != Source.PAGES)


def approve(request_id: int, agent: User, address: str | None = None) -> Request:
    """Carries the request out and closes it; whom it concerns is told.

    Raises Closed, NotYours, NotVerified, FourEyes; CantCarryOut, which leaves the reasons on the timeline; and
    DirectoryError. In each case nothing of it was done and the request is open as before.
    """
    # Before the lock: no row waits for a server.
    account = _account_of(Request.objects.get(pk=request_id))
    try:
        with transaction.atomic():
            request = locked(request_id, agent)
            _may_approve(request, agent)
            _carry_out(request, account, agent, address)
            close(request, State.DONE, agent, address)
            note_down(request, What.CARRIED_OUT, agent)
            letters.decided(request)
            answers.decided(request, "")
    except CantCarryOut as refused:
        with transaction.atomic():
            request = locked(request_id, agent)
            note_down(request, What.NOT_CARRIED_OUT, agent, str(refused))
            record(Event.REQUEST_NOT_CARRIED_OUT, request, agent, address)
        raise
    return request


def _account_of(request: Request) -> Account | None:
    """Whom the user name belongs to now."""
    return directory.connect().find(request.staff_username) if request.kind == Kind.PHONE else None


def _may_approve(request: Request, agent: User) -> None:
    """H1, and H2: whoever made sure of the orderer is not the one who approves, not even after a colleague did too."""
    verified_by = [each.agent_id for each in verification.all_counting(request)]
    if not verified_by and needs_verification(request):
        raise NotVerified
    if settings.HELPDESK_FOUR_EYES and agent.pk in verified_by:
        raise FourEyes


def _carry_out(request: Request, account: Account | None, agent: User, address: str | None) -> None:
    if reasons := evidence.obstacles(request, account):
        raise CantCarryOut(reasons)
    if request.kind == Kind.PHONE:
        _link(request, account, agent, address)
    elif request.kind == Kind.RECIPIENTS:
        recipients.begin(request, agent, address)


def _link(request: Request, account: Account | None, agent: User, address: str | None) -> None:
    # Each is an obstacle above. Without one of them nothing is linked, and so nothing may count as carried out.
    if account is None or request.orderer is None:
        raise CantCarryOut([_("Kontot eller beställaren finns inte längre. Avslå ärendet.")])
    try:
        phones.link(
            account,
            request.new_number,
            agent=agent,
            orderer=request.orderer,
            reference=request.number,
            address=address,
        )
    except phones.LinkRefused as refused:
        raise CantCarryOut([str(refused)]) from refused
