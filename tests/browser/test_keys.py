"""The agents' keyboard shortcuts: where they lead, and that typing in a field triggers none."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from deploy.local.cast import ANNA, STEFAN
from helpdesk.models import Ticket
from tests.browser.conftest import DESK, NewVisitor
from tests.browser.states.agent_ticket import asked
from tests.browser.states.office import as_per
from tests.browser.test_journeys import _FOCUSED
from tests.browser.visitor import Visitor

HELP = "/helpdesk/hjalp/"


@pytest.fixture
def per(new_visitor: NewVisitor) -> Visitor:
    """Two tickets lie in his queue, the older one first."""
    visitor = new_visitor(DESK)
    as_per(visitor)
    for person in (ANNA, STEFAN):
        asked(person)
    visitor.open("/helpdesk/")
    return visitor


def test_rows_search_and_help(per: Visitor) -> None:
    keyboard, older, newer = per.page.keyboard, *Ticket.objects.order_by("pk")
    for key, number in (("k", older), ("j", newer), ("j", newer), ("k", older), ("k", older)):
        keyboard.press(key)
        focused = per.page.evaluate(_FOCUSED)
        assert (focused["name"], focused["ring"], focused["seen"]) == (number.number, True, True)
    keyboard.press("j")
    keyboard.press("Enter")
    per.is_at(f"/helpdesk/arenden/{newer.number}/")

    per.open("/helpdesk/konton/")
    keyboard.press("/")
    expect(per.field("q")).to_be_focused()
    keyboard.type("jkt/n?s")
    expect(per.field("q")).to_have_value("jkt/n?s")
    keyboard.press("Tab")
    keyboard.press("?")
    per.is_at(HELP)
    expect(per.page.locator("nav a[aria-current=page]")).to_have_attribute("href", HELP)


def test_t_takes_the_row_s_goes_to_the_next_step(per: Visitor) -> None:
    keyboard, older, newer = per.page.keyboard, *Ticket.objects.order_by("pk")
    for combination in ("Control+t", "Alt+t", "Meta+t"):
        keyboard.press(combination)
    keyboard.press("j")
    keyboard.press("j")
    keyboard.press("t")
    per.is_at(f"/helpdesk/arenden/{newer.number}/")
    assert list(Ticket.objects.order_by("pk").values_list("state", flat=True)) == [older.state, Ticket.State.VERIFYING]
    keyboard.press("s")
    focused = per.page.locator(":focus")
    assert focused.evaluate("it => it.closest('[data-key=s]') !== null && it.matches('button')")
    per.page.evaluate("document.querySelector('#session-timeout').showModal()")
    keyboard.press("?")
    per.page.keyboard.press("Escape")
    per.is_at(f"/helpdesk/arenden/{newer.number}/")


def test_they_can_be_turned_off(per: Visitor) -> None:
    """And on again. What is marked says its key only while it works."""
    per.open(HELP)
    marked = per.page.locator("nav a[data-key='?']")
    expect(marked).to_have_attribute("aria-keyshortcuts", "?")
    switch = per.page.get_by_role("checkbox")
    expect(switch).to_be_checked()
    switch.uncheck()
    expect(marked).not_to_have_attribute("aria-keyshortcuts", "?")
    per.open("/helpdesk/")
    per.page.keyboard.press("j")
    assert per.page.evaluate("document.activeElement === document.body")
    per.open(HELP)
    expect(switch).not_to_be_checked()
    switch.check()
    per.open("/helpdesk/")
    per.page.keyboard.press("j")
    expect(per.page.locator("[data-row] a").first).to_be_focused()


def test_without_javascript_there_is_no_switch(new_visitor: NewVisitor) -> None:
    per = new_visitor(javascript=False)
    as_per(per)
    per.open(HELP)
    expect(per.page.get_by_text("Tangenterna behöver JavaScript")).to_be_visible()
    expect(per.page.locator("[data-keys-switch]")).to_be_hidden()
