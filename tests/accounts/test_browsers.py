"""Known browsers: security.md D1. A cookie that lets nobody in, and of which nobody learns anything."""

from __future__ import annotations

import time
from http.cookies import Morsel
from urllib.parse import unquote, urlsplit

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from accounts import browsers, limits
from deploy.local.cast import KARL, STEFAN
from tests.accounts.helpers import NEW_NUMBER_TYPED, NEW_PASSWORD
from tests.accounts.linking import account_of
from tests.conftest import Walker, has_number

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]


def cookie(walker: Walker) -> Morsel[str] | None:
    return walker.client.cookies.get(settings.BROWSER_COOKIE_NAME)


def shown(value: str, account_id: str) -> bool:
    """Whether a browser with this cookie is known to the account."""
    request = RequestFactory().get("/")
    request.COOKIES[settings.BROWSER_COOKIE_NAME] = value
    return browsers.knows(request, account_id)


def remembered(*account_ids: str, value: str = "") -> str:
    """The cookie of a browser in which these completed a journey, one after the other."""
    for account_id in account_ids:
        request, response = RequestFactory().get("/"), HttpResponse()
        request.COOKIES[settings.BROWSER_COOKIE_NAME] = value
        browsers.remember(request, account_id)
        browsers.set_cookie(request, response)
        value = response.cookies[settings.BROWSER_COOKIE_NAME].value
    return value


def test_d1_a_completed_reset_makes_the_browser_known(walker: Walker) -> None:
    """Not the asking, which would tell who exists (E1), and not the code."""
    has_number(STEFAN)
    walker.ask(STEFAN.username)
    walker.enter_code()
    assert cookie(walker) is None
    walker.choose(NEW_PASSWORD)
    kept = cookie(walker)
    assert kept is not None
    assert shown(kept.value, account_of(STEFAN).id)
    assert not shown(kept.value, account_of(KARL).id)


def test_d1_a_completed_registration_makes_the_browser_known(walker: Walker) -> None:
    walker.log_in(STEFAN)
    walker.give_number(NEW_NUMBER_TYPED)
    assert cookie(walker) is None
    walker.enter_register_code()
    kept = cookie(walker)
    assert kept is not None
    assert shown(kept.value, account_of(STEFAN).id)


def test_a_number_that_is_found_right_is_a_completed_journey(walker: Walker) -> None:
    phone = has_number(STEFAN)
    walker.log_in(STEFAN)
    assert walker.give_number(phone.number)["Location"] == "/registrera/klart/"
    kept = cookie(walker)
    assert kept is not None
    assert shown(kept.value, account_of(STEFAN).id)


REGISTER, RESET = "pwreg.kommunen.example", "pwreset.kommunen.example"


@pytest.fixture
def two_hosts(settings: Settings) -> None:
    settings.PORTAL_URL = "https://losenord.kommunen.example"
    settings.ALLOWED_HOSTS = [REGISTER, RESET, "losenord.kommunen.example"]
    settings.REGISTER_HOST, settings.RESET_HOST = REGISTER, RESET


def follow(walker: Walker, answer: HttpResponse) -> tuple[list[str], dict[str, str]]:
    """The addresses past which a browser is led on, and the cookie that each host has set on the way."""
    places, kept = [], {}
    while location := answer.get("Location"):
        parts = urlsplit(location)
        host = parts.netloc or walker.client.defaults["HTTP_HOST"]
        walker.client.defaults["HTTP_HOST"] = host
        places.append(f"{host}{parts.path}")
        answer = walker.get(f"{parts.path}?{parts.query}")
        if set_here := answer.cookies.get(settings.BROWSER_COOKIE_NAME):
            kept[host] = set_here.value
    assert answer.status_code == 200
    return places, kept


@pytest.mark.usefixtures("two_hosts")
def test_d1_a_browser_that_registered_is_known_at_the_host_where_it_resets(walker: Walker) -> None:
    """A cookie is one host's own, and the first reset comes weeks after the registration."""
    walker.client.defaults["HTTP_HOST"] = REGISTER
    answer = walker.register(STEFAN, NEW_NUMBER_TYPED)
    places, kept = follow(walker, answer)
    assert places == [f"{RESET}/webblasare/", f"{REGISTER}/registrera/klart/"]
    assert shown(kept[RESET], account_of(STEFAN).id)


@pytest.mark.usefixtures("two_hosts")
def test_a_browser_that_reset_is_known_where_it_registers(walker: Walker) -> None:
    has_number(STEFAN)
    walker.client.defaults["HTTP_HOST"] = RESET
    answer = walker.reset(STEFAN, NEW_PASSWORD)
    places, kept = follow(walker, answer)
    assert places == [f"{REGISTER}/webblasare/", f"{RESET}/aterstall/klart/"]
    assert shown(kept[REGISTER], account_of(STEFAN).id)


@pytest.mark.usefixtures("two_hosts")
@pytest.mark.parametrize("token", ["", "x", "WyJhIiwicmVzZXQtZG9uZSJd:1abc:d", "old"])
def test_no_made_up_or_old_word_makes_a_browser_known(
    walker: Walker, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if token == "old":
        has_number(STEFAN)
        walker.client.defaults["HTTP_HOST"] = RESET
        token = walker.reset(STEFAN, NEW_PASSWORD)["Location"].partition("intyg=")[2]
        token = unquote(token)
        walker.client.cookies.clear()
        then = time.time()
        monkeypatch.setattr(time, "time", lambda: then + 61)
    answer = Client(headers={"host": REGISTER}).get("/webblasare/", {"intyg": token})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert settings.BROWSER_COOKIE_NAME not in answer.cookies


def test_the_cookie_lets_nobody_in(walker: Walker) -> None:
    walker.client.cookies[settings.BROWSER_COOKIE_NAME] = remembered(account_of(STEFAN).id)
    assert walker.get("/registrera/mobil/")["Location"] == "/registrera/"
    assert walker.get("/aterstall/losenord/")["Location"] == "/aterstall/"


def test_no_script_reads_it_and_it_goes_over_tls_alone(settings: Settings) -> None:
    """As the session's cookie; for 180 days."""
    settings.SESSION_COOKIE_SECURE = True
    request, response = RequestFactory().get("/"), HttpResponse()
    browsers.remember(request, "1")
    browsers.set_cookie(request, response)
    kept = response.cookies[settings.BROWSER_COOKIE_NAME]
    assert (kept["secure"], kept["httponly"], kept["samesite"], kept["path"]) == (True, True, "Lax", "/")
    assert (kept["max-age"], kept["domain"]) == (180 * 24 * 60 * 60, "")


def test_it_holds_the_newest_accounts_of_a_shared_computer_and_no_names() -> None:
    accounts = [f"account {number}" for number in range(limits.BROWSER_ACCOUNTS + 1)]
    value = remembered(*accounts)
    assert [shown(value, each) for each in accounts] == [False, *[True] * limits.BROWSER_ACCOUNTS]
    assert "account" not in value
    assert len(value) < 1500, "a browser keeps 4,096 characters, and a server takes 8,000 of all headers"
    again = remembered(accounts[1], "one more", value=value)
    assert (shown(again, accounts[1]), shown(again, accounts[2])) == (True, False)


def test_an_account_is_forgotten_after_its_180_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by its own day: another account's journey makes none of the others last."""
    then = time.time()
    value = remembered("first")
    monkeypatch.setattr(time, "time", lambda: then + 100 * limits.DAY)
    value = remembered("second", value=value)
    assert shown(value, "first")
    monkeypatch.setattr(time, "time", lambda: then + 181 * limits.DAY)
    assert (shown(value, "first"), shown(value, "second")) == (False, True)
    monkeypatch.setattr(time, "time", lambda: then + 281 * limits.DAY)
    assert not shown(value, "second")


@pytest.mark.parametrize("forged", ["", "x", "a-1.b-2", "-:1:2", "a" * 5000])
def test_a_made_up_cookie_is_no_cookie(client: Client, forged: str) -> None:
    assert not shown(forged, "first")
    client.cookies[settings.BROWSER_COOKIE_NAME] = forged
    assert client.post("/aterstall/", {"username": STEFAN.username}).status_code == 302


def test_a_changed_cookie_is_no_cookie() -> None:
    value = remembered("first", "second")
    entries, signature = value.split(":", 1)
    assert shown(f"{entries}:{signature}", "first")
    assert not shown(f"{entries.split('.')[1]}:{signature}", "first")
