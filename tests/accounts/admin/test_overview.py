"""The overview: what the daily mail misses, or reaches too late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.html import strip_tags
from pytest_django import Settings

from accounts import companies, directory
from accounts.companies import overview
from accounts.companies.overview import OverviewSection
from accounts.directory import Account
from accounts.models import Company
from deploy.local.cast import ANNA, CARIN, COMPANIES, HEMTJANST_ETT, KARL, MARIA, OMSORG_TVA, STEFAN
from tests.accounts.admin.conftest import Say, company
from tests.conftest import has_number
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server")]


def section(words: str, report: dict[str, Any] | None = None) -> OverviewSection:
    sections: list[OverviewSection] = (report or overview.report())["sections"]
    (found,) = [each for each in sections if words in each.title]
    return found


def cells(found: OverviewSection) -> list[list[str]]:
    return [[strip_tags(cell) for cell in row] for row in found.rows]


def test_accounts_that_match_no_company() -> None:
    """Eva's and Per's accounts are protected: the portal does nothing for them."""
    company()
    found = section("inte hör till något företag")
    assert cells(found) == [[OMSORG_TVA, MARIA.name, MARIA.username]]
    assert found.total == 1


def test_companies_without_a_recipient() -> None:
    for told in COMPANIES:
        company(told)
    found = section("utan mottagare")
    assert cells(found) == [[OMSORG_TVA, "559900-1129"]]
    assert f'href="/admin/accounts/company/{Company.objects.get(name=OMSORG_TVA).pk}/change/"' in found.rows[0][0]
    Company.objects.update(active=False)
    assert section("utan mottagare").total == 0


def test_recipients_whose_mail_bounced() -> None:
    company()
    companies.note_bounce(CARIN.mail.upper(), "550 5.1.1 No such user")
    companies.note_bounce("nobody@x.example", "550")
    (row,) = cells(section("studsat"))
    assert row[:2] + row[3:] == [HEMTJANST_ETT, CARIN.mail, "550 5.1.1 No such user"]


def test_staff_without_a_number_whose_password_runs_out(server: TestSlapd) -> None:
    """Karl has 7 days; Stefan has a number, Maria 60 days, Anna's has run out."""
    company()
    has_number(STEFAN)
    assert cells(section("inget mobilnummer")) == [[HEMTJANST_ETT, KARL.name, KARL.username, "7"]]
    for days, shown in ((0, True), (30, True), (31, False), (-1, False)):
        server.put(replace(KARL, days_left=days))
        assert bool(section("inget mobilnummer").total) is shown
    server.put(KARL, disabled=True)
    assert section("inget mobilnummer").total == 0


def test_a_number_that_is_registered_takes_the_row_away() -> None:
    has_number(STEFAN)
    has_number(KARL, "+46701740606")
    has_number(ANNA)
    assert section("inget mobilnummer").total == 0


def test_200_rows_are_listed_the_first_by_company_and_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Crowd:
        def of_staff(self) -> Crowd:
            return self

        def unreadable_groups(self) -> list[str]:
            return []

        def accounts(self, *, listed: bool) -> Iterator[Account]:
            expires = datetime.now(UTC) + timedelta(days=5)
            for at in range(1234, 0, -1):
                yield Account(
                    *(f"{at:036d}", f"lov{at:04d}", "Siv", "Ek", "", f"Vård {at % 7}"),
                    enabled=True,
                    protected=False,
                    locked=False,
                    expires=expires,
                    password_last_set=None,
                )

    monkeypatch.setattr(directory, "connect", Crowd)
    report = overview.report()
    for found in (section("inte hör", report), section("inget mobilnummer", report)):
        assert (found.total, len(found.rows)) == (1234, overview.LISTED)
        assert found.rows[0][0] == "Vård 0"
        assert {row[0] for row in found.rows} == {"Vård 0", "Vård 1"}


# The page.


def test_the_page_says_when_it_was_read_and_what_to_do(admin: Client, say: Say) -> None:
    company()
    page = admin.get("/admin/oversikt/")
    assert say(page, "Uppdaterad ")
    assert say(page, "inget mobilnummer: 2")
    assert say(page, "Be företaget påminna medarbetarna")
    assert say(page, f"{HEMTJANST_ETT} {KARL.name} {KARL.username} 7")


def test_a_directory_that_is_down_is_said(admin: Client, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was there when Eva's role was asked for, and is gone a moment later."""
    company(COMPANIES[1])

    def down(self: Any, *, listed: bool) -> Iterator[Account]:
        raise directory.DirectoryUnavailable("gone")

    monkeypatch.setattr(type(directory.connect()), "accounts", down)
    page = admin.get("/admin/oversikt/")
    assert page.status_code == 200
    assert say(page, "Katalogen svarar inte")
    assert say(page, "Aktiva företag utan mottagare: 1")


def test_the_first_page_tells_what_is_cheap_to_know(admin: Client, say: Say, settings: Settings) -> None:
    for told in COMPANIES:
        company(told)
    companies.note_bounce(CARIN.mail, "550")
    page = admin.get("/admin/")
    assert say(page, "Aktiva företag utan mottagare: 1")
    assert say(page, "Företag vars mejl studsar: 1")
