"""The base of the two registers as files.

A row is read, cleaned and compared with the register; the verbs write the changes, with history and audit event. By
hand: of django-import-export each step had to be overridden, for line numbers, swaps of names, and the verbs.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Model
from django.utils.translation import gettext as _

from accounts.companies.files.sheets import Problem, SheetRow
from accounts.models import User


@dataclass(frozen=True, slots=True)
class Difference:
    """The old and the new text of a column."""

    column: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class RowChange:
    """The changes of a row, none if ``differences`` is empty. ``label``: the name of the company or orderer."""

    line: int
    pk: int | None  # None: a new one
    label: str
    differences: tuple[Difference, ...]


class Register(abc.ABC):
    """A register as a file. Make one for each file: it reads the register when it prepares the rows."""

    model: ClassVar[type[Model]]
    columns: ClassVar[tuple[str, ...]]
    locked: ClassVar[tuple[type[Model], ...]]  # for the time of a load, in the order of all verbs
    optional: ClassVar[tuple[str, ...]] = ("active",)

    @abc.abstractmethod
    def prepare(self, rows: Sequence[SheetRow]) -> tuple[list[SheetRow], list[Problem]]:
        """The rows to import, one for each company or orderer, and the mistakes of the others."""

    @abc.abstractmethod
    def find(self, row: SheetRow) -> Any:
        """The company or orderer of the row, or None if it is new."""

    @abc.abstractmethod
    def values(self, instance: Any) -> dict[str, str]:
        """The instance as shown texts, by column."""

    def compared(self, instance: Any) -> dict[str, Any]:
        """The instance as compared values, by column: equal texts may stand for different values."""
        return self.values(instance)

    @abc.abstractmethod
    def fill(self, instance: Any, row: SheetRow) -> None:
        """Sets the row's texts on the instance, which is cleaned afterwards."""

    def conflicts(self, instance: Any, line: int) -> dict[str, str]:
        """Messages about names, numbers and values that others have, by field."""
        return {}

    def make_room(self, changes: Sequence[RowChange]) -> None:  # noqa: B027 - orderers have nothing to swap
        """Called once, with all changes, before the first is written."""

    @abc.abstractmethod
    def writer(self, instance: Any, actor: User | None, address: str | None) -> Callable[[], object]:
        """A function that writes the cleaned instance with its verb."""

    @abc.abstractmethod
    def lines(self, instance: Any) -> Iterator[Sequence[str]]:
        """The lines of the instance in an exported file."""

    def read(self, row: SheetRow) -> tuple[RowChange, Any]:
        """Compares a row with the register: the change, and the changed instance. Raises ValidationError."""
        instance: Any = self.find(row) or self.model()
        new, pk = instance.pk is None, instance.pk
        old, before = ({}, {}) if new else (self.values(instance), self.compared(instance))
        errors: dict[str, Any] = {}
        try:
            self.fill(instance, row)
            if row.cells.get("active"):
                instance.active = truth(row.cells["active"])
            instance.full_clean(validate_unique=False, validate_constraints=False)
        except ValidationError as error:
            errors = error.update_error_dict({})
        if errors := {**self.conflicts(instance, row.line), **errors}:
            raise ValidationError(errors)
        after = self.compared(instance)
        differences = tuple(
            Difference(column, old.get(column, ""), value)
            for column, value in self.values(instance).items()
            if (before.get(column) or "") != (after[column] or "")
        )
        return RowChange(row.line, pk, str(instance), differences), instance


def words(error: ValidationError) -> str:
    """The mistakes of a row in one line; each part names its column."""
    by_field = error.update_error_dict({})
    parts = [
        f"{'' if name == NON_FIELD_ERRORS else f'{COLUMN_OF.get(name, name)}: '}{message}"
        for name, errors in by_field.items()
        for each in errors
        for message in each.messages
    ]
    return " ".join(parts)


# The columns that are not named as their field.
COLUMN_OF = {"directory_values": "directory_value", "companies": "company"}


def yes_or_no(value: bool) -> str:
    """A boolean as a cell."""
    return "ja" if value else "nej"


def truth(cell: str) -> bool:
    """The boolean of a cell. Raises ValidationError."""
    word = cell.lower()
    if word in ("ja", "yes", "true", "sant", "1"):
        return True
    if word in ("nej", "no", "false", "falskt", "0"):
        return False
    raise ValidationError({"active": _("Skriv ja eller nej.")})
