"""A new code is asked for where the button is, and said there; the time for a password is told, and more is had."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Challenge
from deploy.local.cast import KARL, STEFAN
from tests.accounts.helpers import NEW_NUMBER_TYPED, NEW_PASSWORD, time_passes
from tests.browser.conftest import PHONE, NewVisitor
from tests.browser.states.reset import code, password
from tests.browser.visitor import Visitor

ASKED = "Om kontot finns skickar vi en ny kod. Bara den senaste koden gäller."


def press_for_a_code(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Skicka en ny kod").click()


def test_a_new_code_is_said_where_the_focus_is(visitor: Visitor) -> None:
    """In a live region below the button; what was typed stays, and the countdown begins anew."""
    code(visitor)
    said = visitor.page.locator(".again [role=status]")
    visitor.fill(code="12")
    press_for_a_code(visitor)
    expect(said).to_have_text("Du kan be om en ny kod 1 minut efter den förra.")
    expect(visitor.page.get_by_role("button", name="Skicka en ny kod")).to_be_focused()
    time_passes(seconds=61)
    visitor.page.wait_for_timeout(5100)  # one press is enough: a second one within five seconds is not sent
    press_for_a_code(visitor)
    expect(said).to_have_text(ASKED)
    expect(said).to_be_in_viewport()
    expect(visitor.page.get_by_role("button", name="Skicka en ny kod")).to_be_focused()
    expect(visitor.page.locator("[data-resend-in]")).to_contain_text("Tidigast om")
    expect(visitor.field("code")).to_have_value("12")
    assert len(visitor.portal.sms) == 2
    visitor.submit(code=visitor.portal.sms.code())
    visitor.is_at("/aterstall/losenord/")


def test_a_code_that_does_not_go_out_is_told_on_its_page(visitor: Visitor) -> None:
    visitor.log_in(KARL)
    visitor.submit(phone=NEW_NUMBER_TYPED)
    visitor.is_at("/registrera/kod/")
    visitor.portal.settings.SMS_DAILY_LIMIT = 0
    time_passes(seconds=61)
    press_for_a_code(visitor)
    expect(visitor.page.get_by_role("heading", name="Ingen kod har skickats")).to_be_visible()
    expect(visitor.page.locator("main [data-focus]")).to_be_focused()


def test_without_a_script_the_page_opens_at_what_came_of_it(new_visitor: NewVisitor) -> None:
    visitor = new_visitor(javascript=False)
    code(visitor)
    time_passes(seconds=61)
    press_for_a_code(visitor)
    outcome = visitor.page.get_by_role("status").filter(has_text=ASKED)
    expect(outcome).to_be_focused()
    expect(outcome).to_be_in_viewport()


@pytest.mark.parametrize("page", ["aterstall", "registrera"])
def test_the_code_and_its_button_are_seen_without_scrolling(new_visitor: NewVisitor, page: str) -> None:
    """And the name or number that the code is for, and the picture of a telephone."""
    visitor = new_visitor(PHONE)
    if page == "aterstall":
        visitor.ask_for_reset(STEFAN)
    else:
        visitor.log_in(KARL)
        visitor.submit(phone=NEW_NUMBER_TYPED)
    for part in (visitor.page.locator("main svg.telephone"), visitor.field("code"), visitor.next_button):
        expect(part).to_be_in_viewport(ratio=1)


def test_the_end_of_the_time_is_told_and_more_is_had(visitor: Visitor) -> None:
    """WCAG 2.2.1: two minutes before; what was typed stays, the focus comes back, and the new time holds."""
    password(visitor)
    dialog = visitor.page.get_by_role("dialog")
    expect(dialog).to_be_hidden()
    for time in range(1, 11):
        time_passes(minutes=8, seconds=20)
        visitor.page.reload()
        visitor.fill(new_password1=NEW_PASSWORD)
        expect(dialog).to_contain_text("Tid kvar: 1:")
        more = dialog.get_by_role("button", name="Få 10 minuter till")
        expect(more).to_be_focused()
        more.press("Enter")
        expect(dialog).to_be_hidden()
        expect(visitor.field("new_password1")).to_have_value(NEW_PASSWORD)
        expect(visitor.field("new_password1")).to_be_focused()
        assert (timezone.now() - Challenge.objects.get().verified_at).total_seconds() < 60, time  # type: ignore[operator]
    time_passes(minutes=8, seconds=20)
    visitor.page.reload()
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button")).to_have_count(1)
    dialog.get_by_role("button", name="Stäng").click()
    expect(dialog).to_be_hidden()
    visitor.submit(new_password1=NEW_PASSWORD, new_password2=NEW_PASSWORD)
    visitor.is_at("/aterstall/klart/")


def test_when_the_time_is_over_the_page_says_so(visitor: Visitor) -> None:
    password(visitor)
    time_passes(minutes=9, seconds=58)
    visitor.page.reload()
    visitor.is_at("/aterstall/")
    expect(visitor.page.get_by_role("status")).to_contain_text("Det tog för lång tid.")
    expect(visitor.field("username")).to_have_value(STEFAN.username)


def test_without_a_script_the_time_stands_on_the_page(new_visitor: NewVisitor) -> None:
    visitor = new_visitor(javascript=False)
    password(visitor)
    time_passes(minutes=5)
    visitor.page.reload()
    expect(visitor.page.get_by_role("main")).to_contain_text("Tid kvar: 5 minuter. Sedan behöver du en ny kod.")
    expect(visitor.page.get_by_role("button", name="Stäng")).to_be_hidden()
    visitor.page.get_by_role("button", name="Få 10 minuter till").click()
    expect(visitor.page.get_by_role("main")).to_contain_text("Tid kvar: 10 minuter.")


@pytest.mark.parametrize("javascript", [True, False])
def test_there_is_a_way_back_on_every_step(new_visitor: NewVisitor, javascript: bool) -> None:
    """Each leads to the step before and works; the right to set a password and the number on file are still there."""
    visitor = new_visitor(javascript=javascript)

    def back(path: str) -> None:
        visitor.page.get_by_role("link", name="Tillbaka").click()
        visitor.is_at(path)

    visitor.log_in(KARL)
    visitor.submit(phone=NEW_NUMBER_TYPED)
    visitor.is_at("/registrera/kod/")
    back("/registrera/mobil/")
    back("/registrera/")
    back("/")
    visitor.open("/registrera/kod/")
    visitor.submit(code=visitor.portal.sms.code())
    visitor.is_at("/registrera/klart/")
    back("/registrera/mobil/")
    expect(visitor.field("phone")).to_have_value(NEW_NUMBER_TYPED)
    visitor.open("/aterstall/")
    visitor.submit(username=KARL.username)
    visitor.is_at("/aterstall/kod/")
    visitor.page.get_by_role("link", name="Fel användarnamn? Ändra").click()
    visitor.is_at("/aterstall/")
    visitor.submit()
    visitor.is_at("/aterstall/kod/")
    visitor.submit(code=visitor.portal.sms.code())
    visitor.is_at("/aterstall/losenord/")
    back("/aterstall/")
    visitor.submit()
    visitor.is_at("/aterstall/losenord/")
    visitor.submit(new_password1=NEW_PASSWORD, new_password2=NEW_PASSWORD)
    visitor.is_at("/aterstall/klart/")
    back("/")
