"""A company's own staff as the directory has them: read for that company alone, and kept for a few minutes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from accounts.models import Company


@dataclass(frozen=True, slots=True)
class Member:
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


@dataclass(frozen=True, slots=True)
class StaffList:
    """All of them, most urgent first, as they stood at ``read_at``."""

    members: Sequence[Member]
    read_at: datetime


def of(company: Company, *, fresh: bool = False) -> StaffList:
    """The company's staff; ``fresh`` asks the directory now. Whether a number is registered is always as of now.

    Raises DirectoryError.
    """
    raise NotImplementedError
