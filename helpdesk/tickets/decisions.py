"""Approving: the request carries itself out in the same transaction, or says why it can't and stays open."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import directory, phones
from accounts.directory import Account
from accounts.models import Event, User
from helpdesk.models import Entry, Ticket
from helpdesk.tickets import answers, evidence, letters, recipients, verification
from helpdesk.tickets.handling import close, locked
from helpdesk.tickets.refusals import Blocked, NotVerified, SecondAgentNeeded
from helpdesk.tickets.timeline import note_down, record

Kind, State, Source = Ticket.Kind, Ticket.State, Ticket.Source
What = Entry.What


def needs_verification(ticket: Ticket) -> bool:
    """A number always (H1). Recipients, unless the orderer asked while signed in with a link and a code."""
    return ticket.kind == Kind.PHONE or (ticket.kind == Kind.RECIPIENTS and ticket.source != Source.PAGES)


def approve(ticket_id: int, agent: User, address: str | None = None) -> Ticket:
    """Carries the request out and closes it; whom it concerns is told.

    Raises Closed, NotYours, NotVerified, FourEyes; CantCarryOut, which leaves the reasons on the timeline; and
    DirectoryError. In each case nothing of it was done and the request is open as before.
    """
    # Before the lock: no row waits for a server.
    account = _account_of(Ticket.objects.get(pk=ticket_id))
    try:
        with transaction.atomic():
            ticket = locked(ticket_id, agent)
            _may_approve(ticket, agent)
            _carry_out(ticket, account, agent, address)
            close(ticket, State.DONE, agent, address)
            note_down(ticket, What.CARRIED_OUT, agent)
            letters.decided(ticket)
            answers.decided(ticket, "")
    except Blocked as refused:
        with transaction.atomic():
            ticket = locked(ticket_id, agent)
            note_down(ticket, What.NOT_CARRIED_OUT, agent, str(refused))
            record(Event.TICKET_NOT_CARRIED_OUT, ticket, agent, address)
        raise
    return ticket


def _account_of(ticket: Ticket) -> Account | None:
    """Whom the user name belongs to now."""
    return directory.connect().find(ticket.employee_username) if ticket.kind == Kind.PHONE else None


def _may_approve(ticket: Ticket, agent: User) -> None:
    """H1, and H2: whoever made sure of the orderer is not the one who approves, not even after a colleague did too."""
    verified_by = [each.agent_id for each in verification.all_counting(ticket)]
    if not verified_by and needs_verification(ticket):
        raise NotVerified
    if settings.HELPDESK_FOUR_EYES and agent.pk in verified_by:
        raise SecondAgentNeeded


def _carry_out(ticket: Ticket, account: Account | None, agent: User, address: str | None) -> None:
    if reasons := evidence.obstacles(ticket, account):
        raise Blocked(reasons)
    if ticket.kind == Kind.PHONE:
        _link(ticket, account, agent, address)
    elif ticket.kind == Kind.RECIPIENTS:
        recipients.begin(ticket, agent, address)


def _link(ticket: Ticket, account: Account | None, agent: User, address: str | None) -> None:
    # Each is an obstacle above. Without one of them nothing is linked, and so nothing may count as carried out.
    if account is None or ticket.orderer is None:
        raise Blocked([_("Kontot eller beställaren finns inte längre. Avslå ärendet.")])
    try:
        phones.link(
            account,
            ticket.new_number,
            agent=agent,
            orderer=ticket.orderer,
            reference=ticket.number,
            address=address,
        )
    except phones.LinkRefused as refused:
        raise Blocked([str(refused)]) from refused
