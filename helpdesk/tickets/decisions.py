"""An agent's decision. An approved ticket carries itself out in the same transaction, or stays open and says why."""

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import directory, phones
from accounts.directory import Account
from accounts.models import Event, User
from helpdesk.models import Ticket, TimelineEntry
from helpdesk.tickets import evidence, letters, recipients, verification
from helpdesk.tickets.states import Blocked, NotVerified, SecondAgentNeeded, add_entry, close, locked, record

Kind, State, Source = Ticket.Kind, Ticket.State, Ticket.Source
What = TimelineEntry.What


def needs_verification(ticket: Ticket) -> bool:
    """A number always (H1). Recipients, unless the orderer asked while signed in with a link and a code."""
    return ticket.kind == Kind.PHONE or (ticket.kind == Kind.RECIPIENTS and ticket.source != Source.PAGES)


def approve(ticket_id: int, agent: User, address: str | None = None) -> Ticket:
    """Carries the ticket out, closes it, and tells those whom it concerns.

    Raises Closed, AssignedToOther, NotVerified, SecondAgentNeeded, DirectoryError; and Blocked, which also writes the
    blockers on the timeline. Each time nothing was carried out, and the ticket is open as before.
    """
    # The account that has the ticket's user name now. Before the lock: no row waits for a server.
    asked = Ticket.objects.get(pk=ticket_id)
    account = directory.connect().find(asked.employee_username) if asked.kind == Kind.PHONE else None
    try:
        with transaction.atomic():
            ticket = locked(ticket_id, agent)
            _may_approve(ticket, agent)
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


def _may_approve(ticket: Ticket, agent: User) -> None:
    """H1, and H2: an agent who verified the orderer does not approve, even if a colleague verified again later."""
    verified_by = [each.agent_id for each in verification.valid(ticket)]
    if not verified_by and needs_verification(ticket):
        raise NotVerified(
            _("Kontrollera först att det är beställaren: skicka en kod till beställarens mobil, eller ring upp.")
        )
    if settings.HELPDESK_FOUR_EYES and agent.pk in verified_by:
        raise SecondAgentNeeded(
            _("Du har själv kontrollerat beställaren. En annan handläggare ska ta över ärendet och godkänna det.")
        )


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
