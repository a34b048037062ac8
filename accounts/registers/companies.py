"""The register of companies as a file: one line a company, known by its organisation number."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence

from django.core.exceptions import ValidationError
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext as _
from tablib.core import Dataset

from accounts import companies
from accounts.models import Company, DirectoryKey
from accounts.models.companies import BETWEEN
from accounts.registers.organisation_numbers import OrganisationNumberRefused, parse
from accounts.registers.resources import LINE, Change, RegisterResource, truth, yes_or_no
from accounts.registers.sheets import Problem, Row


class CompanyResource(RegisterResource):
    """Rows that have an organisation number of the register change that company; the others are new ones."""

    columns = ("name", "organisation_number", "directory_value", "recipient1", "recipient2")
    locked = (Company,)

    class Meta:
        model = Company
        fields = ()
        import_id_fields = ()
        skip_diff = True
        use_bulk = True  # no savepoint for each row: the verbs have their own
        store_instance = True

    def before_import(self, dataset: Dataset, **kwargs: object) -> None:
        """What the file tells anew is nobody's until the row that tells it, so that two may swap a name or a value."""
        self.known = {company.organisation_number: company for company in Company.objects.all()}
        told = {_number(text) for text in dataset["organisation_number"]}
        self.taken = companies.Taken(each for number, each in self.known.items() if number not in told)

    def prepare(self, rows: Sequence[Row]) -> tuple[list[dict[str, str]], list[Problem]]:
        prepared, problems = [], []
        first: dict[str, int] = {}
        for row in rows:
            number = _number(row.cells["organisation_number"])
            if number and number in first:
                words = _("organisation_number: %(number)s står redan på rad %(line)d. Ta bort en av raderna.")
                problems.append(Problem(row.line, words % {"number": number, "line": first[number]}))
                continue
            first[number] = row.line
            prepared.append({**row.cells, LINE: str(row.line)})
        return prepared, problems

    def find(self, row: dict[str, str]) -> Company | None:
        return self.known.get(_number(row["organisation_number"]))

    def values(self, instance: Company) -> dict[str, str]:
        return {
            "name": instance.name,
            "organisation_number": instance.organisation_number,
            "directory_value": BETWEEN.join(instance.values),
            "recipient1": instance.recipient1,
            "recipient2": instance.recipient2,
            "active": yes_or_no(instance.active),
        }

    def compared(self, instance: Company) -> dict[str, object]:
        return {**self.values(instance), "directory_value": instance.values}

    def fill(self, instance: Company, row: dict[str, str]) -> None:
        instance.name, instance.organisation_number = row["name"], row["organisation_number"]
        instance.directory_values = row["directory_value"].replace(BETWEEN, "\n")
        instance.recipient1, instance.recipient2 = row["recipient1"], row["recipient2"]
        if row.get("active"):
            instance.active = truth(row["active"])

    def check(self, instance: Company) -> None:
        conflicts = self.taken.conflicts(instance)
        self.taken.add(instance, _("%(name)s på rad %(line)d") % {"name": instance.name, "line": self.line})
        if conflicts:
            raise ValidationError(dict(conflicts))

    def make_room(self, changes: Sequence[Change]) -> None:
        """For those that swap a name or a directory value: for a moment nobody has it."""
        renamed, moved = (
            [change.pk for change in changes if change.pk and column in {each.column for each in change.differences}]
            for column in ("name", "directory_value")
        )
        aside = Concat(Cast("pk", CharField()), Value(f" {uuid.uuid4()}"))
        Company.objects.filter(pk__in=renamed).update(name=aside)
        DirectoryKey.objects.filter(company__in=moved).delete()

    def store(self, instance: Company) -> None:
        companies.store(instance, actor=self.actor, address=self.address)

    def export_rows(self, instance: Company) -> Iterator[Sequence[str]]:
        yield list(self.values(instance).values())


def _number(text: str) -> str:
    """The number, or "" for what is none; the row says so when it is cleaned."""
    try:
        return parse(text)
    except OrganisationNumberRefused:
        return ""
