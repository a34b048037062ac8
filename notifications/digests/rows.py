"""The accounts that a day's run tells of, each with what its line of the mail says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.utils.timezone import localdate

from accounts import directory
from accounts.directory import Account
from accounts.standing import ids_with_number
from notifications.digests.thresholds import days_left, reached, spans
from notifications.models import Message

# Days left on which the employee gets an SMS, too, if EXPIRY_SMS is on.
SMS_THRESHOLDS = (7, 1)


@dataclass(frozen=True, slots=True)
class DigestRow:
    """One account on the day of the run. ``days_left`` below zero: its password ran out before."""

    account: Account
    expires_on: date
    days_left: int
    registered: bool  # whether it has a mobile number

    @property
    def urgency(self) -> tuple[object, ...]:
        """The key to sort by: the most urgent first, then the name."""
        account = self.account
        return self.days_left, account.surname.casefold(), account.given_name.casefold(), account.username, account.id


@dataclass(frozen=True, slots=True)
class PlannedMessage:
    """A mail with these rows, or the SMS for the one row."""

    message: Message
    rows: Sequence[DigestRow]


def find(day: date, days: frozenset[date]) -> tuple[list[DigestRow], list[DigestRow]]:
    """The accounts that reach a threshold on one of ``days``, and those whose employee gets an SMS; most urgent first.

    One pass over the directory, for the accounts that are due alone. Raises DirectoryError.
    """
    told = reached(days, settings.DIGEST_THRESHOLDS)
    reminded = reached(days, SMS_THRESHOLDS if settings.EXPIRY_SMS else ())
    due: list[tuple[Account, date]] = []
    if either := told | reminded:
        for account in directory.connect().expiring(spans(either)):
            # Always a time: expiring() leaves out the others, and the type does not know.
            if account.enabled and isinstance(account.expires, datetime):
                due.append((account, localdate(account.expires)))
    numbered = ids_with_number(account.id for account, _ in due)
    rows = [DigestRow(account, on, days_left(on, day), account.id in numbered) for account, on in due]
    rows.sort(key=lambda row: row.urgency)
    return (
        [row for row in rows if row.expires_on in told],
        # For accounts that the portal does nothing for, no SMS either (security.md R6).
        [row for row in rows if row.expires_on in reminded and row.days_left >= 0 and row.account.served],
    )
