"""The admin's pages in a browser: whole, accessible (WCAG 2.2 AA), and within their own Content-Security-Policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from pytest_django import Settings

from accounts.models import Company, Orderer
from deploy.local.cast import CARIN
from tests.browser import reader
from tests.browser.conftest import DESK, NewVisitor
from tests.browser.states.admin import COMPANY, ORDERER, PAGES, RIGHT, WRONG, Eva, register
from tests.browser.test_accessibility import COLOURS, EVERYTHING, axe, axe_in_the_dark
from tests.browser.transcripts import ADMIN
from tests.browser.visitor import Visitor

# Django's forms.css imports another sheet, which axe would rewrite as an inline style, against the page's own policy.
WITHIN_POLICY = {"preload": False}


@pytest.fixture
def eva(visitor: Visitor) -> Eva:
    return Eva(visitor)


# One of each kind of page. The others have the same templates, or Django's own without a change: make slow.
FIRST = {"index", "oversikt", "foretag", "foretag-andra", "foretag-import-torr", "bestallare-bekrafta", "logg"}
FIRST |= {"bestallare-fel-kod", "app-ta-bort"}
LOOKED_AT = [pytest.param(name, marks=[] if name in FIRST else pytest.mark.slow) for name in PAGES]


@pytest.mark.parametrize("name", LOOKED_AT)
def test_page(name: str, eva: Eva) -> None:
    """axe finds nothing on a phone, in light and dark; nothing breaks the policy (Guard)."""
    PAGES[name](eva, register(eva))
    page = eva.page
    expect(page.locator("h1")).to_be_visible()
    nodes = reader.read(page)
    assert reader.problems(nodes) == []
    assert reader.not_heard(nodes, ADMIN.get(name, ())) == []
    found = [axe(page, {**EVERYTHING, **WITHIN_POLICY})]
    found.append(axe_in_the_dark(page, {**COLOURS, **WITHIN_POLICY}, "admin"))
    assert "".join(found) == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_page_at_a_desk(name: str, new_visitor: NewVisitor) -> None:
    eva = Eva(new_visitor(DESK))
    PAGES[name](eva, register(eva))
    expect(eva.page.locator("h1")).to_be_visible()
    assert axe(eva.page, {**EVERYTHING, **WITHIN_POLICY}) == ""


def test_a_mistake_names_its_field_and_leads_there(eva: Eva) -> None:
    PAGES["foretag-fel"](eva, register(eva))
    page = eva.page
    expect(page.get_by_role("alert")).to_contain_text("Det blev fel")
    page.get_by_role("link", name="Organisationsnummer: Detta fält måste fyllas i.").click()
    expect(page.locator("[name=organisation_number]")).to_be_focused()
    expect(page.locator(".errornote")).to_be_hidden()


def test_a_list_is_read_on_a_telephone(eva: Eva) -> None:
    """Each row is a card, whose cells have the names of their columns; nothing is wider than the screen."""
    PAGES["foretag"](eva, register(eva))
    page = eva.page
    expect(page.locator("#result_list td[data-column=Organisationsnummer]")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('#result_list td')).fontSize)") >= 16


@pytest.mark.parametrize("name", ["bestallare-andra", "foretag-fel"])
def test_no_field_is_cut_off_on_a_telephone(name: str, eva: Eva) -> None:
    PAGES[name](eva, register(eva))
    cut = """() => [...document.querySelectorAll("#content .form-row")].filter(it => it.scrollWidth > it.clientWidth)
        .map(it => it.className)"""
    assert eva.page.evaluate(cut) == []


def test_an_orderer_is_added_with_a_company_that_is_found_by_typing(eva: Eva) -> None:
    """And by keyboard alone."""
    register(eva)
    page = eva.page
    eva.open(f"{ORDERER}add/")
    for name, value in (("name", "Siv Ek"), ("email", "siv@hemtjanst-ett.example"), ("mobile", "070-174 06 51")):
        page.locator(f"input[name={name}]").fill(value)
    page.get_by_role("searchbox", name="Företag").focus()
    page.keyboard.type("hemtj")
    expect(page.get_by_role("option", name="Hemtjänst Ett i Örebro AB")).to_be_visible()
    page.keyboard.press("Enter")
    page.locator("input[name=_save]").press("Enter")
    expect(page.get_by_text("Siv Ek")).to_have_count(2)  # in the message and in the list
    assert [each.name for each in Orderer.objects.get(name="Siv Ek").companies.all()] == ["Hemtjänst Ett i Örebro AB"]


def test_a_file_is_imported(eva: Eva) -> None:
    register(eva)
    eva.choose(WRONG)
    expect(eva.page.locator("section.notice--bad")).to_be_focused()
    eva.choose(RIGHT)
    eva.page.get_by_role("button", name="Bekräfta importen").click()
    expect(eva.page.get_by_text("Importen är klar. Nya: 0. Ändrade: 1. Oförändrade: 0.")).to_be_visible()
    assert list(Company.objects.get().recipients) == ["ny@hemtjanst-ett.example", CARIN.mail]


def test_a_register_is_exported(eva: Eva) -> None:
    register(eva)
    eva.open(f"{COMPANY}export/")
    with eva.page.expect_download() as download:
        eva.page.get_by_role("button", name="Hämta filen").click()
    assert download.value.suggested_filename.startswith("Foretag-")


def test_the_session_s_end_is_warned_of(eva: Eva, settings: Settings) -> None:
    """security.md S3."""
    settings.SESSION_COOKIE_AGE = 62
    eva.open("/admin/")
    dialog = eva.page.get_by_role("dialog", name="Är du kvar?")
    expect(dialog).to_be_visible()
    assert axe(eva.page, {**EVERYTHING, **WITHIN_POLICY}) == ""
    dialog.get_by_role("button", name="Jag är kvar").press("Enter")
    expect(dialog).to_be_hidden()
