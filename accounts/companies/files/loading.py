"""Loading a file into a register: all of it or nothing, and only the changes that were shown."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.companies.files.register import Register, RowChange, words
from accounts.companies.files.sheets import FileRefused, Problem, Sheet, read
from accounts.models import User

SHOWN_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Loaded:
    """The changes of a file, or its mistakes. ``stale``: the register has changed since the changes were shown."""

    changes: list[RowChange] = field(default_factory=list)
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)
    stale: bool = False

    @property
    def first_problems(self) -> list[Problem]:
        """As many as a page shows."""
        return self.problems[:SHOWN_PROBLEMS]

    @property
    def more_problems(self) -> int:
        """How many more there are."""
        return max(0, len(self.problems) - SHOWN_PROBLEMS)

    @property
    def fingerprint(self) -> str:
        """Equal for equal changes."""
        return hashlib.sha256(repr(self.changes).encode()).hexdigest()


def load(
    kind: type[Register],
    data: bytes,
    *,
    actor: User | None,
    address: str | None = None,
    dry_run: bool,
    shown: str = "",
    most: int | None = None,
) -> Loaded:
    """Reads a file and, unless ``dry_run``, writes its changes if every line is right.

    ``shown``: the fingerprint of the changes that the administrator has seen. If the changes are others by now, nothing
    is written and the answer is ``stale``. Parallel loads and forms wait, or are refused. ``most``: of the records.
    """
    try:
        sheet = read(data, kind.columns, kind.optional, most=most)
        return _load(kind(), sheet, actor=actor, address=address, dry_run=dry_run, shown=shown)
    except FileRefused as refused:
        return Loaded(problems=refused.problems)
    except IntegrityError:  # some are raised at the commit
        return Loaded(problems=[Problem(None, _sooner())])


def _load(
    register: Register, sheet: Sheet, *, actor: User | None, address: str | None, dry_run: bool, shown: str
) -> Loaded:
    with transaction.atomic():
        for model in () if dry_run else register.locked:
            list(model._default_manager.select_for_update().order_by("pk").values_list("pk"))
        rows, problems = register.prepare(sheet.rows)
        problems += sheet.problems
        changes, writers = [], []
        for row in rows:
            try:
                change, instance = register.read(row)
            except ValidationError as error:
                problems.append(Problem(row.line, words(error)))
                continue
            if change.pk is None or change.differences:
                changes.append(change)
                writers.append(register.writer(instance, actor, address))
        if problems:
            return Loaded(problems=sorted(problems, key=lambda each: each.line or 0))
        stale = bool(shown) and Loaded(changes).fingerprint != shown
        if not dry_run and not stale:
            register.make_room(changes)
            for change, write in zip(changes, writers, strict=True):
                try:
                    write()
                except IntegrityError:
                    raise FileRefused(Problem(change.line, _sooner())) from None
    return Loaded(changes, len(rows) - len(changes), stale=stale)


def _sooner() -> str:
    return _("Någon annan sparade samtidigt. Försök igen.")
