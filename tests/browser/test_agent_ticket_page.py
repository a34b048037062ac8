"""The page of a ticket in Chromium: the next step stays in sight, and hides nothing that has the focus."""

from __future__ import annotations

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE
from tests.browser.states.agent_ticket import asked, opened, took, with_flags
from tests.browser.visitor import Visitor

# Of what has the focus, as many pixels as lie below the bar, and as it is high.
BELOW_THE_BAR = """() => {
  const [has, bar] = [document.activeElement, document.querySelector(".ticket__bar")];
  const [its, bars] = [has.getBoundingClientRect(), bar.getBoundingClientRect()];
  const below = Math.min(its.bottom, bars.bottom) - Math.max(its.top, bars.top);
  return [bar.contains(has) ? 0 : Math.max(0, below), its.height, has.textContent.trim().slice(0, 40)];
}"""


def scrolled(page: Page, to: str) -> None:
    page.evaluate(f"window.scrollTo({{top: {to}, behavior: 'instant'}})")


def test_at_a_desk_the_next_step_stays_beside_what_is_read(visitor: Visitor) -> None:
    opened(with_flags, took)(visitor)
    visitor.page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    for to in ("0", "document.body.scrollHeight / 2", "document.body.scrollHeight"):
        scrolled(visitor.page, to)
        expect(visitor.page.get_by_role("heading", name="Nästa steg")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("height", [PHONE[1], 420])
def test_on_a_phone_a_bar_leads_to_the_next_step_and_hides_no_focus(visitor: Visitor, height: int) -> None:
    opened(with_flags, took)(visitor)
    page = visitor.page
    page.set_viewport_size({"width": PHONE[0], "height": height})
    bar = page.locator(".ticket__bar a")
    top = "0" if height == PHONE[1] else "400"  # where the ticket begins
    for to in ("document.body.scrollHeight", "document.body.scrollHeight / 2", top):
        scrolled(page, to)
        expect(bar).to_be_in_viewport(ratio=0.9)
    bar.click()
    expect(page.locator(".ticket__next .flag").first).to_be_in_viewport(ratio=0.9)
    scrolled(page, "0")
    for key in ("Tab", "Shift+Tab"):
        for _ in range(40):
            page.keyboard.press(key)
            below, its, words = page.evaluate(BELOW_THE_BAR)
            assert below < its / 2, f"{key}: {words} is below the bar"


def test_a_ready_made_reason_fills_the_field_and_takes_nothing_away(visitor: Visitor) -> None:
    opened(asked, took)(visitor)
    page = visitor.page
    page.locator("summary", has_text="Avslå ärendet").click()
    reasons, field = page.get_by_label("Färdigt skäl"), page.get_by_label("Därför avslås ärendet")
    first, second = settings.REJECTION_REASONS[:2]
    for reason in (second, first):  # another choice takes the place of the first
        reasons.select_option(reason)
        expect(field).to_have_value(reason)
    field.fill("Hej Carin!")
    reasons.select_option(second)
    expect(field).to_have_value(f"Hej Carin!\n{second}")
    reasons.select_option("")
    expect(field).to_have_value(f"Hej Carin!\n{second}")
