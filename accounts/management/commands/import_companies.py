import sys
from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from accounts.companies.files.loading import Register, RowChange, load
from accounts.companies.files.registers import CompanyRegister


class Command(BaseCommand):
    help = "Creates and updates companies from a CSV file, known by organisation number. All lines or none."
    register: ClassVar[type[Register]] = CompanyRegister

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help=f"CSV with the columns {','.join(self.register.columns)}")
        parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints a line for each change, then the counts; or a line for each mistake, and ends with exit code 1."""
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
        for change in loaded.changes:
            self._print(change)
        self.stdout.write(f"new: {loaded.new}\nchanged: {loaded.changed}\nunchanged: {loaded.unchanged}")
        if options["dry_run"]:
            self.stdout.write("Dry run: nothing was changed.")

    def _print(self, change: RowChange) -> None:
        if change.pk is None:
            values = ", ".join(f"{each.column} {each.new}" for each in change.differences)
            self.stdout.write(f"line {change.line}: new: {values}")
            return
        for each in change.differences:
            values = f"{each.old or '-'} → {each.new or '-'}"
            self.stdout.write(f"line {change.line}: {change.instance}: {each.column}: {values}")
