"""Loading a file into a register: all of it or nothing, and nothing else than what was shown."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from import_export.results import Result

from accounts.models import User
from accounts.registers.resources import LINE, Change, RegisterResource, dataset_of, words
from accounts.registers.sheets import FileRefused, Problem, Row, Sheet, read

SHOWN_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a file changes, or what is wrong with it. ``stale``: the register is not as it was when it was shown."""

    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)
    stale: bool = False

    @property
    def first_problems(self) -> list[Problem]:
        """As many as anybody reads."""
        return self.problems[:SHOWN_PROBLEMS]

    @property
    def more_problems(self) -> int:
        """How many there are besides."""
        return max(0, len(self.problems) - SHOWN_PROBLEMS)

    @property
    def fingerprint(self) -> str:
        """Of what changes, from what to what: two are alike if the changes are."""
        return hashlib.sha256(repr(self.changes).encode()).hexdigest()


def load(
    kind: type[RegisterResource],
    data: bytes,
    *,
    actor: User | None,
    address: str | None = None,
    dry_run: bool,
    shown: str = "",
    most: int | None = None,
) -> Loaded:
    """Reads a file and, unless ``dry_run``, writes what it changes, if every line is right; else nothing.

    ``shown``: the fingerprint of what somebody has agreed to. If anything else would change now, nothing is written,
    and the answer is ``stale``. Who loads another file or saves a form at the same time waits, or is refused.
    ``most``: how many records the file may have.
    """
    try:
        sheet = read(data, kind.columns, kind.optional, most=most)
    except FileRefused as refused:
        return Loaded(problems=refused.problems)
    try:
        return _load(kind, sheet, actor=actor, address=address, dry_run=dry_run, shown=shown)
    except IntegrityError:  # some are told at the commit
        return Loaded(problems=[Problem(None, _sooner())])


def _load(
    kind: type[RegisterResource], sheet: Sheet, *, actor: User | None, address: str | None, dry_run: bool, shown: str
) -> Loaded:
    with transaction.atomic():
        for model in () if dry_run else kind.locked:
            list(model._default_manager.select_for_update().order_by("pk").values_list("pk"))
        plan = _run(kind(actor=actor, address=address), sheet.rows, sheet.problems, dry_run=True)
        if dry_run or plan.problems:
            return plan
        if shown and plan.fingerprint != shown:
            return Loaded(plan.changes, plan.unchanged, stale=True)
        resource = kind(actor=actor, address=address)
        resource.make_room(plan.changes)
        written = _run(resource, sheet.rows, [], dry_run=False)
        if written.problems:
            transaction.set_rollback(True)
            return written
    return plan


def _run(resource: RegisterResource, rows: Sequence[Row], before: Sequence[Problem], *, dry_run: bool) -> Loaded:
    prepared, problems = resource.prepare(rows)
    headers = (*resource.columns, *resource.optional, LINE)
    dataset = dataset_of(headers, ([row.get(column, "") for column in headers] for row in prepared))
    result: Result = resource.import_data(  # type: ignore[no-untyped-call]
        dataset, dry_run=dry_run, use_transactions=True, rollback_on_validation_errors=True
    )
    problems = sorted([*before, *problems, *_problems(result, prepared)], key=lambda each: each.line or 0)
    if problems:
        return Loaded(problems=problems)
    changes = [row.change for row in result.rows if not row.is_skip()]
    return Loaded(changes, len(result.rows) - len(changes))


def _problems(result: Result, prepared: list[dict[str, str]]) -> list[Problem]:
    for error in [*result.base_errors, *(each for row in result.error_rows for each in row.errors)]:
        if not isinstance(error.error, IntegrityError):
            raise error.error
    lines = [int(row[LINE]) for row in prepared]
    found = [Problem(lines[row.number - 1], words(row.error)) for row in result.invalid_rows]
    return [*found, *(Problem(lines[row.number - 1], _sooner()) for row in result.error_rows)]


def _sooner() -> str:
    return _("Någon annan sparade samtidigt. Försök igen.")
