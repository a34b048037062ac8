"""A month in Stockholm, as the overview shows one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format

STOCKHOLM = ZoneInfo("Europe/Stockholm")

_WRITTEN = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


def today() -> date:
    """In Stockholm."""
    return timezone.now().astimezone(STOCKHOLM).date()


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """``str()`` of it is as an address has it: 2026-11."""

    year: int
    month: int

    @classmethod
    def of(cls, day: date) -> Month:
        return cls(day.year, day.month)

    @classmethod
    def read(cls, text: str) -> Month | None:
        """What :meth:`__str__` has written; None for anything else."""
        found = _WRITTEN.fullmatch(text)
        return cls(int(found[1]), int(found[2])) if found else None

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02d}"

    @property
    def name(self) -> str:
        """November 2026, in the language that is active."""
        return date_format(self.first, "F Y")

    @property
    def first(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def previous(self) -> Month:
        return Month.of(self.first - timedelta(days=1))

    @property
    def next(self) -> Month:
        return Month.of(self.first + timedelta(days=31))

    @property
    def begins(self) -> datetime:
        """Its first moment; the next month's is the first that is not in it any more."""
        return datetime(self.year, self.month, 1, tzinfo=STOCKHOLM)

    def days(self, until: date) -> Iterator[date]:
        """Its days, up to and with ``until``."""
        day = self.first
        while day < self.next.first and day <= until:
            yield day
            day += timedelta(days=1)
