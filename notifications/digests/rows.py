"""Who is told of: the accounts whose turn it is, each with what its line of the mail says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import TypeVar

from django.conf import settings
from django.utils.timezone import localdate

from accounts import directory
from accounts.directory import Account
from accounts.standing import ids_with_number
from notifications.digests.thresholds import days_left, reached, spans

T = TypeVar("T")

CHUNK = 1000  # ids looked up at a time: no database takes a query of any length

# Days left on which the person gets an SMS, too, if EXPIRY_SMS is on.
SMS_THRESHOLDS = (7, 1)


@dataclass(frozen=True, slots=True)
class DigestRow:
    """One account as it stands on the day of the run. ``days_left`` below zero: its password ran out before."""

    account: Account
    expires_on: date
    days_left: int
    registered: bool  # whether there is a mobile number

    @property
    def urgency(self) -> tuple[object, ...]:
        """What rows are sorted by: the most urgent first, then the name."""
        account = self.account
        return self.days_left, account.surname.casefold(), account.given_name.casefold(), account.username, account.id


def find(day: date, days: frozenset[date]) -> tuple[list[DigestRow], list[DigestRow]]:
    """Of whom a threshold is reached on one of ``days``, and who is to be reminded by SMS. Neither is sorted.

    One pass over the directory; nothing is done for an account whose turn it is not. Raises DirectoryError.
    """
    told = reached(days, settings.DIGEST_THRESHOLDS)
    reminded = reached(days, SMS_THRESHOLDS if settings.EXPIRY_SMS else ())
    either = told | reminded
    due: list[tuple[Account, date]] = []
    if either:
        for account in directory.connect().expiring(spans(either)):
            # Always a time: expiring() leaves out the others, and the type does not know.
            if account.enabled and isinstance(account.expires, datetime):
                due.append((account, localdate(account.expires)))
    numbered = ids_with_number(account.id for account, _ in due)
    rows = [DigestRow(account, on, days_left(on, day), account.id in numbered) for account, on in due]
    return (
        [row for row in rows if row.expires_on in told],
        # For accounts that the portal does nothing for, no SMS either (security.md R6).
        [row for row in rows if row.expires_on in reminded and row.days_left >= 0 and row.account.served],
    )


def chunks(items: Iterable[T]) -> Iterator[list[T]]:
    """The items in order, CHUNK at a time."""
    rest = iter(items)
    while some := list(islice(rest, CHUNK)):
        yield some
