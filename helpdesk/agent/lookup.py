"""Accounts, for an agent: finding one, how it stands, what has happened to it; unlocking it, and wiping its count.

No password, no code and no digit of a registered number comes out of here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, directory, limits, numbers
from accounts.audit.results import in_words
from accounts.codes import counts
from accounts.codes.counts import Counted
from accounts.companies import CompanyMatcher
from accounts.directory import Account
from accounts.encryption import digest
from accounts.models import AuditEvent, Company, Event, Phone, PhoneLink, User
from helpdesk.agent.account_marks import AccountMark, Expiring, expiry, marks
from helpdesk.models import Ticket
from helpdesk.tickets.refusals import TicketRefused

MOST = 50  # accounts of one search; events of one account
REQUESTS = 20
BY_NUMBER = "found by number"
SAME_LOOK = timedelta(minutes=10)  # a page that is loaded again meanwhile is still the same look


@dataclass(frozen=True, slots=True)
class AccountsFound:
    """One account that a search found. ``company``: the register's name for it, else the directory's, or ""."""

    account: Account
    company: str
    marks: Sequence[AccountMark]
    registered: bool


@dataclass(frozen=True, slots=True)
class Number:
    """What may be told of the number on file. ``reference``: the request with which the helpdesk linked it, or "".

    ``seen``: which one it is, without a digit of it, for what is decided on the page that tells of it.
    """

    since: datetime
    linked: bool
    reference: str
    hold_until: datetime | None
    others: int  # accounts with the same number
    seen: str


@dataclass(frozen=True, slots=True)
class Happened:
    """A line of the account's history. ``who``: a user name, or a word for somebody without one."""

    at: datetime
    what: str
    result: str
    who: str


@dataclass(frozen=True, slots=True)
class AccountPage:
    """All that the page of one account shows."""

    account: Account
    company: Company | None
    marks: Sequence[AccountMark]
    expiry: Expiring
    number: Number | None
    counted: Counted
    tickets: Sequence[Ticket]
    history: Sequence[Happened]

    @property
    def may_unlock(self) -> bool:
        return self.account.served and self.account.locked

    @property
    def may_forget(self) -> bool:
        return self.account.served and self.counted.may_forget

    @property
    def may_remove_number(self) -> bool:
        """Of a disabled account, too: once that is opened again, codes would go to whoever has the telephone."""
        return self.number is not None and not self.account.protected


def search(text: str, agent: User, address: str | None) -> list[AccountsFound]:
    """Accounts by user name, name or mail address, or by a whole mobile number, by name. Raises DirectoryError.

    Whose a number is leaves a trail for each account that was found. The page of a request tells it, too: that it was
    opened, and by whom, is in the trail.
    """
    people = directory.connect()
    found = _by_number(text)
    if found is None:
        accounts = people.search(text, MOST)
    else:
        accounts = [each for each in map(people.get, found) if each]
        _leave_trail(accounts, agent, address, BY_NUMBER)
    if not accounts:
        return []
    belonging, now = CompanyMatcher(), timezone.now()
    with_number = set(
        Phone.objects.filter(user__directory_id__in=[account.id for account in accounts]).values_list(
            "user__directory_id", flat=True
        )
    )
    return [
        AccountsFound(account, _company_name(account, belonging), marks(account, now), account.id in with_number)
        for account in sorted(accounts, key=_by_name)
    ]


def _by_number(text: str) -> list[str] | None:
    """The ids of the accounts with this number; None if it isn't one."""
    try:
        number = numbers.parse(text)
    except numbers.NumberRefused:
        return None
    rows = Phone.objects.filter(number_digest=digest(number, "number")).order_by("pk")
    return list(rows.values_list("user__directory_id", flat=True)[:MOST])


def _by_name(account: Account) -> tuple[str, str, str]:
    return account.surname.casefold(), account.given_name.casefold(), account.username.casefold()


def _company_name(account: Account, belonging: CompanyMatcher) -> str:
    company = belonging.company_of(account)
    return company.name if company else account.company


def look_at(account_id: str, agent: User, address: str | None) -> AccountPage | None:
    """One account with all that is known, and the trail of the look; None if there is none. Raises DirectoryError."""
    account = directory.connect().get(account_id)
    if account is None:
        return None
    now = timezone.now()
    _leave_trail([account], agent, address, "")
    return AccountPage(
        account=account,
        company=CompanyMatcher().company_of(account),
        marks=marks(account, now),
        expiry=expiry(account, now),
        number=_number(account),
        counted=counts.for_account(account),
        tickets=list(
            Ticket.objects.filter(account=account.id).defer("new_number", "text").order_by("-created_at")[:REQUESTS]
        ),
        history=_history(account),
    )


def _leave_trail(accounts: Sequence[Account], agent: User, address: str | None, how: str) -> None:
    audit.record_unless_told(Event.ACCOUNT_LOOKED_UP, accounts, SAME_LOOK, actor=agent, result=how, address=address)


def _number(account: Account) -> Number | None:
    links = PhoneLink.objects.filter(user=OuterRef("user"), stopped_at=None, usable_from=OuterRef("usable_from"))
    same = Phone.objects.filter(number_digest=OuterRef("number_digest")).order_by().values("number_digest")
    phones = Phone.objects.filter(user__directory_id=account.id).defer("number")
    phone = phones.annotate(
        reference=Subquery(links.order_by("-made_at").values("reference")[:1]),
        accounts=Subquery(same.annotate(count=Count("pk")).values("count")),
    ).first()
    if phone is None:
        return None
    return Number(
        since=phone.confirmed_at,
        linked=phone.usable_from is not None,  # set for a number that the helpdesk linked, and for no other
        reference=phone.reference or "",
        hold_until=phone.usable_from if phone.on_hold else None,
        others=phone.accounts - 1,
        seen=seen(phone),
    )


def seen(phone: Phone) -> str:
    """Another one once the account has another number, or has got the same one anew."""
    return phone.confirmed_at.isoformat()


def _history(account: Account) -> list[Happened]:
    events = AuditEvent.objects.filter(subject=account.id).order_by("-at", "-pk")
    rows = events.values_list("at", "event", "result", "actor", audit.name_of_actor())[:MOST]
    return [
        Happened(
            at=at,
            what=str(Event(event).label) if event in Event else event,
            result=in_words(result, None),
            who=_who(account, actor) or name or "",
        )
        for at, event, result, actor, name in rows
    ]


def _who(account: Account, actor: str) -> str:
    """A word for somebody who is called by no user name, or ""."""
    if actor == account.id:
        return _("personen själv")
    return _("beställaren") if actor.startswith("orderer ") else ""


def unlock(account_id: str, agent: User, address: str | None = None) -> Account | None:
    """Clears a lock-out. None if there is no such account. Raises Refused, DirectoryError."""
    people = directory.connect()
    account = people.get(account_id)
    if account is None:
        return None
    _may_touch(account)
    if not account.locked:
        raise TicketRefused(_("Kontot är inte låst längre. Inget behövde göras."))
    if not people.unlock(account.id):
        raise TicketRefused(_("Katalogen låste inte upp kontot. En administratör har stängt det."))
    audit.record(Event.ACCOUNT_UNLOCKED, account, actor=agent, address=address)
    return account


def forget_tries(account_id: str, agent: User, address: str | None = None) -> Account | None:
    """Wipes what is counted against an account. None if there is no such account. Raises Refused, DirectoryError."""
    account = directory.connect().get(account_id)
    if account is None:
        return None
    _may_touch(account)
    try:
        counts.forget_tries(account, actor=agent, address=address)
    except counts.NothingCounted as nothing:
        raise TicketRefused(_("Det finns inget att nollställa. Portalen räknar inga fel för kontot.")) from nothing
    except counts.TooOften as often:
        words = _("Kontot har nollställts %(count)d gånger det senaste dygnet, och oftare går det inte.")
        raise TicketRefused(words % {"count": limits.FORGOTTEN_A_DAY}) from often
    return account


def _may_touch(account: Account) -> None:
    if account.protected:
        raise TicketRefused(_("Kontot är skyddat. Portalen ändrar inget i det."))
    if not account.enabled:
        raise TicketRefused(_("Kontot är avstängt. Portalen ändrar inget i det."))
