"""What is known beside what is asked, and what speaks against it: for the agent who decides.

Facts and flags are made anew each time from the directory and the registers. A red flag says what is odd and what to
do; an obstacle is what ``decisions.approve`` refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.directory import Account
from helpdesk.models import Request


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: what, how it stands, and whether that is as it should be (None: neither)."""

    label: str
    value: str
    good: bool | None = None


@dataclass(frozen=True, slots=True)
class Flag:
    """What is odd, and what to do about it."""

    text: str
    advice: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known. ``directory_down``: of the account nothing could be told."""

    requester: Sequence[Fact]
    account: Sequence[Fact]
    number: Sequence[Fact]
    earlier: Sequence[Request]
    flags: Sequence[Flag]
    obstacles: Sequence[str]
    directory_down: bool = False


def of(request: Request) -> Evidence:
    """All of it, for the page."""
    raise NotImplementedError


def obstacles(request: Request, account: Account | None) -> list[str]:
    """Why the request can't be carried out as things stand, in words that say what to do; empty if it can.

    ``account``: whom the user name of a PHONE request belongs to now.
    """
    raise NotImplementedError
