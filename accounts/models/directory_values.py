"""Directory values: what marks an account as a company's, and how two of them are compared."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.directory import folded, normal_unit, units_of
from idportal.text import one_line

LONGEST_KEY = 500  # characters
LONGEST_LINE = 2000  # characters: normalising a longer line takes too long
MOST_VALUES = 100  # of one company
BETWEEN = "|"  # parts the directory values in one cell of a file, so no value can hold it

_UNIT = re.compile(r"(ou|cn|o|dc)\s*=.+,\s*(ou|cn|o|dc)\s*=", re.IGNORECASE)


def is_unit(value: str) -> bool:
    """Whether a directory value is the DN of a unit. Any other value stands in the company attribute."""
    return _UNIT.match(value) is not None


def key_of(value: str) -> str:
    """The same text for directory values that a directory takes for equal."""
    return f"unit {normal_unit(value)}" if is_unit(value) else f"value {folded(value)}"


def keys_of_account(unit: str, company: str) -> Iterator[str]:
    """The keys that fit an account with this unit and company attribute: its innermost unit first, its company last."""
    yield from (f"unit {each}" for each in units_of(unit))
    if company:
        yield f"value {folded(company)}"


def normalise_values(text: str) -> str:
    """Directory values, one a line, each once. Raises ValidationError."""
    too_long = ValidationError(_("Ett värde är för långt. Skriv högst 480 tecken på varje rad."))
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_VALUES:
        raise ValidationError(_("Det är för många värden. Skriv högst 100."))
    if any(len(line) > LONGEST_LINE for line in lines):
        raise too_long
    if any(BETWEEN in line for line in lines):
        raise ValidationError(_("Tecknet | kan inte ingå i ett värde. Skriv ett värde på varje rad."))
    values: dict[str, str] = {}
    for line in lines:
        if value := one_line(line):
            values.setdefault(key_of(value), value)
    if any(len(key) > LONGEST_KEY for key in values):
        raise too_long
    return "\n".join(values.values())
