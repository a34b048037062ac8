"""The agents' queue on a desk: how much of it is seen at once."""

from __future__ import annotations

from tests.browser.conftest import DESK, NewVisitor
from tests.browser.states.agent_queue import full_queue

FIRST_ROW, ROW, ROWS = 260, 40, 12  # CSS pixels, and rows that are seen whole


def test_twelve_tickets_are_seen_at_once(new_visitor: NewVisitor) -> None:
    per = new_visitor(DESK)
    full_queue(per)
    rows = per.page.locator("tbody tr").evaluate_all("rows => rows.map(row => row.getBoundingClientRect().toJSON())")
    assert len(rows) == 50
    assert rows[0]["top"] < FIRST_ROW
    assert max(row["height"] for row in rows) <= ROW
    assert sum(row["bottom"] <= DESK[1] for row in rows) >= ROWS
