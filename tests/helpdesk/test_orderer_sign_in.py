"""The orderer's way in: address, link, button, code (security.md E1 to E3, K1 to K3, S1)."""

from functools import partial
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import Event
from helpdesk.models import SignInLink
from tests.accounts.helpers import WRONG_CODE, last, text_of, trail, wrong_for
from tests.accounts.test_races import at_once
from tests.conftest import Inbox
from tests.helpdesk.conftest import Register
from tests.helpdesk.newcomer import CODE_PAGE, GONE, Change, Newcomer, email_of, links_age, number_changed

pytestmark = pytest.mark.django_db(transaction=True)

STAFF_PAGE, COMPANY_PAGE = "/bestallare/", "/bestallare/foretag/"


def test_the_way_in(newcomer: Newcomer, register: Register) -> None:
    """Each step leads to the next; the trail tells them apart, and whose they are."""
    seen = []
    assert newcomer.ask(email_of(register))["Location"] == "/bestallare/logga-in/mejlkod/"
    assert newcomer.get("/bestallare/logga-in/mejlkod/").status_code == 200
    seen.append(newcomer.session_id())
    assert "Fortsätt" in text_of(newcomer.look())
    assert len(newcomer.sms) == 0, "no code before the press"
    assert newcomer.press()["Location"] == CODE_PAGE
    seen.append(newcomer.session_id())
    assert newcomer.sms.messages()[-1][0] == register.carin.mobile
    assert newcomer.enter()["Location"] == STAFF_PAGE
    seen.append(newcomer.session_id())
    assert len(set(seen)) == 3, "a new id at each step of trust (S1)"
    told = [
        *(Event.LINK_REQUESTED, Event.LINK_SENT, Event.CODE_REQUESTED, Event.CODE_ATTEMPTED, Event.CODE_SENT),
        *(Event.CODE_ACCEPTED, Event.LOGIN_DONE),
    ]
    assert trail(*told) == told
    row = last(Event.LOGIN_DONE)
    assert (row.actor, row.subject_name, row.company) == (
        f"orderer {register.carin.pk}",
        "Carin Ek",
        "Hemtjänst Ett AB",
    )


def test_d1_wrong_codes_in_another_browser_leave_the_orderers_own_its_codes(
    newcomer: Newcomer, register: Register, sms: Inbox
) -> None:
    """By a thief of the mailbox, who mistypes the codes of a day."""
    newcomer.come_in(email_of(register))
    links_age(minutes=11)
    for _ in range(2):
        thief = Newcomer(sms)
        thief.ask(email_of(register))
        thief.press()
        wrong = wrong_for(sms.code())
        for _ in range(5):
            assert WRONG_CODE in text_of(thief.enter(wrong))
        links_age(minutes=11)
    sent = len(sms)
    thief.ask(email_of(register))
    thief.press()
    assert (len(sms), last(Event.CODE_WITHHELD).result) == (sent, "too many wrong codes in a day")
    links_age(minutes=11)
    newcomer.ask(email_of(register))
    newcomer.press()
    assert newcomer.enter()["Location"] == STAFF_PAGE


def test_an_older_session_is_worth_nothing_afterwards(newcomer: Newcomer, register: Register) -> None:
    """S1: neither that of the one who asked, nor that of the one who waited for the code."""
    newcomer.ask(email_of(register))
    asked = newcomer.same_browser()
    newcomer.press()
    waited = newcomer.same_browser()
    newcomer.enter()
    for thief in (asked, waited):
        assert thief.get(COMPANY_PAGE)["Location"] == "/bestallare/logga-in/"


@pytest.mark.parametrize("change", [*GONE, number_changed])
def test_a_change_between_press_and_code(newcomer: Newcomer, register: Register, change: Change) -> None:
    newcomer.ask(email_of(register))
    newcomer.press()
    change(register)
    assert WRONG_CODE in text_of(newcomer.enter())
    assert newcomer.get(COMPANY_PAGE)["Location"] == "/bestallare/logga-in/"
    assert last(Event.LOGIN_REFUSED).subject == f"orderer {register.carin.pk}"


def test_a_wrong_code_and_another_one(newcomer: Newcomer, register: Register) -> None:
    """K1; the page shows no digit of the number (E3)."""
    newcomer.ask(email_of(register))
    newcomer.press()
    first = newcomer.sms.code()
    wrong = wrong_for(first)
    page = newcomer.enter(wrong)
    assert WRONG_CODE in text_of(page)
    shown = page.content.decode().replace(" ", "").replace(wrong, "")
    assert not any(digits in shown for digits in ("1740650", "0650", "+4670"))
    assert newcomer.again()["Location"] == CODE_PAGE
    assert "efter den förra." in text_of(newcomer.get(CODE_PAGE))
    assert len(newcomer.sms) == 1
    links_age(seconds=61)
    newcomer.again()
    assert "Bara den senaste koden gäller." in text_of(newcomer.get(CODE_PAGE))
    assert len(newcomer.sms) == 2
    assert newcomer.sms.code() == first or WRONG_CODE in text_of(newcomer.enter(first))
    assert newcomer.enter()["Location"] == STAFF_PAGE


def test_one_code_after_another_does_not_go_on_for_hours(newcomer: Newcomer, register: Register) -> None:
    """Fifteen minutes after the press, the mailbox has to be shown once more."""
    newcomer.ask(email_of(register))
    newcomer.press()
    links_age(minutes=8)
    newcomer.again()
    links_age(minutes=7, seconds=1)
    for answer in (newcomer.enter(), newcomer.again(), newcomer.get(CODE_PAGE)):
        assert answer["Location"] == "/bestallare/logga-in/?igen"
    assert "Be om ett nytt mejl." in text_of(newcomer.get("/bestallare/logga-in/?igen"))


@pytest.mark.parametrize("path", ["/bestallare/logga-in/mejlkod/", CODE_PAGE, COMPANY_PAGE])
def test_no_step_can_be_skipped(newcomer: Newcomer, path: str) -> None:
    assert newcomer.get(path)["Location"] == "/bestallare/logga-in/"


def test_no_page_after_the_first_opens_by_asking(newcomer: Newcomer, register: Register) -> None:
    newcomer.ask(email_of(register))
    assert newcomer.get(CODE_PAGE)["Location"] == "/bestallare/logga-in/"
    assert newcomer.post(CODE_PAGE, code="123456")["Location"] == "/bestallare/logga-in/"
    assert newcomer.again()["Location"] == "/bestallare/logga-in/"
    assert newcomer.get(COMPANY_PAGE)["Location"] == "/bestallare/logga-in/"


@pytest.mark.parametrize("email", ["", "carin", "carin@", "a\x00@b.example", f"{'a' * 250}@b.example"])
def test_what_is_no_address_is_said(newcomer: Newcomer, email: str) -> None:
    assert "Det blev fel" in text_of(newcomer.ask(email))
    assert not SignInLink.objects.exists()


def test_posts_are_limited_by_address(newcomer: Newcomer, settings: Settings) -> None:
    """T1: as on the other public forms."""
    settings.LIMIT_ADDRESS_POSTS = 2
    answers = [newcomer.ask("nej@x.example").status_code for _ in range(3)]
    assert answers == [302, 302, 429]
    for path in ("/bestallare/logga-in/lank/", CODE_PAGE, "/bestallare/logga-in/kod/igen/", COMPANY_PAGE):
        assert newcomer.post(path).status_code == 429


@pytest.mark.postgresql
def test_of_parallel_right_codes_one_wins(newcomer: Newcomer, register: Register) -> None:
    """K3: the others see what a wrong code sees, or that the session has another id."""
    newcomer.ask(email_of(register))
    newcomer.press()
    code = newcomer.sms.code()
    browsers = [newcomer.same_browser() for _ in range(8)]
    answers: list[Any] = at_once([partial(browser.enter, code) for browser in browsers])
    assert [answer.get("Location") for answer in answers].count(STAFF_PAGE) == 1
    assert trail(Event.LOGIN_DONE) == [Event.LOGIN_DONE]
