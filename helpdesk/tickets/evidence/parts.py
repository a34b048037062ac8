"""What evidence is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.directory import Account
from helpdesk.models import Entry, Ticket, Verification


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
    """All that is known. ``directory_down``: of the account nothing could be told.

    ``person``: whom the user name belongs to now; ``tells_old_number``: whether an approval would tell one that is on
    file for them; ``mobile_changed``: whether the orderer's mobile on file is new.
    ``told``: whether the orderer gets a mail of the decision, as ``letters`` sends one only to who may order now.
    ``earlier``: requests of the last 12 months, newest first, for the same account or of the same orderer, at most ten
    of each. Of a closed request there are neither flags nor obstacles: it is decided.
    ``by_program``: nobody asks for anything, a program wrote the mail.
    ``verified``: each verification that counts, and ``timeline``: what happened; both newest first.
    """

    requester: Sequence[Fact]
    account: Sequence[Fact]
    number: Sequence[Fact]
    earlier: Sequence[Ticket]
    flags: Sequence[Flag]
    obstacles: Sequence[str]
    directory_down: bool = False
    person: Account | None = None
    tells_old_number: bool = False
    mobile_changed: bool = False
    told: bool = False
    by_program: bool = False
    verified: Sequence[Verification] = ()
    timeline: Sequence[Entry] = ()
