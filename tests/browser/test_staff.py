"""Staff sign in with a browser: the first time and later, by keyboard alone, and without JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from deploy.local.cast import EVA, Person
from tests.accounts.staff import App, Officer, later
from tests.browser.conftest import DESK, PHONE, NewVisitor
from tests.browser.test_journeys import _press_enter, _tab_to, _type
from tests.browser.visitor import Visitor


def enter_enrolment_code(visitor: Visitor, person: Person = EVA) -> None:
    visitor.submit(enrolment_code=Officer(person).enrolment_code())
    expect(visitor.heading).to_have_text("Koppla en app till ditt konto")


def scan(visitor: Visitor) -> App:
    """What the app gets from the link, which says the same as the picture."""
    address = visitor.page.get_by_role("link", name="Öppna appen med kontot").get_attribute("href")
    assert address
    return App(address)


def test_the_first_sign_in_by_keyboard_alone(visitor: Visitor) -> None:
    """On a phone, from the admin's door to the admin: Tab and Enter, and what one types."""
    visitor.open("/admin/")
    visitor.is_at("/logga-in/?next=%2Fadmin%2F")
    _type(visitor, "Användarnamn", EVA.username)
    _type(visitor, "Lösenord", EVA.password)
    _press_enter(visitor, "/logga-in/kod/")
    expect(visitor.heading).to_have_text("Skriv din startkod")
    _type(visitor, "Startkod", Officer(EVA).enrolment_code())
    _press_enter(visitor, "/logga-in/kod/")
    expect(visitor.heading).to_have_text("Koppla en app till ditt konto")
    expect(visitor.page.get_by_role("img", name="QR-kod att skanna med appen")).to_be_visible()
    app = scan(visitor)
    _type(visitor, "Kod", app.code())
    _press_enter(visitor, "/logga-in/koder/")
    expect(visitor.heading).to_have_text("Spara dina återställningskoder")
    expect(visitor.page.locator(".codes li")).to_have_count(10)
    _tab_to(visitor, "Jag har sparat koderna")
    _press_enter(visitor, "/admin/")
    expect(visitor.page.locator("#user-tools")).to_contain_text(EVA.username)


@pytest.mark.parametrize(
    ("size", "javascript"),
    [
        pytest.param(PHONE, True, id="phone-script"),
        pytest.param(PHONE, False, id="phone-plain", marks=pytest.mark.slow),
        pytest.param(DESK, True, id="desk-script", marks=pytest.mark.slow),
        pytest.param(DESK, False, id="desk-plain"),
    ],
)
def test_later_sign_ins_and_the_way_out(new_visitor: NewVisitor, size: tuple[int, int], javascript: bool) -> None:
    """With the app, then with a recovery code; and the admin's own button logs out."""
    visitor = new_visitor(size, javascript=javascript)
    page = visitor.page
    visitor.open("/logga-in/")
    visitor.submit(username=EVA.username, password=EVA.password)
    visitor.is_at("/logga-in/kod/")
    enter_enrolment_code(visitor)
    app = scan(visitor)
    visitor.submit(code=app.code())
    visitor.is_at("/logga-in/koder/")
    recovery_code = page.locator(".codes code").first.inner_text()
    for by_app in (True, False):
        visitor.open("/admin/")
        page.locator("#logout-form button").click()
        visitor.is_at("/")
        later(minutes=2)
        visitor.open("/logga-in/")
        visitor.submit(username=EVA.username, password=EVA.password)
        visitor.is_at("/logga-in/kod/")
        expect(visitor.heading).to_have_text("Skriv koden från din app")
        visitor.submit(code=app.code() if by_app else recovery_code)
        visitor.is_at("/admin/")


def test_a_wrong_code_takes_the_focus_to_what_to_do(visitor: Visitor) -> None:
    visitor.open("/logga-in/")
    visitor.submit(username=EVA.username, password=EVA.password)
    visitor.is_at("/logga-in/kod/")
    enter_enrolment_code(visitor)
    secret = scan(visitor).secret
    visitor.submit(code="12")
    expect(visitor.summary).to_be_focused()
    expect(visitor.summary).to_contain_text("Vänta tills appen visar nästa kod")
    assert scan(visitor).secret == secret, "what was scanned stays good"


def test_a_session_that_ends_leads_back_to_this_log_in(visitor: Visitor) -> None:
    """S3: the dialog is on staff's own pages, and when the time is up the log-in is theirs."""
    visitor.portal.settings.SESSION_COOKIE_AGE = 62
    visitor.open("/logga-in/")
    visitor.submit(username=EVA.username, password=EVA.password)
    visitor.is_at("/logga-in/kod/")
    enter_enrolment_code(visitor)
    visitor.submit(code=scan(visitor).code())
    visitor.is_at("/logga-in/koder/")
    dialog = visitor.page.get_by_role("dialog", name="Är du kvar?")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Jag är kvar").click()
    expect(dialog).to_be_hidden()
    assert visitor.page.evaluate("document.body.dataset.sessionEnded") == "/logga-in/?borta"
