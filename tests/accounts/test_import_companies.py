"""Companies from a file: created, updated, or the whole file refused, with every line that is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError

from accounts import companies
from accounts.models import AuditEvent, Company, Event
from deploy.local.cast import CARIN, HEMTJANST_ETT, OMSORG_TVA
from tests.accounts.loader import Loader

pytestmark = pytest.mark.django_db

HEADER = "name,organisation_number,directory_value,recipient1,recipient2"
ETT = f"{HEMTJANST_ETT},556677-8899,{HEMTJANST_ETT},{CARIN.mail},"
TVA = f"{OMSORG_TVA},559900-1129,{OMSORG_TVA}|Omsorg 2,,"


@pytest.fixture
def load(loader: Loader) -> Loader:
    loader.command = "import_companies"
    return loader


def test_creates(load: Loader) -> None:
    load(HEADER, ETT, TVA)
    ett, tva = Company.objects.all()
    assert (ett.name, ett.organisation_number, list(ett.recipients), ett.active) == (
        HEMTJANST_ETT,
        "556677-8899",
        [CARIN.mail],
        True,
    )
    assert tva.values == [OMSORG_TVA, "Omsorg 2"]
    assert load.said[-3:] == ["new: 2", "changed: 0", "unchanged: 0"]
    assert f"line 2: new: name {HEMTJANST_ETT}" in load.said[0]


def test_updates_by_organisation_number_and_says_from_what_to_what(load: Loader) -> None:
    load(HEADER, ETT, TVA)
    load(HEADER, ETT.replace(CARIN.mail, "ny@hemtjanst-ett.example").replace("-8899", "8899"), TVA)
    assert load.said == [
        f"line 2: {HEMTJANST_ETT}: recipient1: {CARIN.mail} → ny@hemtjanst-ett.example",
        "new: 0",
        "changed: 1",
        "unchanged: 1",
    ]
    assert Company.objects.count() == 2
    assert list(Company.objects.get(name=HEMTJANST_ETT).recipients) == ["ny@hemtjanst-ett.example"]


def test_leaves_history_and_trail(load: Loader) -> None:
    load(HEADER, ETT)
    load(HEADER, ETT.replace("carin", "ny"))
    load(HEADER, ETT.replace("carin", "ny"))
    ett = Company.objects.get()
    assert [each.history_type for each in ett.history.all()] == ["~", "+"]
    events = AuditEvent.objects.values_list("event", "company", "actor")
    assert list(events) == [
        (Event.COMPANY_ADDED, HEMTJANST_ETT, ""),
        (Event.RECIPIENTS_CHANGED, HEMTJANST_ETT, ""),
        (Event.RECIPIENTS_CHANGED, HEMTJANST_ETT, ""),
    ]


def test_a_dry_run_says_the_same_and_writes_nothing(load: Loader) -> None:
    load(HEADER, ETT, dry_run=True)
    assert load.said[1:] == ["new: 1", "changed: 0", "unchanged: 0", "Dry run: nothing was changed."]
    assert not Company.objects.exists()
    assert not AuditEvent.objects.exists()


def test_one_wrong_line_refuses_the_file_and_all_wrong_lines_are_named(load: Loader) -> None:
    said = load.refused(
        HEADER,
        ETT,
        "Vård Tre AB,556677-8890,Vård Tre AB,,",  # the check digit
        "Vård Fyra AB,559900-1129,Vård Fyra AB,ingen adress,",
        ETT,
        "Vård Fem AB,16",
        ",202100-2114,,a@vard.example,A@vard.example",
    )
    lines = [line.partition(":")[0] for line in said]
    assert lines == ["line 3", "line 4", "line 5", "line 6", "line 7", "Nothing was imported. Mistakes"]
    assert "organisation_number" in said[0]
    assert "recipient1" in said[1]
    assert said[2].startswith("line 5: organisation_number: 556677-8899 ")
    assert all(column in said[4] for column in ("name", "directory_value"))
    assert not Company.objects.exists()


def test_a_value_that_another_company_has_is_refused_and_names_that_one(load: Loader) -> None:
    load(HEADER, ETT)
    said = load.refused(HEADER, f"Vård Tre AB,559900-1129,{HEMTJANST_ETT.upper()},,")
    assert said[0].startswith("line 2: directory_value: ")
    assert HEMTJANST_ETT in said[0]


def test_two_lines_of_one_file_can_not_have_the_same_name_or_value(load: Loader) -> None:
    said = load.refused(HEADER, ETT, f"{HEMTJANST_ETT.lower()},559900-1129,hemtjänst  ett ab,,")
    assert said[0].startswith("line 3: ")
    assert all(words in said[0] for words in ("name: ", "directory_value: ", f"{HEMTJANST_ETT} "))


def test_two_companies_may_swap_names_and_values(load: Loader) -> None:
    load(HEADER, ETT, f"{OMSORG_TVA},559900-1129,{OMSORG_TVA},,")
    load(
        HEADER, f"{OMSORG_TVA},556677-8899,{OMSORG_TVA},{CARIN.mail},", f"{HEMTJANST_ETT},559900-1129,{HEMTJANST_ETT},,"
    )
    assert dict(Company.objects.values_list("organisation_number", "name")) == {
        "556677-8899": OMSORG_TVA,
        "559900-1129": HEMTJANST_ETT,
    }
    assert load.said[0] == f"line 2: {OMSORG_TVA}: name: {HEMTJANST_ETT} → {OMSORG_TVA}"
    assert {key.key: key.company.name for each in Company.objects.all() for key in each.keys.all()} == {
        f"value {OMSORG_TVA.casefold()}": OMSORG_TVA,
        f"value {HEMTJANST_ETT.casefold()}": HEMTJANST_ETT,
    }


def test_a_unit_is_known_by_its_dn(load: Loader) -> None:
    load(HEADER, f'{HEMTJANST_ETT},556677-8899,"OU=Ett,OU=Externa,DC=kommunen,DC=example|{HEMTJANST_ETT}",,')
    keys = [key.key for key in Company.objects.get().keys.all()]
    assert sorted(key.partition(" ")[0] for key in keys) == ["unit", "value"]


def test_the_second_recipient_alone_becomes_the_first(load: Loader) -> None:
    load(HEADER, f"{HEMTJANST_ETT},556677-8899,{HEMTJANST_ETT},,{CARIN.mail}")
    assert Company.objects.get().recipient1 == CARIN.mail


def test_an_optional_column_says_who_is_active(load: Loader) -> None:
    load(f"{HEADER},active", f"{ETT},nej")
    assert not Company.objects.get().active
    load(HEADER, ETT)
    assert not Company.objects.get().active  # as it was
    assert "active" in load.refused(f"{HEADER},active", f"{ETT},kanske")[0]


@pytest.mark.slow
def test_many_companies_are_not_looked_up_one_by_one(load: Loader, django_assert_max_num_queries: object) -> None:
    numbers = [number for number in range(5566000000, 5566004000) if _luhn(number)][:300]
    lines = [f"Vård {number} AB,{number},Vård {number} AB,," for number in numbers]
    load(HEADER, *lines)
    with django_assert_max_num_queries(30):  # type: ignore[operator]
        load(HEADER, *lines)
    assert load.said[-1] == "unchanged: 300"


def test_what_looks_alike_and_is_not_is_shown(load: Loader) -> None:
    """A row from before values were refused that hold what stands between two in a file."""
    made = Company.objects.create(name="Ett", organisation_number="556677-8899", directory_values="Vård|Omsorg")
    load(HEADER, "Ett,556677-8899,Vård|Omsorg,,", dry_run=True)
    assert load.said[0] == "line 2: Ett: directory_value: Vård|Omsorg → Vård|Omsorg"
    load(HEADER, "Ett,556677-8899,Vård|Omsorg,,")
    made.refresh_from_db()
    assert made.values == ["Vård", "Omsorg"]


def test_no_more_mistakes_are_told_than_anybody_reads(load: Loader) -> None:
    said = load.refused(HEADER, *(f"{'N' * 3000},1,{'V' * 3000},," for _ in range(120)))
    assert len(said) == 102
    assert said[100:] == ["… and 20 more", "Nothing was imported. Mistakes: 120."]
    assert max(len(line) for line in said) < 700


def test_what_the_database_refuses_names_its_line_and_leaves_nothing(
    load: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else saved a company of that name between the check and the write."""
    right = companies.store

    def store(company: Company, **kwargs: Any) -> list[str]:
        if company.name == OMSORG_TVA:
            raise IntegrityError("the name is taken")
        return right(company, **kwargs)

    monkeypatch.setattr(companies, "store", store)
    assert load.refused(HEADER, ETT, TVA)[0].startswith("line 3: ")
    assert not Company.objects.exists()


def _luhn(number: int) -> bool:
    digits = [int(digit) for digit in str(number)]
    return sum(sum(divmod(digit * (2 - place % 2), 10)) for place, digit in enumerate(digits)) % 10 == 0
