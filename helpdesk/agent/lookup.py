"""Accounts, for an agent: finding one, how it stands, and what has happened to it.

No password, no code and no digit of a registered number leaves this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, directory, numbers, phones
from accounts.audit.results import in_words
from accounts.codes import counts
from accounts.codes.counts import Counted
from accounts.companies import CompanyMatcher
from accounts.directory import Account
from accounts.models import AuditEvent, Company, Event, Phone, PhoneLink, User
from accounts.standing import PasswordStanding, ids_with_number, password_standing
from helpdesk.agent.account_tags import expiry_in_words, tags
from helpdesk.models import Ticket
from helpdesk.tags import Tag

MOST = 50  # accounts of one search; events of one account
MOST_TICKETS = 20
BY_NUMBER = "found by number"
SAME_LOOK = timedelta(minutes=10)  # loading a page again within this time leaves no second event in the trail


@dataclass(frozen=True, slots=True)
class AccountFound:
    """One account that a search found. ``company``: the register's name for it, else the directory's, or ""."""

    account: Account
    company: str
    tags: Sequence[Tag]
    has_number: bool


@dataclass(frozen=True, slots=True)
class Number:
    """What an agent may know of the number on file. ``reference``: the ticket with which the helpdesk linked it, or "".

    ``seen`` names the number without a digit of it, so that an agent removes the number that the page showed.
    """

    since: datetime
    linked: bool
    reference: str
    hold_until: datetime | None
    others: int  # accounts with the same number
    seen: str


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """A line of the account's history. ``who``: a user name, a word for the employee or the orderer, or ""."""

    at: datetime
    what: str
    result: str
    who: str


@dataclass(frozen=True, slots=True)
class AccountPage:
    """All that the page of one account shows."""

    account: Account
    company: Company | None
    tags: Sequence[Tag]
    password: PasswordStanding
    number: Number | None
    counted: Counted
    tickets: Sequence[Ticket]
    history: Sequence[AccountEvent]

    @property
    def expiry(self) -> str:
        return expiry_in_words(self.password)

    @property
    def may_unlock(self) -> bool:
        return self.account.served and self.account.locked

    @property
    def may_forget(self) -> bool:
        return self.account.served and self.counted.may_forget

    @property
    def may_remove_number(self) -> bool:
        """Also for a disabled account: once it is enabled again, codes would go to the person who has the telephone."""
        return self.number is not None and not self.account.protected


def search(text: str, agent: User, address: str | None) -> list[AccountFound]:
    """Accounts by user name, name or mail address, or by a whole mobile number, sorted by name. Raises DirectoryError.

    A search by number tells whose number it is, so it leaves a trail for each account that it found.
    """
    people = directory.connect()
    ids = _by_number(text)
    if ids is None:
        accounts = people.search(text, MOST)
    else:
        accounts = [account for account in map(people.get, ids) if account]
        _leave_trail(accounts, agent, address, BY_NUMBER)
    if not accounts:
        return []
    matcher, now = CompanyMatcher(), timezone.now()
    numbered = ids_with_number(account.id for account in accounts)
    return [
        AccountFound(account, _company_name(account, matcher), tags(account, now), account.id in numbered)
        for account in sorted(accounts, key=_by_name)
    ]


def _by_number(text: str) -> list[str] | None:
    """The ids of the accounts with this number; None if the text is no number."""
    try:
        number = numbers.parse(text)
    except numbers.NumberRefused:
        return None
    rows = phones.sharing(number).order_by("pk")
    return list(rows.values_list("user__directory_id", flat=True)[:MOST])


def _by_name(account: Account) -> tuple[str, str, str]:
    return account.surname.casefold(), account.given_name.casefold(), account.username.casefold()


def _company_name(account: Account, matcher: CompanyMatcher) -> str:
    company = matcher.company_of(account)
    return company.name if company else account.company


def look_at(account_id: str, agent: User, address: str | None) -> AccountPage | None:
    """The page of one account; leaves a trail of the look. None if there is no such account. Raises DirectoryError."""
    account = directory.connect().get(account_id)
    if account is None:
        return None
    now = timezone.now()
    _leave_trail([account], agent, address, "")
    tickets = Ticket.objects.filter(account=account.id).defer("new_number", "text").order_by("-created_at")
    return AccountPage(
        account=account,
        company=CompanyMatcher().company_of(account),
        tags=tags(account, now),
        password=password_standing(account.expires, now),
        number=_number(account),
        counted=counts.for_account(account),
        tickets=list(tickets[:MOST_TICKETS]),
        history=_history(account),
    )


def _leave_trail(accounts: Sequence[Account], agent: User, address: str | None, how: str) -> None:
    audit.record_unless_recent(Event.ACCOUNT_LOOKED_UP, accounts, SAME_LOOK, actor=agent, result=how, address=address)


def _number(account: Account) -> Number | None:
    links = PhoneLink.objects.filter(user=OuterRef("user"), stopped_at=None, usable_from=OuterRef("usable_from"))
    same = Phone.objects.filter(number_digest=OuterRef("number_digest")).order_by().values("number_digest")
    rows = Phone.objects.filter(user__directory_id=account.id).defer("number")
    phone = rows.annotate(
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
    """A text that changes when the account gets another number, or gets the same one again."""
    return phone.confirmed_at.isoformat()


def _history(account: Account) -> list[AccountEvent]:
    events = AuditEvent.objects.filter(subject=account.id).order_by("-at", "-pk")
    rows = events.values_list("at", "event", "result", "actor", audit.name_of_actor())[:MOST]
    return [
        AccountEvent(
            at=at,
            what=str(Event(event).label) if event in Event else event,
            result=in_words(result, None),
            who=_who(account, actor) or name or "",
        )
        for at, event, result, actor, name in rows
    ]


def _who(account: Account, actor: str) -> str:
    """A word for the employee and for an orderer; "" for all others, who have a user name."""
    if actor == account.id:
        return _("personen själv")
    return _("beställaren") if actor.startswith("orderer ") else ""
