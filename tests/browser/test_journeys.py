"""Both journeys of manual-sv.md from start page to end, on a phone and at a desk, with and without JavaScript."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from accounts.models import Phone
from deploy.local.cast import KARL, STEFAN, Person
from tests.accounts.helpers import NEW_NUMBER, NEW_NUMBER_TYPED, NEW_PASSWORD
from tests.browser.conftest import DESK, PHONE, NewVisitor
from tests.browser.visitor import Visitor, opens
from tests.conftest import has_number

EVERYWHERE = pytest.mark.parametrize(
    ("size", "javascript"),
    [
        pytest.param(PHONE, True, id="360-script"),
        pytest.param(PHONE, False, id="360-plain", marks=pytest.mark.slow),
        pytest.param(DESK, True, id="1280-script", marks=pytest.mark.slow),
        pytest.param(DESK, False, id="1280-plain"),
    ],
)


@EVERYWHERE
def test_register_a_number_and_go_on_to_a_new_password(
    new_visitor: NewVisitor, size: tuple[int, int], javascript: bool
) -> None:
    """The manual's way for somebody who is new: the number first, then "Återställa/byta lösenord"."""
    visitor = new_visitor(size, javascript=javascript)
    page, sms = visitor.page, visitor.portal.sms
    visitor.open("/")
    page.get_by_role("link", name="Registrera mobilnummer").click()

    expect(visitor.heading).to_have_text("Logga in med ditt nuvarande lösenord")
    page.get_by_label("Användarnamn").fill(KARL.username)
    page.get_by_label("Lösenord", exact=True).fill(KARL.password)
    page.get_by_role("button", name="Nästa").click()

    expect(visitor.heading).to_have_text("Ditt mobilnummer")
    expect(page.get_by_role("main")).to_contain_text(f"Användarnamn {KARL.username}")
    expect(page.get_by_role("main")).to_contain_text("Använd arbetsmobilen om du har en")
    expect(page.get_by_label("Mobilnummer")).to_have_value("")
    page.get_by_label("Mobilnummer").fill(NEW_NUMBER_TYPED)
    page.get_by_role("button", name="Nästa").click()

    expect(visitor.heading).to_have_text("Skriv in säkerhetskoden")
    expect(page.get_by_role("main")).to_contain_text(NEW_NUMBER_TYPED)
    page.get_by_label("Säkerhetskod").fill(sms.code())
    page.get_by_role("button", name="Nästa").click()

    expect(visitor.heading).to_have_text("Registreringen är klar!")
    assert [phone.number for phone in Phone.objects.all()] == [NEW_NUMBER]
    page.get_by_role("link", name="Återställa/byta lösenord").click()
    _reset(visitor, KARL)


@EVERYWHERE
def test_a_new_password_with_a_code(new_visitor: NewVisitor, size: tuple[int, int], javascript: bool) -> None:
    visitor = new_visitor(size, javascript=javascript)
    has_number(STEFAN)
    visitor.open("/")
    visitor.page.get_by_role("link", name="Återställa eller byta lösenord").click()
    _reset(visitor, STEFAN)


def _reset(visitor: Visitor, person: Person) -> None:
    """From the page that asks for the user name to the end."""
    page = visitor.page
    expect(visitor.heading).to_have_text("Vilket konto gäller det?")
    page.get_by_label("Användarnamn").fill(person.username)
    page.get_by_role("button", name="Nästa").click()

    expect(visitor.heading).to_have_text("Skriv in säkerhetskoden")
    expect(page.get_by_role("main")).to_contain_text("Vänta upp till 3 minuter, ibland kan det dröja.")
    page.get_by_label("Säkerhetskod").fill(visitor.portal.sms.code())
    page.get_by_role("button", name="Nästa").click()

    expect(visitor.heading).to_have_text("Välj nytt lösenord")
    expect(page.get_by_role("main")).to_contain_text(f"Användarnamn {person.username}")
    page.get_by_label("Nytt lösenord", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("Nytt lösenord en gång till").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Nästa").click()

    expect(visitor.heading).to_have_text("Klart! Du har bytt lösenord.")
    expect(page.get_by_role("main")).to_contain_text("Prova att logga in med ditt nya lösenord.")
    assert opens(person, NEW_PASSWORD)
    assert not opens(person, person.password)


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_new_password_and_its_button_are_seen_without_scrolling(new_visitor: NewVisitor, language: str) -> None:
    """The rules and the two fields as well; on an ordinary telephone, when the page opens."""
    visitor = new_visitor(PHONE)
    has_number(STEFAN)
    visitor.open("/aterstall/")
    if language == "en":
        visitor.page.get_by_role("button", name="English").click()
    visitor.submit(username=STEFAN.username)
    visitor.submit(code=visitor.portal.sms.code())
    visitor.is_at("/aterstall/losenord/")
    for part in (*visitor.page.locator("[data-rule]").all(), visitor.field("new_password2"), visitor.next_button):
        expect(part).to_be_in_viewport(ratio=1)
    described = visitor.field("new_password1")
    expect(described).to_have_accessible_description(re.compile("8 tecken|8 characters"))


def test_a_number_that_is_unchanged_needs_no_code(visitor: Visitor) -> None:
    has_number(STEFAN)
    visitor.log_in(STEFAN)
    expect(visitor.field("phone")).to_have_value("070-174 06 05")
    visitor.next_button.click()
    visitor.is_at("/registrera/klart/")
    assert len(visitor.portal.sms) == 0


def test_log_out_ends_it(visitor: Visitor) -> None:
    visitor.log_in(KARL)
    visitor.page.locator("main > form").get_by_role("button", name="Logga ut").click()
    visitor.is_at("/")
    visitor.open("/registrera/mobil/")
    visitor.is_at("/registrera/")


def test_both_journeys_by_keyboard_alone(visitor: Visitor) -> None:
    """Tab and Enter, and what one types; the focus is always to be seen."""
    visitor.open("/")
    _tab_to(visitor, "Registrera mobilnummer")
    _press_enter(visitor, "/registrera/")
    _type(visitor, "Användarnamn", KARL.username)
    _type(visitor, "Lösenord", KARL.password)
    _press_enter(visitor, "/registrera/mobil/")
    _type(visitor, "Mobilnummer", NEW_NUMBER_TYPED)
    _press_enter(visitor, "/registrera/kod/")
    _type(visitor, "Säkerhetskod", visitor.portal.sms.code())
    _tab_to(visitor, "Nästa")
    _press_enter(visitor, "/registrera/klart/")
    _tab_to(visitor, "Återställa/byta lösenord")
    _press_enter(visitor, "/aterstall/")
    _type(visitor, "Användarnamn", KARL.username)
    _press_enter(visitor, "/aterstall/kod/")
    _type(visitor, "Säkerhetskod", visitor.portal.sms.code())
    _press_enter(visitor, "/aterstall/losenord/")
    _type(visitor, "Nytt lösenord", NEW_PASSWORD)
    _tab_to(visitor, "Visa lösenordet")
    visitor.page.keyboard.press("Enter")
    _type(visitor, "Nytt lösenord en gång till", NEW_PASSWORD)
    _tab_to(visitor, "Nästa")
    _press_enter(visitor, "/aterstall/klart/")
    assert opens(KARL, NEW_PASSWORD)


def test_the_first_tab_offers_to_skip_to_the_content(visitor: Visitor) -> None:
    visitor.open("/registrera/")
    visitor.page.keyboard.press("Tab")
    link = visitor.page.get_by_role("link", name="Hoppa till innehållet")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    visitor.page.keyboard.press("Enter")
    visitor.page.keyboard.press("Tab")
    expect(visitor.field("username")).to_be_focused()


# The name and the look of what has the focus. A label's hint is left out: it says what to type, not what it is.
_FOCUSED = """() => {
    const it = document.activeElement;
    const label = it.labels?.[0]?.cloneNode(true);
    label?.querySelector(".field__hint")?.remove();
    const name = it.getAttribute("aria-label") ?? label?.textContent ?? it.textContent;
    const looks = [getComputedStyle(it), getComputedStyle(it, "::after")];
    const box = it.getBoundingClientRect();
    return {
        name: name.trim().replace(/\\s+/g, " "),
        ring: looks.some((look) => look.outlineStyle === "solid" && parseFloat(look.outlineWidth) >= 2),
        seen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    };
}"""


def _tab_to(visitor: Visitor, name: str) -> None:
    for _ in range(20):
        visitor.page.keyboard.press("Tab")
        focused = visitor.page.evaluate(_FOCUSED)
        assert focused["ring"], f"no ring around {focused['name']!r}"
        assert focused["seen"], f"{focused['name']!r} has the focus outside of what is shown"
        if focused["name"] == name:
            return
    pytest.fail(f"Tab does not lead to {name!r}")


def _type(visitor: Visitor, label: str, text: str) -> None:
    _tab_to(visitor, label)
    visitor.page.keyboard.type(text)


def _press_enter(visitor: Visitor, leads_to: str) -> None:
    visitor.page.keyboard.press("Enter")
    visitor.is_at(leads_to)
