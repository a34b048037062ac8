"""Orderers from a file: known by e-mail address, with a line for each company."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection

from accounts import companies
from accounts.companies import orderers
from accounts.companies.files.registers import OrdererRegister
from accounts.models import AuditEvent, Company, Event, Orderer
from deploy.local.cast import CARIN, COMPANIES, HEMTJANST_ETT, OMSORG_TVA
from tests.accounts.admin.conftest import carin, company
from tests.accounts.loader import Loader

pytestmark = pytest.mark.django_db

HEADER = "company,name,email,mobile"
LINE = f"{HEMTJANST_ETT},{CARIN.name},{CARIN.mail},070-174 06 50"


@pytest.fixture
def load(loader: Loader) -> Loader:
    loader.command = "import_orderers"
    return loader


def names(orderer: Orderer) -> set[str]:
    return {each.name for each in orderer.companies.all()}


def test_creates_with_all_companies_of_her_lines(load: Loader) -> None:
    for told in COMPANIES:
        company(told)
    load(HEADER, LINE, f"559900-1129,{CARIN.name},{CARIN.mail.upper()},+46701740650")
    made = Orderer.objects.get()
    assert (made.name, made.email, made.mobile) == (CARIN.name, CARIN.mail, CARIN.phone)
    assert names(made) == {HEMTJANST_ETT, OMSORG_TVA}
    assert load.said[-3:] == ["new: 1", "changed: 0", "unchanged: 0"]
    assert AuditEvent.objects.get().event == Event.ORDERER_ADDED
    assert made.history.count() == 1
    assert made.history.get().companies.count() == 2


def test_adds_companies_and_takes_none_away(load: Loader) -> None:
    ett, _tva = (company(told) for told in COMPANIES)
    carin(ett)
    load(HEADER, f"{OMSORG_TVA.lower()},{CARIN.name},{CARIN.mail},0701740650")
    assert names(Orderer.objects.get()) == {HEMTJANST_ETT, OMSORG_TVA}
    assert load.said[0] == f"line 2: {CARIN.name}: company: {HEMTJANST_ETT} → {HEMTJANST_ETT}, {OMSORG_TVA}"


def test_shows_numbers_as_people_write_them(load: Loader) -> None:
    carin(company())
    load(HEADER, LINE.replace("06 50", "06 51"))
    assert load.said[0] == f"line 2: {CARIN.name}: mobile: 070-174 06 50 → 070-174 06 51"
    load(HEADER, LINE.replace("06 50", "06 51"))
    assert load.said == ["new: 0", "changed: 0", "unchanged: 1"]


def test_two_names_or_numbers_for_one_address_are_a_mistake(load: Loader) -> None:
    for told in COMPANIES:
        company(told)
    said = load.refused(HEADER, LINE, f"{OMSORG_TVA},Karin Ek,{CARIN.mail},070-174 06 51")
    assert said[0].startswith("line 3: name: ")
    assert all(words in said[0] for words in ("Karin Ek", CARIN.name, " 2 ", "mobile: ", "070-174 06 51"))
    assert not Orderer.objects.exists()


def test_all_wrong_lines_are_named(load: Loader) -> None:
    company()
    said = load.refused(
        HEADER,
        f"Vård Tre AB,{CARIN.name},{CARIN.mail},070-174 06 50",
        f"{HEMTJANST_ETT},Eva Ek,ingen adress,070-174 06 51",
        f"{HEMTJANST_ETT},Siv Ek,siv@hemtjanst-ett.example,019-21 10 00",
        f"{HEMTJANST_ETT},,,",
        ",Ulla Ek,ulla@hemtjanst-ett.example,070-174 06 52",
    )
    assert [line.partition(":")[0] for line in said[:-1]] == [f"line {number}" for number in range(2, 7)]
    assert "Vård Tre AB" in said[0]
    assert ("email:" in said[1], "mobile:" in said[1]) == (True, False)
    assert ("email:" in said[2], "mobile:" in said[2]) == (False, True)
    assert not Orderer.objects.exists()


def test_a_number_is_a_company_s_own_and_no_other_one_s_name(load: Loader) -> None:
    ett = company()
    other = Company.objects.create(
        name=ett.organisation_number, organisation_number="559900-1129", directory_values="x"
    )
    load(HEADER, f"556677-8899,{CARIN.name},{CARIN.mail},0701740650")
    assert list(Orderer.objects.get().companies.all()) == [ett]
    load(HEADER, f"{HEMTJANST_ETT},Siv Ek,siv@hemtjanst-ett.example,0701740651")
    assert list(Orderer.objects.get(name="Siv Ek").companies.all()) == [ett]
    assert not other.orderers.exists()


def test_what_a_mistake_repeats_is_cut(load: Loader) -> None:
    company()
    said = load.refused(HEADER, LINE.replace(CARIN.name, "N" * 4000), LINE)
    assert any("N" * 59 + "…" in line for line in said)
    assert not any("N" * 61 in line for line in said)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_company_that_is_removed_meanwhile_waits(load: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    ett = company()
    right = orderers.store
    waiting: list[threading.Thread] = []

    def remove() -> None:
        companies.remove(ett, actor=None)
        connection.close()

    def slowly(*args: Any, **kwargs: Any) -> list[str]:
        monkeypatch.undo()
        waiting.append(threading.Thread(target=remove))
        waiting[0].start()
        waiting[0].join(0.5)  # it would be done, if nothing held it
        return right(*args, **kwargs)

    monkeypatch.setattr(orderers, "store", slowly)
    load(HEADER, LINE)
    waiting[0].join()
    assert not Orderer.objects.get().companies.exists()
    assert not Company.objects.exists()


def test_what_the_database_refuses_at_the_end_is_told_in_words(load: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a foreign key is, at the commit."""
    company()

    def gone(*args: Any, **kwargs: Any) -> None:
        raise IntegrityError("foreign key")

    monkeypatch.setattr(OrdererRegister, "make_room", gone)
    assert "Nothing was imported. Mistakes: 1." in load.refused(HEADER, LINE)


@pytest.mark.slow
def test_many_orderers_are_not_looked_up_one_by_one(load: Loader, django_assert_max_num_queries: object) -> None:
    company()
    lines = [f"{HEMTJANST_ETT},Carin Ek,carin{at}@hemtjanst-ett.example,070-174 06 50" for at in range(200)]
    load(HEADER, *lines)
    with django_assert_max_num_queries(30):  # type: ignore[operator]
        load(HEADER, *lines)
    assert load.said[-1] == "unchanged: 200"
