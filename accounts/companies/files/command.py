"""The base of import_companies and import_orderers."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from accounts.companies.files.loading import Loaded, load
from accounts.companies.files.register import Register, RowChange


class ImportCommand(BaseCommand):
    """Loads a file; with ``--dry-run`` only prints the changes. Exit code 1 if the file has a mistake."""

    register: ClassVar[type[Register]]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help=f"CSV with the columns {','.join(self.register.columns)}")
        parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints a line for each change, then the counts; or a line for each mistake."""
        try:
            data = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(f"{options['file']} can't be read: {error.strerror}.") from error
        with translation.override("en"):  # as all commands speak
            loaded = load(self.register, data, actor=None, dry_run=options["dry_run"])
        if loaded.problems:
            for problem in loaded.first_problems:
                self.stderr.write(f"line {problem.line}: {problem.words}" if problem.line else problem.words)
            if loaded.more_problems:
                self.stderr.write(f"… and {loaded.more_problems} more")
            self.stderr.write(f"Nothing was imported. Mistakes: {len(loaded.problems)}.")
            sys.exit(1)
        for line in _report(loaded):
            self.stdout.write(line)
        if options["dry_run"]:
            self.stdout.write("Dry run: nothing was changed.")


def _report(loaded: Loaded) -> Iterator[str]:
    for change in loaded.changes:
        yield from _lines(change)
    new = sum(change.pk is None for change in loaded.changes)
    yield f"new: {new}"
    yield f"changed: {len(loaded.changes) - new}"
    yield f"unchanged: {loaded.unchanged}"


def _lines(change: RowChange) -> Iterator[str]:
    if change.pk is None:
        values = ", ".join(f"{each.column} {each.new}" for each in change.differences)
        yield f"line {change.line}: new: {values}"
        return
    for each in change.differences:
        yield f"line {change.line}: {change.label}: {each.column}: {each.old or '-'} → {each.new or '-'}"
