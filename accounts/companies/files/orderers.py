"""The register of orderers as a file: a line for each orderer and company."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts import numbers
from accounts.companies import orderers
from accounts.companies.files.register import Register, truth, yes_or_no
from accounts.companies.files.sheets import Problem, SheetRow
from accounts.models import Company, Orderer, User
from accounts.organisation_numbers import parse_or_blank
from idportal.text import one_line, short


@dataclass
class _Person:
    """The lines with one e-mail address."""

    row: SheetRow
    companies: list[Company] = field(default_factory=list)


class OrdererRegister(Register):
    """A row changes the orderer with its e-mail address, or adds a new one. It adds companies, and removes none."""

    model = Orderer
    columns = ("company", "name", "email", "mobile")
    locked = (Company, Orderer)

    def prepare(self, rows: Sequence[SheetRow]) -> tuple[list[SheetRow], list[Problem]]:
        """The first row of each orderer. The companies of the other rows are kept here."""
        registered = Company.objects.all()
        self._by_number = {company.organisation_number: company for company in registered}
        self._by_name = {company.name.casefold(): company for company in registered}
        self._by_email = {each.email.lower(): each for each in Orderer.objects.prefetch_related("companies")}
        self.people: dict[str, _Person] = {}
        problems: list[Problem] = []
        for row in rows:
            key = _key(row)
            person = self.people.setdefault(key, _Person(row))
            if wrong := self._add(person, row, registered=key in self._by_email):
                problems.append(Problem(row.line, " ".join(wrong)))
        return [person.row for person in self.people.values()], problems

    def _add(self, person: _Person, row: SheetRow, *, registered: bool) -> list[str]:
        """Adds the line's company to the orderer's; returns the mistakes of the line."""
        wrong = []
        columns = ("name", "mobile", *(each for each in self.optional if each in row.cells))
        for column in columns if row is not person.row else ():
            first, here = (_comparable(column, each.cells[column]) for each in (person.row, row))
            if first != here:
                words = _("%(column)s: ”%(here)s” här, men ”%(told)s” på rad %(line)d med samma adress.")
                wrong.append(
                    words % {"column": column, "here": short(here), "told": short(first), "line": person.row.line}
                )
        text = row.cells["company"]
        company = self._by_number.get(parse_or_blank(text)) or self._by_name.get(one_line(text).casefold())
        if company:
            person.companies.append(company)
        elif text:
            words = _("company: Det finns inget företag ”%s”. Skriv namnet eller organisationsnumret som i registret.")
            wrong.append(words % short(text))
        elif not registered:
            wrong.append(_("company: Skriv företagets namn eller organisationsnummer."))
        return wrong

    def find(self, row: SheetRow) -> Orderer | None:
        found = self._by_email.get(_key(row))
        self.companies = {each.pk: each for each in found.companies.all()} if found else {}
        return found

    def values(self, instance: Orderer) -> dict[str, str]:
        return {
            "company": ", ".join(sorted(each.name for each in self.companies.values())),
            "name": instance.name,
            "email": instance.email,
            "mobile": numbers.shown(instance.mobile),
            "active": yes_or_no(instance.active),
        }

    def fill(self, instance: Orderer, row: SheetRow) -> None:
        self.companies.update((company.pk, company) for company in self.people[_key(row)].companies)
        instance.name, instance.mobile = row.cells["name"], row.cells["mobile"]
        instance.email = instance.email or row.cells["email"]  # a change of case alone is none

    def writer(self, instance: Orderer, actor: User | None, address: str | None) -> Callable[[], object]:
        return partial(orderers.store, instance, self.companies.values(), actor=actor, address=address)

    def lines(self, instance: Orderer) -> Iterator[Sequence[str]]:
        """A line for each company; without a company, one line."""
        rest = (instance.name, instance.email, numbers.shown(instance.mobile), yes_or_no(instance.active))
        for company in sorted(each.name for each in instance.companies.all()) or [""]:
            yield company, *rest


def _key(row: SheetRow) -> str:
    """The address; without one, each row is a mistake of its own."""
    return row.cells["email"].lower() or f"\0{row.line}"


def _comparable(column: str, text: str) -> str:
    if column == "mobile":
        try:
            return numbers.shown(numbers.parse(text))
        except numbers.NumberRefused:
            return text
    if column == "active" and text:
        try:
            return yes_or_no(truth(text))
        except ValidationError:
            return text
    return one_line(text)
