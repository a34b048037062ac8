"""The days on which the mail tells that a password runs out. Source: manual-sv.md, "Påminnelse om när lösenordets…".

A *threshold* is a number of days left; DIGEST_THRESHOLDS has several. Days are calendar days in Stockholm: threshold
*t* of an expiry date *E* is reached on the day *E - t*, at whatever hour the password runs out.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta

from idportal.clock import at_hour


def days_left(expires_on: date, day: date) -> int:
    """Days from ``day`` to the expiry date; below zero: the password ran out so many days before ``day``."""
    return (expires_on - day).days


def reached(days: Collection[date], thresholds: Collection[int]) -> frozenset[date]:
    """The expiry dates of which one of the thresholds is reached on one of the days."""
    return frozenset(day + timedelta(threshold) for day in days for threshold in thresholds)


def spans(dates: Collection[date]) -> list[tuple[datetime, datetime]]:
    """The moments [first, last) of these dates, in UTC and in order; dates in a row are one span."""
    day = timedelta(1)
    firsts = sorted(date for date in dates if date - day not in dates)
    lasts = sorted(date for date in dates if date + day not in dates)
    return [(at_hour(first, 0), at_hour(last + day, 0)) for first, last in zip(firsts, lasts, strict=True)]
