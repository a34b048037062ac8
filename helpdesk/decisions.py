"""Approving: the request carries itself out in the same transaction, or says why it can't and stays open."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from accounts import audit, directory, phones
from accounts.directory import Account
from accounts.models import Event, User
from helpdesk import evidence, letters, recipients, verification
from helpdesk.models import Entry, Request
from helpdesk.refusals import CantCarryOut, FourEyes, NotVerified
from helpdesk.requests import close, locked, note_down

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
    except CantCarryOut as refused:
        with transaction.atomic():
            request = locked(request_id, agent)
            note_down(request, What.NOT_CARRIED_OUT, agent, str(refused))
            result = f"{request.kind} {request.number}"
            subject = request.company or request.orderer
            audit.record(Event.REQUEST_NOT_CARRIED_OUT, subject, actor=agent, result=result, address=address)
        raise
    return request


def _account_of(request: Request) -> Account | None:
    """Whom the user name belongs to now."""
    return directory.connect().find(request.staff_username) if request.kind == Kind.PHONE else None


def _may_approve(request: Request, agent: User) -> None:
    counting = verification.counting(request)
    if counting is None:
        if needs_verification(request):
            raise NotVerified
    elif settings.HELPDESK_FOUR_EYES and counting.agent_id == agent.pk:
        raise FourEyes


def _carry_out(request: Request, account: Account | None, agent: User, address: str | None) -> None:
    if reasons := evidence.obstacles(request, account):
        raise CantCarryOut(reasons)
    if request.kind == Kind.PHONE and account and request.orderer:
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
    elif request.kind == Kind.RECIPIENTS:
        recipients.begin(request, agent, address)
