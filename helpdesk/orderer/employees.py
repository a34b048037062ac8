"""A company's own staff as the directory has them: read for that company alone, and kept for a few minutes."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from cryptography.fernet import InvalidToken
from django.core.cache import cache
from django.db.models import Count, Max
from django.utils import timezone
from redis import RedisError

from accounts import directory, limits
from accounts.companies import CompanyMatcher
from accounts.directory import Account, DirectoryError, Expiry
from accounts.encryption import digest, seal, unseal
from accounts.models import Company, DirectoryKey, Phone
from accounts.models.directory_values import is_unit
from notifications.digests.thresholds import days_left, local_date

log = logging.getLogger("idportal.helpdesk")

STAFF_KEPT = 5 * 60  # seconds: a list that is looked through, page by page, is read from the directory once

# Days for which an end that has passed is as pressing as one to come. Who ran out longer ago has often left.
PRESSING = 30
IDS_AT_A_TIME = 10_000  # SQLite takes 32,766 in a query

# After all letters, in the order of the Swedish alphabet.
_SWEDISH = str.maketrans("åäö", "{|}")


@dataclass(frozen=True, slots=True)
class Employee:
    """One of the staff. ``expires``: the day in Stockholm, None if there is none; ``days_left``: below zero: ran out.

    ``has_number``: whether one is registered; which, the orderer never sees.
    """

    id: str
    username: str
    given_name: str
    surname: str
    expires: date | None
    days_left: int | None
    must_change: bool
    locked: bool
    disabled: bool
    has_number: bool = False

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.surname}".strip()

    @property
    def expired(self) -> bool:
        """Whether the password lets nobody in any more, as far as the day tells."""
        return self.must_change or (self.days_left is not None and self.days_left < 0)


@dataclass(frozen=True, slots=True)
class EmployeeList:
    """All of them, most urgent first, as they stood at ``read_at``."""

    members: Sequence[Employee]
    read_at: datetime


def of_company(company: Company, *, fresh: bool = False) -> EmployeeList:
    """The company's staff; ``fresh`` asks the directory now. Whether a number is registered is always as of now.

    Protected accounts are left out: nothing is done about them here. If the directory can't be asked, what is kept is
    given, with the time at which it was read. Raises DirectoryError if nothing is.
    """
    kept = _kept(company)
    found = None if fresh else kept
    if found is None:
        try:
            found = EmployeeList(_read(company), timezone.now())
        except DirectoryError as error:
            if kept is None:
                raise
            log.warning("the directory is not available, an older list is shown: %s (%s)", type(error).__name__, error)
            found = kept
        else:
            keep(company, found)
    return EmployeeList(sorted(_as_of_now(found.members), key=_urgency), found.read_at)


def again(company: Company) -> EmployeeList | None:
    """As :func:`of`, fresh; None if the list of this company was asked for so just before."""
    try:
        due = cache.add(f"{_key(company)}/again", 1, limits.STAFF_READ_AGAIN)
    except RedisError as error:
        _complain(error)
        due = True  # each look at the list asks the directory now, whoever presses what
    return of_company(company, fresh=True) if due else None


# From the directory.


def _read(company: Company) -> list[Employee]:
    values = company.values
    units = [value for value in values if is_unit(value)]
    others = [value for value in values if not is_unit(value)]
    # Another company's unit is more exact than this one's attribute.
    belonging = CompanyMatcher()
    return [
        _member(account)
        for account in directory.connect().belonging_to(others, units)
        if not account.protected and belonging.company_of(account) == company
    ]


def _member(account: Account) -> Employee:
    return Employee(
        id=account.id,
        username=account.username,
        given_name=account.given_name,
        surname=account.surname,
        expires=local_date(account.expires) if isinstance(account.expires, datetime) else None,
        days_left=None,
        must_change=account.expires is Expiry.MUST_CHANGE,
        locked=account.locked,
        disabled=not account.enabled,
    )


# What is added each time.


def _as_of_now(members: Sequence[Employee]) -> Iterator[Employee]:
    """With what may have changed since they were read: who has a number, and how many days are left today."""
    numbered: set[str] = set()
    for start in range(0, len(members), IDS_AT_A_TIME):
        ids = [member.id for member in members[start : start + IDS_AT_A_TIME]]
        found = Phone.objects.filter(user__directory_id__in=ids)
        numbered.update(found.values_list("user__directory_id", flat=True))
    today = local_date(timezone.now())
    for member in members:
        left = days_left(member.expires, today) if member.expires else None
        yield replace(member, days_left=left, has_number=member.id in numbered)


def _urgency(member: Employee) -> tuple[int, int, str, str, str]:
    """Who has just run out, and who runs out soonest; then the others; those who never do; the disabled."""
    left = 0 if member.must_change else member.days_left
    if member.disabled:
        place, days = 5, 0
    elif left is None:
        place, days = 4, 0
    elif member.expired:
        place, days = (0, -left) if -left <= PRESSING else (2, -left)
    else:
        place, days = (1, left) if left <= PRESSING else (3, left)
    return place, days, swedish(member.surname), swedish(member.given_name), member.username


def swedish(text: str) -> str:
    """For sorting: å, ä and ö come last, in this order."""
    return text.casefold().translate(_SWEDISH)


# The cache. Redis writes to disk as it is, so that what it holds is sealed (security.md X1).


def _key(company: Company) -> str:
    """Another one once any company has other values: who was its staff may be another one's now (H5)."""
    keys = DirectoryKey.objects.aggregate(count=Count("pk"), last=Max("pk"))
    return f"staff/{company.pk}/{digest('|'.join(company.values), 'staff list')}/{keys['count']}/{keys['last']}"


def keep(company: Company, found: EmployeeList) -> None:
    """Keeps a list for STAFF_KEPT seconds, in which :func:`of` gives it."""
    rows = [_row_of(member) for member in found.members]
    try:
        cache.set(_key(company), seal(json.dumps([found.read_at.isoformat(), rows])), STAFF_KEPT)
    except RedisError as error:
        _complain(error)


def _kept(company: Company) -> EmployeeList | None:
    try:
        sealed = cache.get(_key(company))
        read_at, rows = json.loads(unseal(sealed)) if sealed else ("", None)
    except RedisError as error:
        _complain(error)
        return None
    except InvalidToken:
        return None  # sealed with a key that is gone
    return None if rows is None else EmployeeList([_member_of(row) for row in rows], datetime.fromisoformat(read_at))


def _row_of(member: Employee) -> list[str | bool | None]:
    expires = member.expires.isoformat() if member.expires else None
    names = (member.id, member.username, member.given_name, member.surname)
    return [*names, expires, member.must_change, member.locked, member.disabled]


def _member_of(row: list[Any]) -> Employee:
    account_id, username, given_name, surname, expires, must_change, locked, disabled = row
    day = date.fromisoformat(expires) if expires else None
    return Employee(account_id, username, given_name, surname, day, None, must_change, locked, disabled)


def _complain(error: RedisError) -> None:
    log.error("the cache is not available: %s", type(error).__name__)
