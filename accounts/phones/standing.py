"""Whether an account's password still works, for how many calendar days (Stockholm), and whether it has a number."""

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from celery.utils.functional import chunks
from django.utils import timezone

from accounts import limits
from accounts.directory import Account, Expiry
from accounts.models import Phone

IDS_AT_A_TIME = 2000  # for more of them PostgreSQL would read a whole table instead of an index
ACCOUNTS_AT_A_TIME = 500  # of a stream that may be the whole directory


class PasswordState(enum.Enum):
    """SOON: it runs out within limits.EXPIRES_SOON."""

    VALID = "valid"
    SOON = "runs out soon"
    EXPIRED = "has run out"
    MUST_CHANGE = "must be changed"
    NEVER = "never runs out"


@dataclass(frozen=True, slots=True)
class PasswordStanding:
    """``days_left`` is below zero once ``expires_on`` has passed. Both are None for MUST_CHANGE and NEVER."""

    state: PasswordState
    expires_on: date | None = None
    days_left: int | None = None

    @property
    def works(self) -> bool:
        return self.state not in (PasswordState.EXPIRED, PasswordState.MUST_CHANGE)


def password_standing(expires: datetime | date | Expiry, now: datetime) -> PasswordStanding:
    """How a password stands at ``now``. A date without a time counts to the end of its day."""
    if expires is Expiry.MUST_CHANGE:
        return PasswordStanding(PasswordState.MUST_CHANGE)
    if isinstance(expires, Expiry):
        return PasswordStanding(PasswordState.NEVER)
    day = timezone.localdate(expires) if isinstance(expires, datetime) else expires
    left = (day - timezone.localdate(now)).days
    if expires <= now if isinstance(expires, datetime) else left < 0:
        state = PasswordState.EXPIRED
    else:
        state = PasswordState.SOON if left <= limits.EXPIRES_SOON.days else PasswordState.VALID
    return PasswordStanding(state, day, left)


def ids_with_number(ids: Iterable[str]) -> set[str]:
    """Those of the accounts' ids that have a mobile number, on hold or not."""
    found: set[str] = set()
    for some in chunks(iter(ids), IDS_AT_A_TIME):
        phones = Phone.objects.filter(user__directory_id__in=some)
        found.update(phones.values_list("user__directory_id", flat=True))
    return found


def with_number(accounts: Iterable[Account]) -> Iterator[tuple[Account, bool]]:
    """Each account, and whether it has a mobile number. Streams: a few hundred accounts are held at a time."""
    for batch in chunks(iter(accounts), ACCOUNTS_AT_A_TIME):
        numbered = ids_with_number(account.id for account in batch)
        for account in batch:
            yield account, account.id in numbered
