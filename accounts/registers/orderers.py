"""The register of orderers as a file: one line for each company that a person orders for, known by e-mail address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from tablib.core import Dataset

from accounts import numbers, orderers
from accounts.models import Company, Orderer
from accounts.models.companies import one_line
from accounts.registers.cells import short
from accounts.registers.organisation_numbers import OrganisationNumberRefused, parse
from accounts.registers.resources import LINE, RegisterResource, truth, yes_or_no
from accounts.registers.sheets import Problem, Row

SEVERAL = "\n"  # between the companies of one person, which stand on lines of their own in a file


@dataclass
class _Person:
    """What the lines with one address say together."""

    row: Row
    companies: list[Company] = field(default_factory=list)


class OrdererResource(RegisterResource):
    """Rows with an address of the register change that orderer, and add companies; a file takes none away."""

    columns = ("company", "name", "email", "mobile")
    locked = (Company, Orderer)

    class Meta:
        model = Orderer
        fields = ()
        import_id_fields = ()
        skip_diff = True
        use_bulk = True  # no savepoint for each row: the verbs have their own
        store_instance = True

    def prepare(self, rows: Sequence[Row]) -> tuple[list[dict[str, str]], list[Problem]]:
        """One row a person, with the primary keys of all her companies in the file."""
        self._read()
        people: dict[str, _Person] = {}
        problems: list[Problem] = []
        for row in rows:
            key = row.cells["email"].lower() or f"\0{row.line}"  # without an address: each its own mistake
            person = people.setdefault(key, _Person(row))
            if wrong := self._add(person, row, known=key in self.known):
                problems.append(Problem(row.line, " ".join(wrong)))
        prepared = [
            {
                **person.row.cells,
                "company": SEVERAL.join(str(company.pk) for company in person.companies),
                LINE: str(person.row.line),
            }
            for person in people.values()
        ]
        return prepared, problems

    def _add(self, person: _Person, row: Row, *, known: bool) -> list[str]:
        """Adds the line's company to the person's; what is wrong with the line, if anything."""
        wrong = []
        columns = ("name", "mobile", *(each for each in self.optional if each in row.cells))
        for column in columns if row is not person.row else ():
            told, here = (_comparable(column, each.cells[column]) for each in (person.row, row))
            if told != here:
                words = _("%(column)s: ”%(here)s” här, men ”%(told)s” på rad %(line)d med samma adress.")
                wrong.append(
                    words % {"column": column, "here": short(here), "told": short(told), "line": person.row.line}
                )
        text = row.cells["company"]
        company = self._by_number.get(_number(text)) or self._by_name.get(one_line(text).casefold())
        if company:
            person.companies.append(company)
        elif text:
            words = _("company: Det finns inget företag ”%s”. Skriv namnet eller organisationsnumret som i registret.")
            wrong.append(words % short(text))
        elif not known:
            wrong.append(_("company: Skriv företagets namn eller organisationsnummer."))
        return wrong

    def _read(self) -> None:
        self._by_key = {company.pk: company for company in Company.objects.all()}
        self._by_number = {company.organisation_number: company for company in self._by_key.values()}
        self._by_name = {company.name.casefold(): company for company in self._by_key.values()}
        self.known = {each.email.lower(): each for each in Orderer.objects.prefetch_related("companies")}

    def before_import(self, dataset: Dataset, **kwargs: object) -> None:
        self.companies: dict[int, Company] = {}

    def find(self, row: dict[str, str]) -> Orderer | None:
        found = self.known.get(row["email"].lower())
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

    def fill(self, instance: Orderer, row: dict[str, str]) -> None:
        for key in row["company"].split(SEVERAL) if row["company"] else []:
            self.companies[int(key)] = self._by_key[int(key)]
        instance.name, instance.mobile = row["name"], row["mobile"]
        instance.email = instance.email or row["email"]  # the same but for case: as it was
        if row.get("active"):
            instance.active = truth(row["active"])

    def store(self, instance: Orderer) -> None:
        orderers.store(instance, self.companies.values(), actor=self.actor, address=self.address)

    def for_export(self, queryset: QuerySet[Orderer]) -> QuerySet[Orderer]:
        return queryset.prefetch_related("companies")

    def export_rows(self, instance: Orderer) -> Iterator[Sequence[str]]:
        """A line for each company; one without, for who has lost hers."""
        rest = (instance.name, instance.email, numbers.shown(instance.mobile), yes_or_no(instance.active))
        for company in sorted(each.name for each in instance.companies.all()) or [""]:
            yield company, *rest


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


def _number(text: str) -> str:
    try:
        return parse(text)
    except OrganisationNumberRefused:
        return ""
