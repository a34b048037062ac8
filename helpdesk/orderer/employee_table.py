"""How the employee list looks to an orderer: its parts, the words in a row, and the CSV file."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import directory
from accounts.companies.files import sheets
from accounts.phones.standing import PasswordStanding, PasswordState
from helpdesk.orderer.employees import Employee
from helpdesk.searches import words_of

ALL = "alla"
# The parts of the list, as the address calls them, and who is in each. A disabled account is in no other but these two.
PARTS: dict[str, Callable[[Employee], bool]] = {
    ALL: lambda employee: True,
    "utgangna": lambda employee: not employee.disabled and not employee.password.works,
    "snart": lambda employee: not employee.disabled and employee.password.state is PasswordState.SOON,
    "utan-nummer": lambda employee: not employee.disabled and not employee.has_number,
    "sparrade": lambda employee: employee.disabled or employee.locked,
}

_WORDS = {
    PasswordState.MUST_CHANGE: (gettext_lazy("måste byta lösenord"), "bad"),
    PasswordState.NEVER: (gettext_lazy("går aldrig ut"), ""),
    PasswordState.EXPIRED: (gettext_lazy("har gått ut"), "bad"),
    PasswordState.SOON: (gettext_lazy("går ut i dag"), "now"),
    PasswordState.VALID: (gettext_lazy("gäller"), ""),
}


def search(employees: Iterable[Employee], text: str) -> list[Employee]:
    """The employees whose name or user name contains each word of the text."""
    words = [directory.folded(word) for word in words_of(text)]
    if not words:
        return list(employees)
    return [
        employee
        for employee in employees
        if all(word in directory.folded(f"{employee.name} {employee.username}") for word in words)
    ]


def counts(employees: Sequence[Employee]) -> dict[str, int]:
    return {part: sum(map(belongs, employees)) for part, belongs in PARTS.items()}


def as_file(employees: Iterable[Employee]) -> bytes:
    """A CSV file for Excel: the five columns of the daily mail, and two more. Formulas are made inert (H7)."""
    columns = (
        *(_("Förnamn"), _("Efternamn"), _("Konto"), _("Förfalldatum"), _("Dagar kvar")),
        *(_("Mobilnummer"), _("Status")),
    )
    return sheets.write(columns, _rows(employees))


def _rows(employees: Iterable[Employee]) -> Iterator[list[str]]:
    # Of thousands of employees many stand alike: to find the words for each anew takes half of the time.
    registered, missing = _("registrerat"), _("saknas")
    standings: dict[Any, tuple[str, str, str]] = {}
    for employee in employees:
        key = (employee.password, employee.disabled, employee.locked)
        if key not in standings:
            day = employee.password.expires_on
            words = ", ".join(word for word, _tone in tags(employee))
            standings[key] = (day.isoformat() if day else "", days(employee), words)
        day_cell, left, words = standings[key]
        number = registered if employee.has_number else missing
        yield [employee.given_name, employee.surname, employee.username, day_cell, left, number, words]


def days(employee: Employee) -> str:
    """The days left, or since the password ran out; "" if it has no date."""
    left = employee.password.days_left
    if left is None or left >= 0:
        return "" if left is None else str(left)
    return ngettext("%(days)d dag sedan", "%(days)d dagar sedan", -left) % {"days": -left}


def tags(employee: Employee) -> list[tuple[str, str]]:
    """For templates/helpdesk/tags.html."""
    if employee.disabled:
        return [(_("avstängt"), "bad")]  # the rest does not matter before the account is enabled again
    password = _password(employee.password)
    if not employee.locked:
        return [password]
    return [(_("låst just nu"), "bad"), *([password] if password[1] else [])]


def _password(password: PasswordStanding) -> tuple[str, str]:
    left = password.days_left
    if password.state is PasswordState.SOON and left:
        words = ngettext("går ut om %(days)d dag", "går ut om %(days)d dagar", left) % {"days": left}
        return words, "now"
    word, tone = _WORDS[password.state]
    return str(word), tone
