"""Codes of staff in parallel, with real threads on PostgreSQL: security.md K3."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from accounts import limits
from accounts.models import AuditEvent, Authenticator, Event, FailedTry
from deploy.local.cast import EVA, PER
from tests.accounts.helpers import WRONG_CODE, trail, wrong_for
from tests.accounts.staff import Officer, later, says
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


def test_of_two_who_connect_an_app_one_does(eva: Officer) -> None:
    """The first to be confirmed is the one."""
    Authenticator.objects.all().delete()
    others = [Officer(EVA), Officer(EVA)]
    for other in others:
        other.type_password()
        other.look_at_the_picture()
    answers = at_once([other.type_code for other in others])
    assert sorted(answer.status_code for answer in answers) == [200, 302]
    assert Authenticator.objects.filter(confirmed=True).count() == Authenticator.objects.count() == 1
    later(minutes=2)


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
