"""What an orderer sees of the company's staff: a part of the list, and the words for how somebody stands."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import directory, limits
from accounts.companies.files import sheets
from helpdesk.orderer.employees import Employee
from helpdesk.searches import words_of


class Part(enum.StrEnum):
    """The words that stand in the address."""

    ALL = "alla"
    EXPIRED = "utgangna"
    SOON = "snart"
    NO_NUMBER = "utan-nummer"
    BLOCKED = "sparrade"


@dataclass(frozen=True, slots=True)
class EmployeeMark:
    """A word about somebody. ``tone``: "bad": nothing works before something is done; "now": soon; "": all is well."""

    tone: str
    word: str


@dataclass(frozen=True, slots=True)
class EmployeeRow:
    """One of the staff, in words."""

    member: Employee
    days: str
    marks: Sequence[EmployeeMark]


def chosen(members: Iterable[Employee], text: str) -> list[Employee]:
    """Those in whose name or user name each word of the text stands."""
    words = [directory.folded(word) for word in words_of(text)]
    if not words:
        return list(members)
    return [
        member
        for member in members
        if all(word in directory.folded(f"{member.name} {member.username}") for word in words)
    ]


def parts_of(member: Employee) -> tuple[Part, ...]:
    """Where somebody is listed. Whoever is disabled is among the blocked, and in no other part but all."""
    if member.disabled:
        return Part.ALL, Part.BLOCKED
    found = [Part.ALL]
    if member.expired:
        found.append(Part.EXPIRED)
    elif member.days_left is not None and member.days_left <= limits.EXPIRES_SOON.days:
        found.append(Part.SOON)
    if not member.has_number:
        found.append(Part.NO_NUMBER)
    if member.locked:
        found.append(Part.BLOCKED)
    return tuple(found)


def counts(members: Iterable[Employee]) -> Counter[Part]:
    """How many of them are in each part."""
    return Counter(chain.from_iterable(map(parts_of, members)))


def row(member: Employee) -> EmployeeRow:
    return EmployeeRow(member, _days(member), _marks(member))


def as_file(members: Iterable[Employee]) -> bytes:
    """A CSV file for Excel: the five columns of the daily mail, and two more. Formulas are made inert (H7)."""
    columns = (
        *(_("Förnamn"), _("Efternamn"), _("Konto"), _("Förfalldatum"), _("Dagar kvar")),
        *(_("Mobilnummer"), _("Status")),
    )
    return sheets.write(columns, (_cells(row(member)) for member in members))


def _cells(row: EmployeeRow) -> list[str]:
    member = row.member
    return [
        *(member.given_name, member.surname, member.username),
        *(member.expires.isoformat() if member.expires else "", row.days),
        *(_("registrerat") if member.has_number else _("saknas"), ", ".join(mark.word for mark in row.marks)),
    ]


def _days(member: Employee) -> str:
    """The days that are left, or how long ago they ended; "" for whom there is no date."""
    left = member.days_left
    if left is None:
        return ""
    if left >= 0:
        return str(left)
    return ngettext("%(days)d dag sedan", "%(days)d dagar sedan", -left) % {"days": -left}


def _marks(member: Employee) -> list[EmployeeMark]:
    if member.disabled:
        return [EmployeeMark("bad", _("avstängt"))]  # the rest does not matter before somebody has opened it again
    password = _password(member)
    if not member.locked:
        return [password]
    return [EmployeeMark("bad", _("låst just nu")), *([password] if password.tone else [])]


def _password(member: Employee) -> EmployeeMark:
    left = member.days_left
    if member.must_change:
        return EmployeeMark("bad", _("måste byta lösenord"))
    if left is None:
        return EmployeeMark("", _("går aldrig ut"))
    if left < 0:
        return EmployeeMark("bad", _("har gått ut"))
    if left > limits.EXPIRES_SOON.days:
        return EmployeeMark("", _("gäller"))
    if left == 0:
        return EmployeeMark("now", _("går ut i dag"))
    return EmployeeMark("now", ngettext("går ut om %(days)d dag", "går ut om %(days)d dagar", left) % {"days": left})
