"""Tickets by keyboard alone: taken, verified, approved, and on to the next. No mouse; the presses are counted."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Orderer, Phone
from deploy.local.cast import ANNA
from helpdesk.models import Ticket
from tests.browser.conftest import DESK, NewVisitor
from tests.browser.states.agent_ticket import asked
from tests.browser.states.office import as_per, the_register
from tests.browser.visitor import Visitor
from tests.helpdesk.people import an_orderer

TICKETS = 3
# Take, step, send, step, six digits, enter, step, approve, next. With Tab alone they were 37.
PRESSES = 14


class Keyboard:
    """The agent's, which counts."""

    def __init__(self, visitor: Visitor) -> None:
        self.page, self.presses = visitor.page, 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.presses += 1

    def opens(self, *keys: str) -> None:
        """The last key leads to a page, of the same address or of another."""
        with self.page.expect_navigation():
            self.press(*keys)


def test_an_agent_works_tickets_by_keyboard_alone(new_visitor: NewVisitor) -> None:
    """Each for somebody else, asked by another orderer, with a code that the orderer reads out (H1, H2)."""
    per = new_visitor(DESK)
    as_per(per)
    numbers = _some_tickets(per)
    keyboard = Keyboard(per)
    per.open("/helpdesk/")
    keyboard.opens("t")
    for nth, number in enumerate(numbers, start=1):
        per.is_at(f"/helpdesk/arenden/{number}/")
        keyboard.opens("s", "Enter")
        keyboard.press("s")
        expect(per.field("code")).to_be_focused()
        keyboard.opens(*per.portal.sms.code(), "Enter")
        keyboard.press("s")
        expect(per.page.locator(".ticket__approve button")).to_be_focused()
        keyboard.opens("Enter")
        expect(per.page.get_by_role("status")).to_contain_text(number)
        keyboard.opens("n")
        if nth < TICKETS:
            keyboard.opens("t")
    expect(per.page).to_have_url(re.compile(rf"^{per.portal.url}/helpdesk/(\?|$)"))  # none is left
    assert set(Ticket.objects.values_list("state", flat=True)) == {Ticket.State.DONE}
    assert {phone.number for phone in Phone.objects.all()} == {f"+4670174061{nth}" for nth in range(TICKETS)}
    assert keyboard.presses == TICKETS * PRESSES


def _some_tickets(per: Visitor) -> list[str]:
    """Their numbers, the oldest first. A mobile takes few codes a day, so each has an orderer of its own."""
    ett, _carin = the_register()
    tickets = []
    for nth in range(TICKETS):
        employee = replace(ANNA, username=f"lovtio{nth:02}", phone=f"+4670174066{nth}", mail=f"e{nth}@tio.example")
        per.portal.server.put(employee)
        orderer = an_orderer(f"Beställare {nth}", f"b{nth}@tio.example", f"+4670174068{nth}", ett)
        tickets.append(asked(employee, f"+4670174061{nth}"))
        Ticket.objects.filter(pk=tickets[-1].pk).update(orderer=orderer, orderer_name=orderer.name)
    Orderer.history.update(history_date=timezone.now() - timedelta(days=365))
    return [ticket.number for ticket in tickets]
