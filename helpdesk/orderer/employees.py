"""A company's employees as the directory has them: read for that company alone, and kept for a few minutes."""

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache

from cryptography.fernet import InvalidToken
from django.core.cache import cache
from django.db.models import Count, Max
from django.utils import timezone
from redis import RedisError

from accounts import directory, limits
from accounts.companies import CompanyMatcher
from accounts.directory import DirectoryError, Expiry
from accounts.models import Company, DirectoryKey
from accounts.models.companies import is_unit
from accounts.phones.standing import PasswordStanding, PasswordState, ids_with_number, password_standing
from accounts.privacy.encryption import digest, seal, unseal
from idportal.clock import at_hour

log = logging.getLogger("idportal.helpdesk")

LIST_KEPT = 5 * 60  # seconds: the directory is read once for an orderer who looks through the pages of the list

# Days. A password that ran out at most so long ago is as pressing as one that will: later, many have left the company.
PRESSING = 30

# After all letters, in the order of the Swedish alphabet.
_SWEDISH = str.maketrans("åäö", "{|}")


@dataclass
class Employee:
    """An employee's account. ``expires``: the day in Stockholm. The orderer never sees the number itself."""

    expires: date | Expiry
    id: str
    username: str
    given_name: str
    surname: str
    locked: bool
    disabled: bool
    has_number: bool = False
    # By the day alone, as of the day on which the list is looked at.
    password: PasswordStanding = field(init=False, repr=False, compare=False)

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.surname}".strip()

    @property
    def can_sign_in(self) -> bool:
        """Whether the employee can register a number with the password, without help."""
        return self.password.works and not (self.locked or self.disabled)


@lru_cache(maxsize=1000)
def _standing(expires: date | Expiry, day: date) -> PasswordStanding:
    """How a password stands on a day. Kept, since many employees share a date."""
    return password_standing(expires, at_hour(day, 0))


@dataclass(frozen=True, slots=True)
class EmployeeList:
    """All employees, the most urgent first, as they stood at ``read_at``."""

    employees: Sequence[Employee]
    read_at: datetime


def of_company(company: Company, *, fresh: bool = False) -> EmployeeList:
    """The company's employees. ``fresh`` asks the directory now; has_number is always as of now.

    Protected accounts are left out: the portal does nothing for them. If the directory doesn't answer, the kept list
    is given, with the time at which it was read. Raises DirectoryError if there is none.
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
    numbered = ids_with_number(employee.id for employee in found.employees)
    today = timezone.localdate()  # once: to ask the clock for each of thousands takes longer than to sort them
    for employee in found.employees:
        employee.has_number, employee.password = employee.id in numbered, _standing(employee.expires, today)
    return EmployeeList(sorted(found.employees, key=_urgency), found.read_at)


def refreshed(company: Company) -> EmployeeList | None:
    """As :func:`of_company`, fresh; None if the list was refreshed less than EMPLOYEES_READ_AGAIN seconds ago."""
    due = True
    with _cache_may_be_down():
        due = cache.add(f"{_key(company)}/again", 1, limits.EMPLOYEES_READ_AGAIN)
    return of_company(company, fresh=True) if due else None


def find(company: Company, listed: Sequence[Employee], username: str) -> Employee | None:
    """The employee with this user name. A new one is not listed yet: the list is refreshed then, if that is due."""
    wanted = directory.folded(username)

    def among(employees: Sequence[Employee]) -> Employee | None:
        return next((employee for employee in employees if directory.folded(employee.username) == wanted), None)

    if found := among(listed):
        return found
    newer = refreshed(company)
    return among(newer.employees) if newer else None


def _read(company: Company) -> list[Employee]:
    values = company.values
    units = [value for value in values if is_unit(value)]
    others = [value for value in values if not is_unit(value)]
    # An account that another company's unit contains belongs to that company, whatever its attribute says.
    matcher = CompanyMatcher()
    return [
        Employee(
            id=account.id,
            username=account.username,
            given_name=account.given_name,
            surname=account.surname,
            expires=timezone.localdate(account.expires) if isinstance(account.expires, datetime) else account.expires,
            locked=account.locked,
            disabled=not account.enabled,
        )
        for account in directory.connect().belonging_to(others, units)
        if not account.protected and matcher.company_of(account) == company
    ]


def _urgency(employee: Employee) -> tuple[int, int, str, str, str]:
    """Sorts by urgency: just run out, runs out soonest, ran out long ago, runs out late, never, disabled."""
    state, left = employee.password.state, employee.password.days_left or 0
    if employee.disabled:
        place, days = 5, 0
    elif state is PasswordState.NEVER:
        place, days = 4, 0
    elif employee.password.works:
        place, days = (1, left) if left <= PRESSING else (3, left)
    else:
        place, days = (0, -left) if -left <= PRESSING else (2, -left)
    return place, days, swedish(employee.surname), swedish(employee.given_name), employee.username


def swedish(text: str) -> str:
    """For sorting: å, ä and ö come last, in this order."""
    return text.casefold().translate(_SWEDISH)


# The cache. Redis writes what it holds to disk, so the list is sealed (security.md X1).
_KEPT = ("expires", "id", "username", "given_name", "surname", "locked", "disabled")


def _key(company: Company) -> str:
    """Changes once any company gets other values: its employees may be another company's then (H5)."""
    keys = DirectoryKey.objects.aggregate(count=Count("pk"), last=Max("pk"))
    return f"employees/{company.pk}/{digest('|'.join(company.values), 'employees')}/{keys['count']}/{keys['last']}"


def keep(company: Company, found: EmployeeList) -> None:
    rows = [[getattr(employee, name) for name in _KEPT] for employee in found.employees]
    text, key = json.dumps([found.read_at.isoformat(), rows], default=_as_text), _key(company)
    with _cache_may_be_down():
        cache.set(key, seal(text, key), LIST_KEPT)


def _kept(company: Company) -> EmployeeList | None:
    key, sealed = _key(company), None
    with _cache_may_be_down():
        sealed = cache.get(key)
    if not sealed:
        return None
    try:
        read_at, rows = json.loads(unseal(str(sealed), key))
    except InvalidToken:
        return None  # sealed with a key that is gone
    without_day = {expiry.value: expiry for expiry in Expiry}
    employees = [Employee(without_day.get(text) or date.fromisoformat(text), *others) for text, *others in rows]
    return EmployeeList(employees, datetime.fromisoformat(read_at))


def _as_text(expires: date | Expiry) -> str:
    return expires.value if isinstance(expires, Expiry) else expires.isoformat()


@contextmanager
def _cache_may_be_down() -> Iterator[None]:
    """Without a cache, each page asks the directory."""
    try:
        yield
    except RedisError as error:
        log.error("the cache is not available: %s", type(error).__name__)
