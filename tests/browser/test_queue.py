"""The agents' queue on a desk: how much of it is seen at once, and how what is new comes into it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from deploy.local.cast import ANNA, KARL, STEFAN
from helpdesk.agent.views.queue import NEWS_SECONDS
from tests.browser.conftest import DESK, NewVisitor
from tests.browser.states.agent_queue import full_queue
from tests.browser.states.agent_ticket import asked
from tests.browser.states.office import as_per

FIRST_ROW, ROW, ROWS = 260, 40, 12  # CSS pixels, and rows that are seen whole


@pytest.mark.parametrize("size", [DESK, (1920, 900)], ids=str)
def test_twelve_tickets_are_seen_at_once_and_whole(new_visitor: NewVisitor, size: tuple[int, int]) -> None:
    """Each column has the width that its words need; on a large screen those of the longest company, too."""
    per = new_visitor(size)
    full_queue(per)
    assert per.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    cut = "cells => cells.filter(cell => cell.scrollHeight > cell.clientHeight + 1).map(cell => cell.innerText)"
    usual = per.page.locator("tbody tr", has_text=KARL.username)
    assert usual.locator("td > span").evaluate_all(cut) == []
    assert size == DESK or per.page.locator("tbody td > span").evaluate_all(cut) == []
    rows = per.page.locator("tbody tr").evaluate_all("rows => rows.map(row => row.getBoundingClientRect().toJSON())")
    assert len(rows) == 50
    assert rows[0]["top"] < FIRST_ROW
    assert max(row["height"] for row in rows) <= ROW
    assert sum(row["bottom"] <= DESK[1] for row in rows) >= ROWS


def test_what_is_new_appears_and_takes_no_focus_away(new_visitor: NewVisitor) -> None:
    """And nothing is asked for while the page is hidden."""
    per = new_visitor(DESK)
    as_per(per)
    first = asked(ANNA)
    per.page.clock.install()
    per.open("/helpdesk/")
    rows, said = per.page.locator("[data-row]"), per.page.locator("[data-queue-said]")
    expect(rows).to_have_count(1)
    asked(KARL)
    per.page.clock.run_for(1000 * (NEWS_SECONDS + 2))
    expect(rows).to_have_count(2)
    expect(said).to_have_text(re.compile(r"^1 nytt ärende kl\. \d\d:\d\d\.$"))
    expect(said).to_have_attribute("role", "status")
    expect(per.page).to_have_title(re.compile(r"^\(2\) Ärenden"))
    expect(per.page.locator(".tabs__count").first).to_have_text("2")

    link = rows.get_by_role("link", name=first.number)
    link.focus()
    asked(STEFAN)
    per.page.clock.run_for(1000 * (NEWS_SECONDS + 2))
    expect(rows).to_have_count(3)
    expect(link).to_be_focused()
    expect(per.page.locator("[data-row] th a")).to_have_text(
        sorted(per.page.locator("[data-row] th a").all_inner_texts())
    )

    requests: list[str] = []
    per.page.on("request", lambda request: requests.append(request.url))
    per.page.evaluate("Object.defineProperty(document, 'visibilityState', {value: 'hidden'})")
    per.page.clock.run_for(1000 * 3 * NEWS_SECONDS)
    assert requests == []
