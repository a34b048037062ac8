"""What the two registers have in common as import-export resources: one row of a file, one company or orderer.

A row is read, cleaned and compared with what there is; what changes is kept beside the result as a Change. A dry run
does all of that and writes nothing. What is written goes through the verbs, so that history and trail come with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from import_export.resources import ModelResource
from import_export.results import RowResult
from tablib.core import Dataset

from accounts.models import User
from accounts.registers.sheets import Problem, Row

LINE = "\0line"  # a column that no file can have: the line on which the record begins


@dataclass(frozen=True, slots=True)
class Difference:
    """One field: its column, what it held, what it is to hold."""

    column: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Change:
    """What a row of the file changes; no differences: nothing. ``label`` tells people which one it is."""

    line: int
    pk: int | None  # None: it is a new one
    label: str
    differences: tuple[Difference, ...]


class RegisterResource(ModelResource):
    """A register. Made anew for each run: it reads what there is when the run begins."""

    columns: ClassVar[tuple[str, ...]]
    locked: ClassVar[tuple[type[Model], ...]]  # whose rows nobody else changes meanwhile, in the order of all verbs
    optional: ClassVar[tuple[str, ...]] = ("active",)

    def __init__(self, *, actor: User | None = None, address: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        self.actor = actor
        self.address = address
        self.line = 0
        self.old: dict[str, str] = {}
        self.before: dict[str, object] = {}
        self.pk: int | None = None  # of the one that the row is about

    # What a register says of itself.

    def prepare(self, rows: Sequence[Row]) -> tuple[list[dict[str, str]], list[Problem]]:
        """The rows as they are imported, each with its LINE, and what is wrong with those that can't be."""
        return [{**row.cells, LINE: str(row.line)} for row in rows], []

    def find(self, row: dict[str, str]) -> Model | None:
        """The one that the row is about, if there is one already."""
        raise NotImplementedError

    def values(self, instance: Any) -> dict[str, str]:
        """What the instance holds, by column, as it is shown and exported."""
        raise NotImplementedError

    def compared(self, instance: Any) -> dict[str, object]:
        """What the instance holds, by column, as it is compared: where two texts that look alike may differ."""
        return dict(self.values(instance))

    def fill(self, instance: Any, row: dict[str, str]) -> None:
        """Puts the row's texts into the instance, which is then cleaned."""
        raise NotImplementedError

    def check(self, instance: Any) -> None:
        """Raises ValidationError if others have what only one may have."""

    def make_room(self, changes: Sequence[Change]) -> None:
        """Called once before anything is written, with all that will be."""

    def store(self, instance: Any) -> None:
        """Writes the cleaned instance, by its verb."""
        raise NotImplementedError

    def export_rows(self, instance: Any) -> Iterator[Sequence[str]]:
        """The lines of the file that tell of this instance."""
        raise NotImplementedError

    # How import-export goes through a row, in this order.

    def before_import_row(self, row: dict[str, str], **kwargs: Any) -> None:
        self.line = int(row[LINE])

    def get_instance(self, instance_loader: Any, row: dict[str, str]) -> Model | None:
        found = self.find(row)
        self.pk = found.pk if found else None
        self.old = self.values(found) if found else {}
        self.before = self.compared(found) if found else {}
        return found

    def import_instance(self, instance: Any, row: dict[str, str], **kwargs: Any) -> None:
        errors: dict[str, Any] = {}
        try:
            self.fill(instance, row)
            instance.full_clean(validate_unique=False, validate_constraints=False)
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        try:
            self.check(instance)
        except ValidationError as error:
            errors = {**error.update_error_dict({}), **errors}
        if errors:
            raise ValidationError(errors)

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        return not import_validation_errors and self.pk is not None and self.compared(instance) == self.before

    def validate_instance(
        self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True
    ) -> None:
        if import_validation_errors:
            raise ValidationError(import_validation_errors)

    def save_instance(self, instance: Any, is_create: bool, row: Any, **kwargs: Any) -> None:
        if not kwargs["dry_run"]:
            self.store(instance)

    def save_m2m(self, instance: Any, row: Any, **kwargs: Any) -> None:
        """Stored with the rest."""

    def after_import_row(self, row: dict[str, str], row_result: RowResult, **kwargs: Any) -> None:
        after = self.compared(row_result.instance)
        differences = tuple(
            Difference(column, self.old.get(column, ""), value)
            for column, value in self.values(row_result.instance).items()
            if (self.before.get(column) or "") != (after[column] or "")
        )
        row_result.change = Change(self.line, self.pk, str(row_result.instance), differences)  # type: ignore[attr-defined]

    # And out again.

    def export(self, queryset: QuerySet[Any] | None = None, **kwargs: Any) -> Dataset:
        chosen: QuerySet[Any] = self.get_queryset() if queryset is None else queryset  # type: ignore[no-untyped-call]
        rows = (line for instance in self.for_export(chosen) for line in self.export_rows(instance))
        return dataset_of([*self.columns, *self.optional], rows)

    def for_export(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The same rows, with what export_rows reads besides."""
        return queryset


def dataset_of(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> Dataset:
    """The rows as import-export takes them."""
    made = Dataset(headers=list(headers))  # type: ignore[no-untyped-call]
    for row in rows:
        made.append(list(row))  # type: ignore[no-untyped-call]
    return made


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
