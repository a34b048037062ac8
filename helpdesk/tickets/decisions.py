"""An agent's decision. An approved ticket carries itself out in the same transaction, or stays open and says why."""

from collections.abc import Collection

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import directory, phones
from accounts.directory import Account
from accounts.models import Event, PhoneRemoval, User
from helpdesk.models import Ticket, TimelineEntry
from helpdesk.tickets import evidence, four_eyes, letters, recipients, verification
from helpdesk.tickets.states import (
    Blocked,
    NotVerified,
    SecondAgentNeeded,
    TicketRefused,
    add_entry,
    close,
    locked,
    record,
)

Kind, State, Source = Ticket.Kind, Ticket.State, Ticket.Source
What = TimelineEntry.What


def approve(ticket_id: int, agent: User, address: str | None = None, *, seen: str | None = None) -> Ticket:
    """Carries the ticket out, closes it, and tells those whom it concerns. ``seen``: the edition on the agent's page.

    Raises Closed, AssignedToOther, TicketRefused for an earlier edition, NotVerified, SecondAgentNeeded,
    DirectoryError; and Blocked, which also writes the blockers on the timeline. Each time nothing was carried out, and
    the ticket is open as before.
    """
    # The account that has the ticket's user name now. Before the lock: no row waits for a server.
    asked = Ticket.objects.get(pk=ticket_id)
    account = directory.connect().find(asked.employee_username) if asked.kind == Kind.PHONE else None
    try:
        with transaction.atomic():
            ticket = locked(ticket_id, agent)
            if seen is not None and seen != ticket.edition:
                raise TicketRefused(_("Uppgifterna har ändrats sedan du öppnade sidan. Läs dem innan du godkänner."))
            _may_approve(ticket, agent, _removals(account))
            _carry_out(ticket, account, agent, address)
            close(ticket, State.DONE, agent, address)
            letters.send_decision(ticket)
    except Blocked as blocked:
        with transaction.atomic():
            ticket = locked(ticket_id, agent)
            add_entry(ticket, What.NOT_CARRIED_OUT, agent, str(blocked))
            record(Event.TICKET_NOT_CARRIED_OUT, ticket, agent, address)
        raise
    return ticket


@transaction.atomic
def reject(ticket_id: int, agent: User, why: str, address: str | None = None) -> Ticket:
    """Turns the ticket down and tells the orderer why. Raises Closed, AssignedToOther."""
    ticket = locked(ticket_id, agent)
    close(ticket, State.REJECTED, agent, address, why)
    letters.send_decision(ticket, why)
    return ticket


def _removals(account: Account | None) -> list[PhoneRemoval]:
    """Locks the account too, so that no number is removed between this look and the link."""
    return phones.recent_removals(account.id) if account and User.locked(account.id) else []


def _may_approve(ticket: Ticket, agent: User, removals: Collection[PhoneRemoval]) -> None:
    """H1, H2 and H8."""
    done = verification.valid(ticket)
    if not done and four_eyes.needs_verification(ticket):
        raise NotVerified(
            _("Kontrollera först att det är beställaren: skicka en kod till beställarens mobil, eller ring upp.")
        )
    if why := four_eyes.refusal(ticket, agent, done, removals):
        raise SecondAgentNeeded(why)


def _carry_out(ticket: Ticket, account: Account | None, agent: User, address: str | None) -> None:
    if blockers := evidence.blockers_of(ticket, account):
        raise Blocked(" ".join(blockers))
    if ticket.kind == Kind.RECIPIENTS:
        recipients.begin(ticket, agent, address)
    if ticket.kind != Kind.PHONE:
        return
    # Each of the two is a blocker above. Without one nothing is linked, and so nothing may count as carried out.
    if account is None or ticket.orderer is None:
        raise Blocked(_("Kontot eller beställaren finns inte längre. Avslå ärendet."))
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
        raise Blocked(str(refused)) from refused
