"""An agent unlocks an account, or resets what is counted against it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts import audit, directory, limits
from accounts.codes import counts
from accounts.directory import Account
from accounts.models import Event, User
from helpdesk.tickets.refusals import TicketRefused


def unlock(account_id: str, agent: User, address: str | None = None) -> Account | None:
    """Clears a lock-out. None if there is no such account. Raises TicketRefused, DirectoryError."""
    people = directory.connect()
    account = people.get(account_id)
    if account is None:
        return None
    _refuse_unserved(account)
    if not account.locked:
        raise TicketRefused(_("Kontot är inte låst längre. Inget behövde göras."))
    if not people.unlock(account.id):
        raise TicketRefused(_("Katalogen låste inte upp kontot. En administratör har stängt det."))
    audit.record(Event.ACCOUNT_UNLOCKED, account, actor=agent, address=address)
    return account


def forget_tries(account_id: str, agent: User, address: str | None = None) -> Account | None:
    """Resets what is counted against an account. None if there is no such account.

    Raises TicketRefused, DirectoryError.
    """
    account = directory.connect().get(account_id)
    if account is None:
        return None
    _refuse_unserved(account)
    try:
        counts.forget_tries(account, actor=agent, address=address)
    except counts.NothingCounted as nothing:
        raise TicketRefused(_("Det finns inget att nollställa. Portalen räknar inga fel för kontot.")) from nothing
    except counts.TooOften as often:
        words = _("Kontot har nollställts %(count)d gånger det senaste dygnet, och oftare går det inte.")
        raise TicketRefused(words % {"count": limits.FORGOTTEN_A_DAY}) from often
    return account


def _refuse_unserved(account: Account) -> None:
    if account.protected:
        raise TicketRefused(_("Kontot är skyddat. Portalen ändrar inget i det."))
    if not account.enabled:
        raise TicketRefused(_("Kontot är avstängt. Portalen ändrar inget i det."))
