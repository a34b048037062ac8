"""The base of the two registers as files: one row of a file, one company or orderer.

A row is read, cleaned and compared with what there is. What changes is written by the verbs, which keep history and
trail. Plain Django: of import-export each step was overridden, for line numbers, swaps of names, and the verbs.
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
    """One field: its column, what it held, what it is to hold."""

    column: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class RowChange:
    """What a row of the file changes; no differences: nothing. ``label`` tells people which one it is."""

    line: int
    pk: int | None  # None: it is a new one
    label: str
    differences: tuple[Difference, ...]


class Register(abc.ABC):
    """A register as a file. Made anew for each file: it reads what there is when it prepares the rows."""

    model: ClassVar[type[Model]]
    columns: ClassVar[tuple[str, ...]]
    locked: ClassVar[tuple[type[Model], ...]]  # whose rows nobody else changes meanwhile, in the order of all verbs
    optional: ClassVar[tuple[str, ...]] = ("active",)

    @abc.abstractmethod
    def prepare(self, rows: Sequence[SheetRow]) -> tuple[list[SheetRow], list[Problem]]:
        """The rows to import, one for each company or orderer, and what is wrong with those that can't be."""

    @abc.abstractmethod
    def find(self, row: SheetRow) -> Any:
        """The one that the row is about, or None if it is new."""

    @abc.abstractmethod
    def values(self, instance: Any) -> dict[str, str]:
        """The instance by column, as it is shown."""

    def compared(self, instance: Any) -> dict[str, Any]:
        """The instance by column, as it is compared: two texts that look alike may differ."""
        return self.values(instance)

    @abc.abstractmethod
    def fill(self, instance: Any, row: SheetRow) -> None:
        """Puts the row's texts into the instance, which is then cleaned."""

    def conflicts(self, instance: Any, line: int) -> dict[str, str]:
        """Names, numbers and values that belong to others, by field, in words."""
        return {}

    def make_room(self, changes: Sequence[RowChange]) -> None:  # noqa: B027 - where nobody can swap there is room
        """Called once before anything is written, with all that will be."""

    @abc.abstractmethod
    def writer(self, instance: Any, actor: User | None, address: str | None) -> Callable[[], object]:
        """A call that writes the cleaned instance, by its verb."""

    @abc.abstractmethod
    def lines(self, instance: Any) -> Iterator[Sequence[str]]:
        """The lines of an exported file that tell of this instance."""

    def read(self, row: SheetRow) -> tuple[RowChange, Any]:
        """Compares a row with what there is: the change, and the instance as it is to be. Raises ValidationError."""
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
    """What is wrong with a row, in one line; each part names its column."""
    by_field = error.update_error_dict({})
    parts = [
        f"{'' if name == NON_FIELD_ERRORS else f'{COLUMN_OF.get(name, name)}: '}{message}"
        for name, errors in by_field.items()
        for each in errors
        for message in each.messages
    ]
    return " ".join(parts)


# Where a column isn't named as the field is.
COLUMN_OF = {"directory_values": "directory_value", "companies": "company"}


def yes_or_no(value: bool) -> str:
    """A truth as a cell."""
    return "ja" if value else "nej"


def truth(cell: str) -> bool:
    """What the cell says. Raises ValidationError."""
    word = cell.lower()
    if word in ("ja", "yes", "true", "sant", "1"):
        return True
    if word in ("nej", "no", "false", "falskt", "0"):
        return False
    raise ValidationError({"active": _("Skriv ja eller nej.")})
