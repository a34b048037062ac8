"""A month in Stockholm, as the overview shows one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from django.utils import timezone
from django.utils.formats import date_format

_WRITTEN = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


class Month(NamedTuple):
    """``str()`` writes it as the address has it: 2026-11."""

    year: int
    month: int

    @classmethod
    def of(cls, day: date) -> Month:
        return cls(day.year, day.month)

    @classmethod
    def read(cls, text: str) -> Month | None:
        """Reads what ``str()`` wrote; None for other texts."""
        found = _WRITTEN.fullmatch(text)
        return cls(int(found[1]), int(found[2])) if found else None

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02d}"

    @property
    def name(self) -> str:
        """November 2026, in the active language."""
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
        """Its first moment."""
        return timezone.make_aware(datetime.combine(self.first, time()))

    def days(self, until: date) -> Iterator[date]:
        """Its days up to and including ``until``."""
        day = self.first
        while day < self.next.first and day <= until:
            yield day
            day += timedelta(days=1)
