"""The registers of companies and of orderers as files."""

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext as _

from accounts import companies
from accounts.companies import orderers
from accounts.companies.files.loading import Register, RowChange, shown, truth
from accounts.companies.files.sheets import SheetRow
from accounts.models import Company, DirectoryKey, Orderer, User, numbers
from accounts.models.companies import BETWEEN, CompanyConflicts
from accounts.models.recipients import RECIPIENT_COLUMNS
from idportal.text import one_line, short


class CompanyRegister(Register):
    """A row changes the company with its organisation number, or adds a new one."""

    model = Company
    columns = ("name", "organisation_number", "directory_value", *RECIPIENT_COLUMNS)
    locked = (Company,)

    def prepare(self, rows: Sequence[SheetRow]) -> None:
        self.registered = {each.organisation_number: each for each in Company.objects.all()}
        # Values that the file reassigns belong to no company until their row is read, so two companies can swap.
        left = self.registered.keys() - {self.key(row) for row in rows}
        self._conflicts = CompanyConflicts(self.registered[number] for number in left)

    def key(self, row: SheetRow) -> str:
        return numbers.organisation_number_or_blank(row.cells["organisation_number"]) or f" {row.line}"

    def mistake(self, row: SheetRow, first: SheetRow) -> str:
        if row is first:
            return ""
        words = _("organisation_number: %(number)s står redan på rad %(line)d. Ta bort en av raderna.")
        return words % {"number": self.key(row), "line": first.line}

    def values(self, instance: Company) -> dict[str, Any]:
        return {
            "name": instance.name,
            "organisation_number": instance.organisation_number,
            "directory_value": instance.values,
            **{column: getattr(instance, column) for column in RECIPIENT_COLUMNS},
            "active": instance.active,
        }

    def fill(self, instance: Company, row: SheetRow) -> None:
        for column in ("name", "organisation_number", *RECIPIENT_COLUMNS):
            setattr(instance, column, row.cells[column])
        instance.directory_values = row.cells["directory_value"].replace(BETWEEN, "\n")

    def conflicts(self, instance: Company, line: int) -> dict[str, str]:
        found = self._conflicts.of_company(instance)
        self._conflicts.add(instance, _("%(name)s på rad %(line)d") % {"name": instance.name, "line": line})
        return found

    def make_room(self, changes: Sequence[RowChange]) -> None:
        """Frees the names and directory values that change, so that two companies can swap."""
        changed = [(change.pk, each.column) for change in changes if change.pk for each in change.differences]
        renamed = Company.objects.filter(pk__in=[pk for pk, column in changed if column == "name"])
        renamed.update(name=Concat(Cast("pk", CharField()), Value(f" {uuid.uuid4()}")))
        moved = [pk for pk, column in changed if column == "directory_value"]
        DirectoryKey.objects.filter(company__in=moved).delete()

    def store(self, instance: Company, actor: User | None, address: str | None) -> None:
        companies.store(instance, actor=actor, address=address)

    def lines(self, instance: Company) -> Iterator[Sequence[str]]:
        yield [shown(value) for value in self.values(instance).values()]


class OrdererRegister(Register):
    """A row changes the orderer with its e-mail address, or adds a new one. It adds companies, and removes none."""

    model = Orderer
    columns = ("company", "name", "email", "mobile")
    locked = (Company, Orderer)

    def prepare(self, rows: Sequence[SheetRow]) -> None:
        registered = Company.objects.all()
        self._by_number = {company.organisation_number: company for company in registered}
        self._by_name = {company.name.casefold(): company for company in registered}
        self.registered = {each.email.lower(): each for each in Orderer.objects.prefetch_related("companies")}
        self._companies = {key: set(each.companies.all()) for key, each in self.registered.items()}
        self._added: dict[str, set[Company]] = {}
        for row in rows:
            if company := self._company(row):
                self._added.setdefault(self.key(row), set()).add(company)

    def key(self, row: SheetRow) -> str:
        return row.cells["email"].lower() or f" {row.line}"

    def mistake(self, row: SheetRow, first: SheetRow) -> str:
        wrong = []
        for column in ("name", "mobile", *(each for each in self.optional if each in row.cells)):
            told, here = (_comparable(column, each.cells[column]) for each in (first, row))
            if told != here:
                words = _("%(column)s: ”%(here)s” här, men ”%(told)s” på rad %(line)d med samma adress.")
                wrong.append(words % {"column": column, "here": short(here), "told": short(told), "line": first.line})
        text = row.cells["company"]
        if text and not self._company(row):
            words = _("company: Det finns inget företag ”%s”. Skriv namnet eller organisationsnumret som i registret.")
            wrong.append(words % short(text))
        elif not text and self.key(row) not in self.registered:
            wrong.append(_("company: Skriv företagets namn eller organisationsnummer."))
        return " ".join(wrong)

    def _company(self, row: SheetRow) -> Company | None:
        text = row.cells["company"]
        number = numbers.organisation_number_or_blank(text)
        return self._by_number.get(number) or self._by_name.get(one_line(text).casefold())

    def values(self, instance: Orderer) -> dict[str, Any]:
        return {
            "company": ", ".join(sorted(each.name for each in self._companies[instance.email.lower()])),
            "name": instance.name,
            "email": instance.email,
            "mobile": numbers.shown(instance.mobile),
            "active": instance.active,
        }

    def fill(self, instance: Orderer, row: SheetRow) -> None:
        key = self.key(row)
        self._companies[key] = self._companies.get(key, set()) | self._added.get(key, set())
        instance.name, instance.mobile = row.cells["name"], row.cells["mobile"]
        instance.email = instance.email or row.cells["email"]  # a change of case alone is none

    def store(self, instance: Orderer, actor: User | None, address: str | None) -> None:
        orderers.store(instance, self._companies[instance.email.lower()], actor=actor, address=address)

    def lines(self, instance: Orderer) -> Iterator[Sequence[str]]:
        """A line for each company; without a company, one line."""
        rest = (instance.name, instance.email, numbers.shown(instance.mobile), shown(instance.active))
        for company in sorted(each.name for each in instance.companies.all()) or [""]:
            yield company, *rest


def _comparable(column: str, text: str) -> str:
    """The cell as the register would have it; unchanged if that is a mistake."""
    try:
        if column == "mobile":
            return numbers.shown(numbers.parse(text))
        if column == "active" and text:
            return shown(truth(text))
    except ValidationError:
        return text
    return one_line(text)
