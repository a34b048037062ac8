"""What an agent does to an account: unlocks it, clears its counts, or removes its number.

Each function raises TicketRefused and DirectoryError, and returns None if there is no such account.
"""

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import audit, directory, limits, phones
from accounts.companies import CompanyMatcher
from accounts.directory import Account
from accounts.models import Event, Phone, User
from accounts.throttling import forgetting
from helpdesk.agent.lookup import seen
from helpdesk.models import OPEN, Ticket, TimelineEntry
from helpdesk.tickets import states
from helpdesk.tickets.creating import TicketDetails, create_ticket
from helpdesk.tickets.states import TicketRefused, close


def unlock(account_id: str, agent: User, address: str | None = None) -> Account | None:
    account = _served(account_id)
    if account is None:
        return None
    if not account.locked:
        raise TicketRefused(_("Kontot är inte låst längre. Inget behövde göras."))
    if not directory.connect().unlock(account.id):
        raise TicketRefused(_("Katalogen låste inte upp kontot. En administratör har stängt av det."))
    audit.record(Event.ACCOUNT_UNLOCKED, account, actor=agent, address=address)
    return account


def forget_tries(account_id: str, agent: User, address: str | None = None) -> Account | None:
    account = _served(account_id)
    if account is None:
        return None
    try:
        forgetting.forget_tries(account, actor=agent, address=address)
    except forgetting.NothingCounted as nothing:
        raise TicketRefused(_("Det finns inget att nollställa. Portalen räknar inga fel för kontot.")) from nothing
    except forgetting.TooOften as often:
        words = _("Kontot har nollställts %(count)d gånger det senaste dygnet, och oftare går det inte.")
        raise TicketRefused(words % {"count": limits.FORGOTTEN_A_DAY}) from often
    return account


def _served(account_id: str) -> Account | None:
    account = directory.connect().get(account_id)
    if account and account.protected:
        raise TicketRefused(_("Kontot är skyddat. Portalen ändrar inget i det."))
    if account and not account.enabled:
        raise TicketRefused(_("Kontot är avstängt. Portalen ändrar inget i det."))
    return account


def remove_number(account_id: str, agent: User, why: str, shown: str, address: str | None = None) -> Ticket | None:
    """Removes the number of a stolen or lost telephone, so that it gets no more codes (security.md H4).

    Returns the ticket in whose timeline the reason stands: the newest open one about the account. If there is none,
    one is opened and closed at once. ``shown`` is ``lookup.seen`` of the number on the agent's page: one that came
    later stays. One agent alone may do it: it opens no way in, and a thief's telephone can't wait for a colleague. That
    agent can't approve the next number, though (``tickets.four_eyes``).
    """
    account = directory.connect().get(account_id)
    if account is None:
        return None
    with transaction.atomic():
        # The ticket before the account, in the order of an approval: in another order, each would wait for the other.
        about = Ticket.objects.select_for_update().filter(account=account.id, state__in=OPEN)
        ticket = about.order_by("-created_at", "-pk").first()
        # Both users in one order, or two agents who remove each other's numbers would wait for each other. Not their
        # keys: an approval that holds the account's row refers to the agent.
        ids = [account.id, agent.directory_id]
        both = User.objects.select_for_update(no_key=True).filter(directory_id__in=ids).order_by("pk")
        user = next((user for user in both if user.directory_id == account.id), None)
        phone = Phone.objects.filter(user=user).defer("number").first() if user else None
        if phone is None:
            raise TicketRefused(_("Kontot har inget nummer längre. Inget behövde göras."))
        if seen(phone.confirmed_at) != shown:
            raise TicketRefused(
                _(
                    "Kontot har fått ett annat nummer sedan du öppnade sidan. Inget är borttaget. Se när det nya "
                    "registrerades och av vem, och ta bort det bara om det är det som ska bort."
                )
            )
        ticket = _note_down(ticket, account, agent, why, address)
        try:
            phones.remove(account, agent=agent, reference=ticket.number, address=address)
        except phones.RemoveRefused as refused:
            raise TicketRefused(str(refused)) from refused
    return ticket


def _note_down(ticket: Ticket | None, account: Account, agent: User, why: str, address: str | None) -> Ticket:
    """Writes in Swedish, whatever the agent's language: colleagues read it later. No orderer sees it."""
    with translation.override("sv"):
        words = _("Det registrerade numret för %(account)s är borttaget. Skälet: %(why)s")
        text = words % {"account": account.username, "why": why}
        if ticket:
            states.add_entry(ticket, TimelineEntry.What.NOTED, agent, text)
            return ticket
        company = CompanyMatcher().company_of(account)
        # Without company and orderer, as the alarm of a stop: they may be the attackers.
        details = TicketDetails(
            Ticket.Kind.OTHER,
            company_name=company.name if company else account.company,
            employee_username=account.username,
            account=account.id,
            text=text,
        )
        opened = create_ticket(details, source=Ticket.Source.PORTAL, agent=agent, address=address)
        close(opened, Ticket.State.DONE, agent, address)
        return opened
