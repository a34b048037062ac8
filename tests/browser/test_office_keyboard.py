"""The orderer's journeys and the agent's by keyboard alone: Tab, Shift+Tab, Enter, Space, and what one types.

Whatever gets the focus on the way shows it, and a page that opens with what went wrong has the focus there.
What one goes to is found by structure, so that the words may change.
"""

from __future__ import annotations

import re

import pytest
from django.core import mail
from playwright.sync_api import expect

from accounts import directory
from accounts.models import Company, Phone
from deploy.local.cast import ANNA, CARIN, MARIA, STEFAN
from helpdesk.models import Ticket
from helpdesk.tickets import decisions, states
from tests.browser.conftest import DESK, NewVisitor
from tests.browser.states.agent_ticket import NEW, asked
from tests.browser.states.office import as_carin, as_per, the_register
from tests.browser.states.phone_link import told
from tests.browser.test_helpdesk_journey import NEW_TYPED, _path
from tests.browser.test_journeys import _FOCUSED
from tests.browser.visitor import Visitor
from tests.conftest import has_number
from tests.helpdesk.asked import an_agent, link_to

CHIEF = "chef@hemtjanst-ett.example"
A_REQUEST = r"arenden/\d{4}-\d+/"
PRIMARY = "main form[novalidate] button[type=submit]"


def test_the_orderer_signs_in_asks_for_a_number_and_withdraws_it(visitor: Visitor) -> None:
    """Through the mail, the code, the search and the filter of the list, to the request and back."""
    the_register()
    has_number(ANNA)
    visitor.open("/bestallare/")
    visitor.is_at("/bestallare/logga-in/")
    _type(visitor, "input[name=email]", "carin")
    _press(visitor, "Space", "/bestallare/logga-in/", on=PRIMARY)
    _mend(visitor, "email", CARIN.mail)
    _press(visitor, "Enter", "/bestallare/logga-in/mejlkod/")
    visitor.open(_path(str(mail.outbox[-1].body), "/bestallare/logga-in/lank/"))
    _press(visitor, "Enter", "/bestallare/logga-in/kod/", on=PRIMARY)
    _type(visitor, "input[name=code]", visitor.portal.sms.code())
    _press(visitor, "Enter", "/bestallare/")

    _type(visitor, "input[name=q]", "lind")
    _go_to(visitor, "main [role=search] button")
    _type(visitor, "input[name=q]", "berg", key="Shift+Tab")
    _press(visitor, "Enter", "/bestallare/")
    rows = visitor.page.locator("main tbody tr")
    expect(rows).to_have_count(1)
    _press(visitor, "Enter", r"/bestallare/\?visa=\w+", on="main .tabs a:not([aria-current])")
    expect(rows).to_contain_text(ANNA.username)
    _press(visitor, "Enter", r"/bestallare/mobilnummer/\?konto=[\w-]+", on="main tbody a")
    expect(visitor.field("username")).to_have_value(ANNA.username)
    _press(visitor, "Enter", "/bestallare/mobilnummer/", on=PRIMARY)
    _mend(visitor, "phone", NEW_TYPED)
    _press(visitor, "Enter", f"/bestallare/{A_REQUEST}")
    assert [each.employee_username for each in Ticket.objects.all()] == [ANNA.username]

    _go_to(visitor, "main details summary")
    visitor.page.keyboard.press("Space")
    _press(visitor, "Space", f"/bestallare/{A_REQUEST}", on="main details button")
    expect(visitor.page.get_by_role("status")).to_be_visible()
    assert Ticket.objects.get().state == Ticket.State.WITHDRAWN


@pytest.mark.parametrize("width", [320, 360])
def test_the_orderers_menu_is_one_row_on_a_telephone(new_visitor: NewVisitor, width: int) -> None:
    """Opened and used with the keyboard. No script has a part in it."""
    carin = new_visitor((width, 740))
    as_carin(carin)
    carin.open("/bestallare/")
    row = carin.page.locator(".site-nav").bounding_box()
    assert row
    assert row["height"] <= 50
    _go_to(carin, ".site-menu > summary")
    carin.page.keyboard.press("Enter")
    for part in carin.page.locator(".site-menu :is(a, button)").all():
        box = part.bounding_box()
        assert box
        assert box["height"] >= 40
    assert carin.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    _press(carin, "Enter", "/bestallare/arenden/", on="nav a[href='/bestallare/arenden/']")
    assert carin.page.locator(".site-menu").get_attribute("open") is None


@pytest.mark.slow
def test_the_orderer_changes_the_recipients_and_the_new_one_confirms(new_visitor: NewVisitor) -> None:
    carin, chief = new_visitor(), new_visitor()
    as_carin(carin)
    carin.open("/bestallare/")
    _go_to(carin, ".site-menu > summary")
    carin.page.keyboard.press("Enter")
    _press(carin, "Enter", "/bestallare/mottagare/", on="nav a[href='/bestallare/mottagare/']")
    _type(carin, "input[name=recipient1]", "chefen")
    _press(carin, "Enter", "/bestallare/mottagare/", on=PRIMARY)
    _mend(carin, "recipient1", CHIEF)
    _press(carin, "Enter", f"/bestallare/{A_REQUEST}")

    ticket = Ticket.objects.get()
    states.take(ticket.pk, an_agent())
    decisions.approve(ticket.pk, an_agent())
    chief.open(link_to(CHIEF))
    _press(chief, "Space", r"/bestallare/mottagare/bekrafta/\?klart", on=PRIMARY)
    expect(chief.page.locator("main .done")).to_be_visible()
    assert list(Company.objects.get(name=CARIN.company).recipients) == [CHIEF]


def test_the_agent_takes_a_ticket_verifies_by_code_and_approves(new_visitor: NewVisitor) -> None:
    per = new_visitor(DESK)
    as_per(per)
    page = f"/helpdesk/arenden/{asked().number}/"
    per.open("/helpdesk/")
    _press(per, "Enter", page, on="main tbody button")
    _press(per, "Space", page, on=PRIMARY)
    assert per.portal.sms.messages()[-1][0] == CARIN.phone
    _type(per, "input[name=code]", "12")
    _press(per, "Enter", f"{page}kod/prova/")
    expect(per.summary).to_be_focused()
    _type(per, "input[name=code]", per.portal.sms.code())
    _press(per, "Enter", page)
    _press(per, "Space", page, on=".ticket__approve button")
    expect(per.page.get_by_role("status")).to_be_visible()
    assert Ticket.objects.get().state == Ticket.State.DONE
    assert [phone.number for phone in Phone.objects.all()] == [NEW]


@pytest.mark.slow
def test_the_agent_opens_a_ticket_by_call_and_rejects_it(new_visitor: NewVisitor) -> None:
    """The page's doubt has the focus, and so has what is missing from the rejection."""
    per = new_visitor(DESK)
    as_per(per)
    the_register()
    per.open("/helpdesk/")
    _press(per, "Enter", "/helpdesk/nytt/", on="nav a[href='/helpdesk/nytt/']")
    _type(per, "input[name=q]", "carin")
    _press(per, "Enter", "/helpdesk/nytt/")
    _press(per, "Enter", r"/helpdesk/nytt/\?bestallare=\d+\S+", on=".callers a")
    _type(per, "input[name=employee_name]", MARIA.name)
    _type(per, "input[name=employee_username]", MARIA.username)
    _type(per, "input[name=new_number]", NEW_TYPED)
    _press(per, "Enter", r"/helpdesk/nytt/\?bestallare=\d+\S+")
    expect(per.summary).to_be_focused()
    _type(per, "input[name=employee_name]", ANNA.name)
    _type(per, "input[name=employee_username]", ANNA.username)
    _press(per, "Enter", f"/helpdesk/{A_REQUEST}")

    _go_to(per, "details:has(form[action$='/avsla/']) summary")
    per.page.keyboard.press("Enter")
    _press(per, "Enter", f"/helpdesk/{A_REQUEST}avsla/", on="form[action$='/avsla/'] button")
    _mend(per, "why", "Vi nådde dig inte på ditt nummer.")
    _press(per, "Space", f"/helpdesk/{A_REQUEST}", on="form[action$='/avsla/'] button")
    expect(per.page.get_by_role("status")).to_be_visible()
    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.employee_username) == (Ticket.State.REJECTED, ANNA.username)


@pytest.mark.slow
def test_the_agent_looks_an_account_up_and_unlocks_it(new_visitor: NewVisitor) -> None:
    per = new_visitor(DESK)
    as_per(per)
    per.portal.server.put(STEFAN, locked=True)
    per.open("/helpdesk/konton/")
    _type(per, "input[name=q]", STEFAN.username)
    _press(per, "Enter", "/helpdesk/konton/")
    _press(per, "Enter", r"/helpdesk/konton/[\w-]+/", on="main tbody a")
    _press(per, "Space", r"/helpdesk/konton/[\w-]+/", on="form[action$='/las-upp/'] button")
    expect(per.page.get_by_role("status")).to_be_visible()
    account = directory.connect().find(STEFAN.username)
    assert account
    assert not account.locked


@pytest.mark.slow
def test_who_gets_the_link_stops_it(visitor: Visitor) -> None:
    told(visitor)
    _press(visitor, "Enter", r"/stoppa/\S*", on=PRIMARY)
    expect(visitor.page.locator("main .done")).to_be_visible()
    assert not Phone.objects.exists(), "until an agent decides (G7)"


def _go_to(visitor: Visitor, css: str, key: str = "Tab") -> None:
    """To what matches. Whatever gets the focus on the way shows it."""
    for _ in range(30):
        visitor.page.keyboard.press(key)
        there, focused = visitor.page.evaluate(f"css => [document.activeElement.matches(css), ({_FOCUSED})()]", css)
        assert focused["ring"], f"no ring around {focused['name']!r}"
        assert focused["seen"], f"{focused['name']!r} has the focus outside of what is shown"
        if there:
            return
    pytest.fail(f"{key} does not lead to {css!r}")


def _type(visitor: Visitor, css: str, text: str, key: str = "Tab") -> None:
    """Instead of what stands there: who comes by Tab finds it selected."""
    _go_to(visitor, css, key)
    visitor.page.keyboard.type(text)


def _press(visitor: Visitor, key: str, leads_to: str, on: str = "") -> None:
    """A key that opens a page, from where the focus is or from what ``on`` matches. The address may stay the same."""
    if on:
        _go_to(visitor, on)
    with visitor.page.expect_navigation():
        visitor.page.keyboard.press(key)
    expect(visitor.page).to_have_url(re.compile(f"^{re.escape(visitor.portal.url)}{leads_to}$"))


def _mend(visitor: Visitor, name: str, text: str) -> None:
    """What went wrong has the focus; the link in it leads to the field, where this is typed instead."""
    expect(visitor.summary).to_be_focused()
    _go_to(visitor, "section.notice--bad a")
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator(f"[name={name}][aria-invalid=true]")).to_be_focused()
    visitor.page.keyboard.press("Control+A")
    visitor.page.keyboard.type(text)
