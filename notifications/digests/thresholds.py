"""When it is said that a password runs out: calendar days in Stockholm. Source: manual-sv.md, "Påminnelse om när…".

A *threshold* is a number of days left, of which DIGEST_THRESHOLDS has several. Threshold *t* of an expiry date *E* is
reached on the day *E - t*, whatever the hour at which the password runs out.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

STOCKHOLM = ZoneInfo("Europe/Stockholm")


def local_date(moment: datetime) -> date:
    """The date that a calendar on the wall in Stockholm shows. ``moment`` is aware."""
    return moment.astimezone(STOCKHOLM).date()


def at(day: date, hour: int) -> datetime:
    """So many o'clock on a day in Stockholm, in UTC; not for 2 o'clock, which may be there twice or not at all."""
    return datetime.combine(day, time(hour), STOCKHOLM).astimezone(UTC)


def days_left(expires_on: date, day: date) -> int:
    """The difference of the two dates; below zero the password ran out so many days before ``day``."""
    return (expires_on - day).days


def reached(days: Collection[date], thresholds: Collection[int]) -> frozenset[date]:
    """The expiry dates of which one of the thresholds is reached on one of the days."""
    return frozenset(day + timedelta(threshold) for day in days for threshold in thresholds)


def spans(dates: Collection[date]) -> list[tuple[datetime, datetime]]:
    """The moments [first, last) of these dates, in UTC and in order; dates in a row are one span."""
    day = timedelta(1)
    firsts = sorted(date for date in dates if date - day not in dates)
    lasts = sorted(date for date in dates if date + day not in dates)
    return [(at(first, 0), at(last + day, 0)) for first, last in zip(firsts, lasts, strict=True)]
