"""Every mistake once, then right: the focus goes to what went wrong, and the words say what to do."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from accounts.passwords.policy import parts
from deploy.local.cast import ANNA, KARL, STEFAN
from tests.accounts.helpers import NEW_NUMBER_TYPED, NEW_PASSWORD, OTHER_PASSWORD, WRONG_CODE, wrong_for
from tests.browser.conftest import NewVisitor
from tests.browser.visitor import Visitor, opens

EITHER_WAY = pytest.mark.parametrize(
    "javascript", [pytest.param(True, id="script"), pytest.param(False, id="plain", marks=pytest.mark.slow)]
)


def _begins(pattern: str) -> re.Pattern[str]:
    return re.compile(f"^{pattern}")


def refused(visitor: Visitor, *sentences: str, field: str = "") -> None:
    """The page says exactly this, in its title, in the summary that has the focus, and at the field."""
    expect(visitor.page).to_have_title(_begins("Fel: "))
    expect(visitor.summary).to_be_focused()
    expect(visitor.summary).to_be_in_viewport()
    expect(visitor.summary.get_by_role("heading")).to_have_text("Det blev fel")
    expect(visitor.summary.get_by_role("listitem")).to_have_text(list(sentences))
    if field:
        expect(visitor.field(field)).to_have_attribute("aria-invalid", "true")
        for sentence in sentences:
            expect(visitor.field(field)).to_have_accessible_description(re.compile(re.escape(sentence)))


@EITHER_WAY
def test_registering(new_visitor: NewVisitor, javascript: bool) -> None:
    visitor = new_visitor(javascript=javascript)
    sms = visitor.portal.sms
    visitor.open("/registrera/")
    visitor.submit()
    refused(visitor, "Skriv ditt användarnamn, till exempel lovstlin32.", "Skriv ditt nuvarande lösenord.")
    visitor.submit(username=KARL.username, password="Fel-Gissning-1")
    refused(
        visitor,
        "Fel användarnamn eller lösenord. Efter flera felaktiga försök kan kontot vara låst. "
        "Vänta 15 minuter eller välj nytt lösenord.",
    )
    expect(visitor.field("username")).to_have_value(KARL.username)
    expect(visitor.field("password")).to_have_value("")
    visitor.submit(password=KARL.password)
    visitor.is_at("/registrera/mobil/")

    for typed, sentence in (
        ("", "Skriv ditt mobilnummer, till exempel 070-174 06 05."),
        (
            "019-21 10 00",
            "Det är inget mobilnummer. Koden kommer i ett sms. Skriv ett mobilnummer, till exempel 070-174 06 05.",
        ),
        ("+47 406 12 345", "Vi kan bara skicka koder till svenska mobilnummer."),
        (
            "ring mig",
            "Kontrollera numret. Det ska se ut så här: 070-174 06 05.",
        ),
    ):
        visitor.submit(phone=typed)
        refused(visitor, sentence, field="phone")
        expect(visitor.field("phone")).to_have_value(typed)
    assert len(sms) == 0
    visitor.submit(phone=NEW_NUMBER_TYPED)
    visitor.is_at("/registrera/kod/")

    visitor.submit()
    refused(visitor, "Skriv koden med sex siffror från ditt sms.", field="code")
    visitor.submit(code=wrong_for(sms.code()))
    refused(visitor, WRONG_CODE, field="code")
    visitor.submit(code=sms.code())
    visitor.is_at("/registrera/klart/")


@EITHER_WAY
def test_resetting(new_visitor: NewVisitor, javascript: bool) -> None:
    visitor = new_visitor(javascript=javascript)
    sms = visitor.portal.sms
    visitor.open("/aterstall/")
    visitor.submit()
    refused(visitor, "Skriv ditt användarnamn, till exempel lovstlin32.", field="username")
    visitor.ask_for_reset(STEFAN)
    visitor.submit(code="")
    refused(visitor, "Skriv koden med sex siffror från ditt sms.", field="code")
    visitor.submit(code=wrong_for(sms.code()))
    refused(visitor, WRONG_CODE, field="code")
    visitor.submit(code=sms.code())
    visitor.is_at("/aterstall/losenord/")

    for password, key, sentence in (
        ("Ab-1234", "length", "Lösenordet ska ha minst 8 tecken."),
        (
            "bergochdal",
            "kinds",
            "Lösenordet ska ha minst 3 av de här fyra: stora bokstäver (A–Z), små bokstäver (a–z), siffror, "
            "specialtecken (till exempel %&/#).",
        ),
        ("Bergåsen-12", "letters", "Lösenordet får inte innehålla å, ä eller ö."),
        ("Xx-LOVstlin32-9", "username", "Lösenordet får inte innehålla ditt användarnamn."),
        (
            "Password123",
            "common",
            "Välj ett lösenord som är svårt att gissa, inget vanligt ord som i Sommar2026! eller P@ssw0rd1.",
        ),
        (
            "Vid-Hemtjanst-26",
            "context",
            "Lösenordet får inte innehålla ditt namn, företagets namn eller kommunens namn.",
        ),
        (STEFAN.password, "history", "Du kan inte återanvända ett tidigare lösenord."),
    ):
        visitor.submit(new_password1=password, new_password2=password)
        refused(visitor, sentence, field="new_password1")
        failed = visitor.page.locator("[data-rule][data-state=failed]")
        expect(failed).to_have_count(1)
        expect(failed).to_have_attribute("data-rule", *parts([key]))
        expect(failed).to_contain_text("Inte uppfyllt", use_inner_text=True)
        assert visitor.page.get_by_role("main").inner_text().count(sentence) == 2, "in the summary, and at the field"
        expect(visitor.field("new_password1")).to_have_value("")

    visitor.submit(new_password1="abc", new_password2="abc")
    expect(visitor.summary.get_by_role("listitem")).to_have_count(3)  # each broken rule: length, kinds, common
    visitor.submit(new_password1="", new_password2="")
    refused(visitor, "Skriv ett nytt lösenord.", field="new_password1")
    visitor.submit(new_password1=NEW_PASSWORD, new_password2=OTHER_PASSWORD)
    refused(
        visitor,
        "Lösenorden stämmer inte överens. Skriv samma lösenord på båda raderna.",
        field="new_password2",
    )
    assert opens(STEFAN, STEFAN.password)
    visitor.submit(new_password1=NEW_PASSWORD, new_password2=NEW_PASSWORD)
    visitor.is_at("/aterstall/klart/")
    assert opens(STEFAN, NEW_PASSWORD)
    assert not opens(STEFAN, STEFAN.password)


@EITHER_WAY
def test_the_summary_leads_to_the_field(new_visitor: NewVisitor, javascript: bool) -> None:
    visitor = new_visitor(javascript=javascript)
    visitor.log_in(KARL)
    visitor.submit(phone="08-123")
    visitor.summary.get_by_role("link").click()
    expect(visitor.field("phone")).to_be_focused()


@EITHER_WAY
def test_an_expired_password_is_told_and_what_to_do(new_visitor: NewVisitor, javascript: bool) -> None:
    """issue 2, from the manual's Support section."""
    visitor = new_visitor(javascript=javascript)
    visitor.log_in(ANNA)
    expect(visitor.heading).to_have_text("Ditt lösenord har gått ut")
    expect(visitor.page.locator("[data-focus]")).to_be_focused()
    main = visitor.page.get_by_role("main")
    expect(main).to_contain_text("Be er behöriga beställare (ofta din chef) att begära ett nytt mobilnummer åt dig.")
    main.get_by_text("Vad ska du skriva?").click()
    for words in ("Ditt namn och användarnamn", "Ditt nya mobilnummer"):
        expect(main.get_by_text(words)).to_be_visible()
    expect(main.get_by_role("link", name="Beställarens sidor")).to_have_attribute("href", _begins("/bestallare/"))
    expect(visitor.page.get_by_text(visitor.portal.settings.HELPDESK_EMAIL)).to_have_count(0)  # agents refuse employees
    visitor.page.get_by_role("link", name="Välj nytt lösenord").click()
    visitor.is_at("/aterstall/")


def test_a_password_that_must_be_changed_is_told(visitor: Visitor) -> None:
    visitor.portal.server.put(KARL, must_change=True)
    visitor.log_in(KARL)
    expect(visitor.heading).to_have_text("Du måste byta lösenord")


def test_too_many_posts_say_how_long_to_wait(visitor: Visitor) -> None:
    visitor.portal.settings.LIMIT_ADDRESS_POSTS = 1
    visitor.guard.expect(429)
    visitor.open("/aterstall/")
    visitor.submit()
    visitor.submit()
    expect(visitor.heading).to_have_text("För många försök")
    expect(visitor.page.get_by_role("main")).to_contain_text(re.compile(r"Vänta \d+ minut"))


def test_a_directory_that_is_down_is_told_and_the_way_back_works(visitor: Visitor) -> None:
    visitor.portal.server.stop()
    visitor.guard.expect(503)
    visitor.log_in(KARL)
    expect(visitor.heading).to_have_text("Det går inte att logga in just nu")
    visitor.portal.server.start()
    visitor.portal.settings.DIRECTORY_URLS = [visitor.portal.server.url]  # forgets that it was dead
    visitor.page.get_by_role("link", name="Försök igen").click()
    visitor.submit(username=KARL.username, password=KARL.password)
    visitor.is_at("/registrera/mobil/")


def test_a_session_that_ends_leads_to_the_log_in_wherever_one_was(visitor: Visitor) -> None:
    """And nowhere else: a path may begin with two slashes, and be another host's address then."""
    visitor.portal.settings.SESSION_COOKIE_AGE = 2
    visitor.log_in(KARL)
    visitor.is_at("/registrera/mobil/")
    visitor.guard.expect(404)
    visitor.page.goto(f"{visitor.portal.url}//evil.example/login")
    visitor.is_at("/registrera/?borta")
    expect(visitor.page.get_by_role("main")).to_contain_text(
        "Du har loggats ut eftersom du inte gjorde något på en stund."
    )
