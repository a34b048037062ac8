"""The register of companies as a file: a line for each company."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext as _

from accounts import companies, organisation_numbers
from accounts.companies.files.register import Register, RowChange, yes_or_no
from accounts.companies.files.sheets import Problem, SheetRow
from accounts.models import Company, DirectoryKey, User
from accounts.models.companies import CompanyConflicts
from accounts.models.directory_values import BETWEEN
from accounts.models.recipients import RECIPIENT_COLUMNS


class CompanyRegister(Register):
    """A row changes the company with its organisation number, or adds a new one."""

    model = Company
    columns = ("name", "organisation_number", "directory_value", *RECIPIENT_COLUMNS)
    locked = (Company,)

    def prepare(self, rows: Sequence[SheetRow]) -> tuple[list[SheetRow], list[Problem]]:
        prepared, problems = [], []
        first: dict[str, int] = {}
        for row in rows:
            number = self._number(row)
            if number and number in first:
                words = _("organisation_number: %(number)s står redan på rad %(line)d. Ta bort en av raderna.")
                problems.append(Problem(row.line, words % {"number": number, "line": first[number]}))
                continue
            first[number] = row.line
            prepared.append(row)
        self._by_number = {company.organisation_number: company for company in Company.objects.all()}
        # Values that the file reassigns belong to no company until their row is read, so two companies can swap.
        self._conflicts = CompanyConflicts(each for number, each in self._by_number.items() if number not in first)
        return prepared, problems

    def find(self, row: SheetRow) -> Company | None:
        return self._by_number.get(self._number(row))

    @staticmethod
    def _number(row: SheetRow) -> str:
        return organisation_numbers.parse_or_blank(row.cells["organisation_number"])

    def values(self, instance: Company) -> dict[str, str]:
        return {
            "name": instance.name,
            "organisation_number": instance.organisation_number,
            "directory_value": BETWEEN.join(instance.values),
            **{column: getattr(instance, column) for column in RECIPIENT_COLUMNS},
            "active": yes_or_no(instance.active),
        }

    def compared(self, instance: Company) -> dict[str, Any]:
        return {**self.values(instance), "directory_value": instance.values}

    def fill(self, instance: Company, row: SheetRow) -> None:
        cells = row.cells
        instance.name, instance.organisation_number = cells["name"], cells["organisation_number"]
        instance.directory_values = cells["directory_value"].replace(BETWEEN, "\n")
        for column in RECIPIENT_COLUMNS:
            setattr(instance, column, cells[column])

    def conflicts(self, instance: Company, line: int) -> dict[str, str]:
        found = self._conflicts.of_company(instance)
        self._conflicts.add(instance, _("%(name)s på rad %(line)d") % {"name": instance.name, "line": line})
        return found

    def make_room(self, changes: Sequence[RowChange]) -> None:
        """Frees the names and directory values that change, so that two companies can swap."""
        renamed, moved = (
            [change.pk for change in changes if change.pk and column in {each.column for each in change.differences}]
            for column in ("name", "directory_value")
        )
        aside = Concat(Cast("pk", CharField()), Value(f" {uuid.uuid4()}"))
        Company.objects.filter(pk__in=renamed).update(name=aside)
        DirectoryKey.objects.filter(company__in=moved).delete()

    def writer(self, instance: Company, actor: User | None, address: str | None) -> Callable[[], object]:
        return partial(companies.store, instance, actor=actor, address=address)

    def lines(self, instance: Company) -> Iterator[Sequence[str]]:
        yield list(self.values(instance).values())
