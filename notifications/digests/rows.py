"""The accounts in a day's run, each with what its line of the mail says.

A *threshold* is a number of days left; DIGEST_THRESHOLDS has several. Days are calendar days in Stockholm: threshold
*t* of an expiry date *E* is reached on the day *E - t*, at whatever hour the password runs out.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from sys import intern

from django.conf import settings
from django.utils.timezone import localdate

from accounts import directory
from accounts.directory import Account
from accounts.phones.standing import ids_with_number
from idportal.clock import at_hour

# Days left on which the employee gets an SMS, too, if EXPIRY_SMS is on.
SMS_THRESHOLDS = (7, 1)


@dataclass(frozen=True, slots=True)
class DigestRow:
    """One account on the day of the run. ``days_left`` below zero: its password ran out before."""

    account: Account
    expires_on: date
    days_left: int
    registered: bool  # whether it has a mobile number


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
                due.append((_lean(account), localdate(account.expires)))
    numbered = ids_with_number(account.id for account, _ in due)
    rows = [DigestRow(account, on, (on - day).days, account.id in numbered) for account, on in due]
    del due, numbered
    rows.sort(key=_urgency)
    return (
        [row for row in rows if row.expires_on in told],
        # For accounts that the portal does nothing for, no SMS either (security.md R6).
        [row for row in rows if row.expires_on in reminded and row.days_left >= 0 and row.account.served],
    )


def _lean(account: Account) -> Account:
    """For a large directory: without what no line says, and with one copy of a text that many accounts share."""
    return replace(
        account,
        mail="",
        password_last_set=None,
        given_name=intern(account.given_name),
        surname=intern(account.surname),
        company=intern(account.company),
        unit=intern(account.unit),
    )


def _urgency(row: DigestRow) -> tuple[object, ...]:
    account = row.account
    surname, given_name = (intern(name.casefold()) for name in (account.surname, account.given_name))
    return row.days_left, surname, given_name, account.username, account.id


def reached(days: Collection[date], thresholds: Collection[int]) -> frozenset[date]:
    """The expiry dates of which one of the thresholds is reached on one of the days."""
    return frozenset(day + timedelta(threshold) for day in days for threshold in thresholds)


def spans(dates: Collection[date]) -> list[tuple[datetime, datetime]]:
    """The moments [first, last) of these dates, in UTC and in order; dates in a row are one span."""
    day = timedelta(1)
    firsts = sorted(date for date in dates if date - day not in dates)
    lasts = sorted(date for date in dates if date + day not in dates)
    return [(at_hour(first, 0), at_hour(last + day, 0)) for first, last in zip(firsts, lasts, strict=True)]
