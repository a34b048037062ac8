"""The helpdesk takes a number away: its telephone is stolen or lost, and would go on getting codes (security.md H4)."""

from __future__ import annotations

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import directory, phones
from accounts.companies import CompanyMatcher
from accounts.directory import Account
from accounts.models import Phone, User
from helpdesk.agent.lookup import seen
from helpdesk.models import OPEN, Entry, Ticket
from helpdesk.tickets import timeline
from helpdesk.tickets.creating import create_ticket
from helpdesk.tickets.details import TicketDetails
from helpdesk.tickets.refusals import TicketRefused
from helpdesk.tickets.states import close


def remove_number(account_id: str, agent: User, why: str, shown: str, address: str | None = None) -> Ticket | None:
    """Takes the account's number away; returns the request in whose timeline the reason stands.

    That is the newest open one about the account. If there is none, one is opened and closed at once, for nothing is
    left to do. ``shown``: what ``lookup.Number.seen`` was when the agent decided: another number, which came meanwhile,
    stays. One agent alone may do it, also with HELPDESK_FOUR_EYES: it opens no way in, and a thief's telephone can't
    wait for a colleague. Who links a number to the account afterwards is warned of it. None if there is no such
    account. Raises Refused, DirectoryError.
    """
    account = directory.connect().get(account_id)
    if account is None:
        return None
    with transaction.atomic():
        # The request before the account, as an approval has them, or each would wait for the other.
        about = Ticket.objects.select_for_update().filter(account=account.id, state__in=OPEN)
        ticket = about.order_by("-created_at", "-pk").first()
        # Both people in one order: two agents who do it to each other would wait for each other. Their keys stay free:
        # an approval of this agent, which has the account's row, names the agent.
        whom = [account.id, agent.directory_id]
        both = User.objects.select_for_update(no_key=True).filter(directory_id__in=whom).order_by("pk")
        user = next((each for each in both if each.directory_id == account.id), None)
        phone = Phone.objects.filter(user=user).defer("number").first() if user else None
        if phone is None:
            raise TicketRefused(_("Kontot har inget nummer längre. Inget behövde göras."))
        if seen(phone) != shown:
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
    """In Swedish, whatever language this agent's pages have: others read it later. No orderer sees it."""
    with translation.override("sv"):
        words = _("Det registrerade numret för %(account)s är borttaget. Skälet: %(why)s")
        text = words % {"account": account.username, "why": why}
        if ticket:
            timeline.add_entry(ticket, Entry.What.NOTED, agent, text)
            return ticket
        company = CompanyMatcher().company_of(account)
        # Of no company and no orderer, as the alarm of a stop: they may be the ones who are after the account.
        details = TicketDetails(
            Ticket.Kind.OTHER,
            company_name=company.name if company else account.company,
            employee_username=account.username,
            account=account.id,
            text=text,
        )
        opened = create_ticket(details, source=Ticket.Source.PORTAL, agent=agent, address=address)
        close(opened, Ticket.State.DONE, agent, address)
        timeline.add_entry(opened, Entry.What.CARRIED_OUT, agent)
        return opened
