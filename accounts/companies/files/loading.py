"""Loads a file into a register: all of it or nothing, and only the changes that were shown.

A row is read, cleaned and compared with the register; the verbs write the changes, with history and audit event. By
hand: of django-import-export each step had to be overridden, for line numbers, swaps of names, and the verbs.
"""

import abc
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from accounts.companies.files.sheets import FileRefused, Problem, SheetRow, read
from accounts.models import User
from accounts.models.companies import BETWEEN

SHOWN_PROBLEMS = 100
# The columns that are not named as their field.
FIELD_OF = {"directory_value": "directory_values", "company": "companies"}
_COLUMN_OF = {name: column for column, name in FIELD_OF.items()}


class Difference(NamedTuple):
    column: str
    field: Any
    old: str
    new: str


class RowChange(NamedTuple):
    """The changes of a row, none if ``differences`` is empty. ``pk`` None: a new company or orderer."""

    line: int
    pk: int | None
    instance: Any
    differences: list[Difference]


@dataclass(slots=True)
class Loaded:
    """The changes of a file, or its mistakes. ``stale``: the register has changed since the changes were shown."""

    changes: list[RowChange] = field(default_factory=list)
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)
    stale: bool = False

    @property
    def new(self) -> int:
        return sum(change.pk is None for change in self.changes)

    @property
    def changed(self) -> int:
        return len(self.changes) - self.new

    @property
    def first_problems(self) -> list[Problem]:
        return self.problems[:SHOWN_PROBLEMS]

    @property
    def more_problems(self) -> int:
        return max(0, len(self.problems) - SHOWN_PROBLEMS)

    @property
    def fingerprint(self) -> str:
        """Equal for equal changes."""
        return hashlib.sha256(repr(self.changes).encode()).hexdigest()


class Register(abc.ABC):
    """A register as a file. Make one for each file: it reads the register when it prepares the rows.

    ``key``: of the company or orderer of a row; of a row that doesn't say, " " and its line. ``mistake``: the mistakes
    that only other rows show; ``first`` is of the same company or orderer. ``values``: texts, a boolean, a list of
    texts, by column. ``fill`` sets a row's texts on the instance, which is cleaned afterwards. ``lines``: of an
    exported file.
    """

    model: ClassVar[type[Model]]
    columns: ClassVar[tuple[str, ...]]
    optional: ClassVar[tuple[str, ...]] = ("active",)
    locked: ClassVar[tuple[type[Model], ...]]  # for the time of a load, in the order of all verbs
    registered: Mapping[str, Any]  # by key

    @abc.abstractmethod
    def prepare(self, rows: Sequence[SheetRow]) -> None: ...
    @abc.abstractmethod
    def key(self, row: SheetRow) -> str: ...
    @abc.abstractmethod
    def mistake(self, row: SheetRow, first: SheetRow) -> str: ...
    @abc.abstractmethod
    def values(self, instance: Any) -> dict[str, Any]: ...
    @abc.abstractmethod
    def fill(self, instance: Any, row: SheetRow) -> None: ...
    @abc.abstractmethod
    def store(self, instance: Any, actor: User | None, address: str | None) -> None: ...
    @abc.abstractmethod
    def lines(self, instance: Any) -> Iterator[Sequence[str]]: ...

    def conflicts(self, instance: Any, line: int) -> dict[str, str]:
        """Messages about names, numbers and values that others have, by field."""
        return {}

    def make_room(self, changes: Sequence[RowChange]) -> None:  # noqa: B027 - orderers have nothing to swap
        """Called once, with all changes, before the first is stored."""

    def change(self, row: SheetRow) -> RowChange:
        """Compares a row with the register. Raises ValidationError."""
        instance: Any = self.registered.get(self.key(row)) or self.model()
        pk = instance.pk
        old = self.values(instance) if pk else {}
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
        differences = []
        for column, value in self.values(instance).items():
            before = old.get(column, "")
            if before != value:
                stored_in = self.model._meta.get_field(FIELD_OF.get(column, column))
                differences.append(Difference(column, stored_in, shown(before), shown(value)))
        return RowChange(row.line, pk, instance, differences)


def load(
    kind: type[Register],
    data: bytes,
    *,
    actor: User | None,
    address: str | None = None,
    dry_run: bool,
    plan: str = "",
    most: int | None = None,
) -> Loaded:
    """Reads a file and, unless ``dry_run``, writes its changes if every line is right.

    ``plan``: the fingerprint of the changes that the administrator has seen. If the changes are others by now, nothing
    is written and the answer is ``stale``. Parallel loads and forms wait, or are refused. ``most``: of the records.
    """
    line = None
    try:
        rows, problems = read(data, kind.columns, kind.optional, most=most)
        with transaction.atomic():
            for model in () if dry_run else kind.locked:
                list(model._default_manager.select_for_update().order_by("pk").values_list("pk"))
            register = kind()
            loaded = _compared(register, rows, problems)
            loaded.stale = bool(plan) and loaded.fingerprint != plan
            if loaded.problems or loaded.stale or dry_run:
                return loaded
            register.make_room(loaded.changes)
            for change in loaded.changes:
                line = change.line
                register.store(change.instance, actor, address)
            line = None  # some mistakes are raised at the commit
            return loaded
    except FileRefused as refused:
        return Loaded(problems=refused.problems)
    except IntegrityError:
        return Loaded(problems=[Problem(line, _("Någon annan sparade samtidigt. Försök igen."))])


def _compared(register: Register, rows: list[SheetRow], problems: list[Problem]) -> Loaded:
    register.prepare(rows)
    changes, unchanged = [], 0
    first: dict[str, SheetRow] = {}
    for row in rows:
        leading = first.setdefault(register.key(row), row)
        if wrong := register.mistake(row, leading):
            problems.append(Problem(row.line, wrong))
        if row is not leading:
            continue
        try:
            change = register.change(row)
        except ValidationError as error:
            problems.append(Problem(row.line, _words(error)))
            continue
        if change.pk is None or change.differences:
            changes.append(change)
        else:
            unchanged += 1
    if problems:
        return Loaded(problems=sorted(problems, key=lambda each: each.line or 0))
    return Loaded(changes, unchanged)


def _words(error: ValidationError) -> str:
    """The mistakes of a row in one line; each part names its column."""
    parts = []
    for name, messages in error.message_dict.items():
        column = "" if name == NON_FIELD_ERRORS else f"{_COLUMN_OF.get(name, name)}: "
        parts += [f"{column}{message}" for message in messages]
    return " ".join(parts)


def shown(value: Any) -> str:
    if isinstance(value, bool):
        return "ja" if value else "nej"
    return BETWEEN.join(value) if isinstance(value, list) else value


def truth(cell: str) -> bool:
    """The boolean of a cell. Raises ValidationError."""
    word = cell.lower()
    if word in ("ja", "yes", "true", "sant", "1"):
        return True
    if word in ("nej", "no", "false", "falskt", "0"):
        return False
    raise ValidationError({"active": _("Skriv ja eller nej.")})
