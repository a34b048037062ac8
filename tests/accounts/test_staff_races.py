"""Codes of staff in parallel, with real threads on PostgreSQL: security.md K3."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from accounts import limits
from accounts.models import AuditEvent, Authenticator, EnrolmentCode, Event, FailedTry, StaffSession
from deploy.local.cast import EVA, PER
from tests.accounts.helpers import WRONG_CODE, trail, wrong_for
from tests.accounts.staff import ASKS_FOR_CODE, WRONG_ENROLMENT_CODE, Officer, later, says
from tests.accounts.test_races import at_once
from tests.conftest import Inbox, has_number
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def server(openldap_settings: TestSlapd, settings: Settings) -> TestSlapd:
    settings.LIMIT_ADDRESS_POSTS = settings.LIMIT_ADDRESS_FAILED_LOGINS = 10_000
    return openldap_settings


@pytest.fixture
def eva() -> Officer:
    """She has typed the password; the app is connected."""
    officer = Officer(EVA)
    officer.has_app()
    officer.type_password()
    return officer


def typed_at_once(officer: Officer, codes: list[str]) -> list[HttpResponse]:
    """The codes, all at once from the same browser, each on a connection of its own."""

    def click(code: str) -> Callable[[], HttpResponse]:
        client = Client()
        for name, morsel in officer.client.cookies.items():
            client.cookies[name] = morsel.value
        other = Officer(EVA, client)
        return lambda: other.type_code(code)

    return at_once([click(code) for code in codes])


def test_of_parallel_requests_one_shows_the_first_recovery_codes() -> None:
    """And the codes that it shows are those that are good."""
    officer = Officer(EVA)
    officer.type_password()
    officer.look_at_the_picture()
    officer.type_code()
    clients = [Client() for _ in range(8)]
    for client in clients:
        client.cookies.update(officer.client.cookies)
    pages = at_once([lambda client=client: client.get("/logga-in/koder/") for client in clients])  # type: ignore[misc]
    shown = [codes for page in pages if (codes := re.findall(r"<code>([\d ]{14})</code>", page.content.decode()))]
    assert [page.status_code for page in pages] == [200] * 8
    assert len(shown) == 1
    assert trail(Event.SECOND_FACTOR_ADDED) == [Event.SECOND_FACTOR_ADDED] * 2, "the app, and the codes once"
    later(minutes=2)
    assert officer.sign_in(shown[0][0])["Location"] == "/admin/"


@pytest.mark.parametrize("kind", ["app", "paper"])
def test_of_parallel_right_codes_one_wins(eva: Officer, kind: str) -> None:
    """K3: the others see what a wrong code sees, or a session that is gone."""
    assert eva.app
    code = eva.app.code() if kind == "app" else eva.recovery_codes[0]
    answers = typed_at_once(eva, [code] * 25)
    assert sum(answer.headers.get("Location") == "/admin/" for answer in answers) == 1
    assert trail(Event.SECOND_FACTOR_ACCEPTED) == [Event.SECOND_FACTOR_ACCEPTED]


def test_of_parallel_guesses_one_is_looked_at(eva: Officer) -> None:
    """K3: after the first failure there is a pause, in which nothing is looked at, the right code neither."""
    assert eva.app
    wrong = eva.app.wrong_code()
    typed_at_once(eva, [wrong] * 50)
    looked_at = AuditEvent.objects.filter(event=Event.SECOND_FACTOR_REFUSED, result="app").count()
    assert looked_at == FailedTry.objects.filter(kind=FailedTry.Secret.FACTOR).count()
    assert 1 <= looked_at <= limits.FACTOR_FAILURES_A_DAY
    assert looked_at < 5, "each pause is twice as long as the one before"


def test_of_two_clicks_that_connect_an_app_one_does(eva: Officer) -> None:
    """A1, K3: the enrolment code lets one app be connected, once."""
    Authenticator.objects.all().delete()
    eva.type_password()
    code = eva.look_at_the_picture().code()
    answers = typed_at_once(eva, [code] * 10)
    assert sum(answer.headers.get("Location") == "/logga-in/koder/" for answer in answers) == 1
    assert Authenticator.objects.filter(confirmed=True).count() == Authenticator.objects.count() == 1
    assert trail(Event.SECOND_FACTOR_ADDED) == [Event.SECOND_FACTOR_ADDED]
    assert not EnrolmentCode.objects.exists()


def test_a1_of_two_browsers_with_one_enrolment_code_one_wins() -> None:
    """Each has the password. The other sees what a wrong code sees, and can connect nothing."""
    browsers = [Officer(EVA) for _ in range(8)]
    for browser in browsers:
        browser.type_password()
    code = browsers[0].enrolment_code()
    answers = at_once([lambda browser=browser: browser.type_enrolment_code(code) for browser in browsers])  # type: ignore[misc]
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [302]
    assert trail(Event.ENROLMENT_CODE_ACCEPTED) == [Event.ENROLMENT_CODE_ACCEPTED]
    for browser, answer in zip(browsers, answers, strict=True):
        won = answer.status_code == 302
        assert says(browser.get("/logga-in/kod/"), ASKS_FOR_CODE) != won
        assert says(answer, WRONG_ENROLMENT_CODE) != won


def test_a1_parallel_guesses_get_no_more_tries() -> None:
    browsers = [Officer(EVA) for _ in range(20)]
    for browser in browsers:
        browser.type_password()
    browsers[0].enrolment_code()
    at_once([lambda browser=browser: browser.type_enrolment_code("00000000") for browser in browsers])  # type: ignore[misc]
    looked_at = AuditEvent.objects.filter(event=Event.ENROLMENT_CODE_REFUSED, result="wrong").count()
    assert looked_at == limits.ENROLMENT_TRIES == EnrolmentCode.objects.get().failures


def test_a1_of_codes_issued_at_once_the_last_is_the_one() -> None:
    """And each click gets an answer."""
    codes = at_once([Officer(EVA).enrolment_code] * 10)
    assert EnrolmentCode.objects.count() == 1
    taken = 0
    for code in codes:
        browser = Officer(EVA)
        browser.type_password()
        EnrolmentCode.objects.update(failures=0)
        taken += browser.type_enrolment_code(code).status_code == 302
    assert taken == 1


def test_a4_a_session_that_is_ended_twice_at_once_ends_once(eva: Officer) -> None:
    """By its user's click and another's: one event, and no error."""
    eva.type_code()
    other = Officer(EVA)
    other.come_in()
    row = StaffSession.objects.latest("pk")
    clients = [Client() for _ in range(6)]
    for client in clients:
        client.cookies.update(eva.client.cookies)
    posts = [lambda client=client: client.post("/logga-in/sessioner/", {"end": str(row.pk)}) for client in clients]
    assert [answer.status_code for answer in at_once(posts)] == [302] * 6
    assert trail(Event.SESSION_ENDED) == [Event.SESSION_ENDED]
    assert not other.is_in()
    assert eva.is_in()


def test_of_parallel_codes_by_sms_one_wins(sms: Inbox, settings: Settings) -> None:
    """K3: the others see what a wrong code sees, or a session that is gone; and five wrong ones are five tries."""
    settings.HELPDESK_SMS_FACTOR = True
    has_number(PER)
    per = Officer(PER)
    per.type_password()
    answers = typed_at_once(per, [sms.code()] * 10)
    assert sum(answer.headers.get("Location") == "/helpdesk/" for answer in answers) == 1
    assert trail(Event.SECOND_FACTOR_ACCEPTED, Event.CODE_ACCEPTED, Event.LOGIN_DONE) == [
        *(Event.CODE_ACCEPTED, Event.SECOND_FACTOR_ACCEPTED, Event.LOGIN_DONE),
    ]
    thief = Officer(PER)
    later(minutes=2)
    thief.type_password()
    typed_at_once(thief, [wrong_for(sms.code())] * 10)
    assert says(thief.type_code(sms.code()), WRONG_CODE)
