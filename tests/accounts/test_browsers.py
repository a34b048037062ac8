"""Known browsers: security.md D1. The cookie lets nobody in and tells nobody anything."""

from __future__ import annotations

import re
import time
from html import unescape
from http.cookies import Morsel

import pytest
from django.conf import settings
from django.core import signing
from django.http import HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from accounts import limits
from accounts.sessions import browsers
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


def picture(walker: Walker, page: str) -> tuple[str, str]:
    """The host of the last page's picture, and the cookie that it sets there."""
    found = re.search(r'<img src="https://([\w.]+)(/webblasare/\?[^"]+)"', walker.get(page).content.decode())
    assert found
    answer = Client(headers={"host": found[1]}).get(unescape(found[2]))
    assert answer.status_code == 204
    return found[1], answer.cookies[settings.BROWSER_COOKIE_NAME].value


@pytest.mark.usefixtures("two_hosts")
def test_d1_a_browser_that_registered_is_known_at_the_host_where_it_resets(walker: Walker) -> None:
    """A cookie is one host's own, and the first reset comes weeks after the registration."""
    walker.client.defaults["HTTP_HOST"] = REGISTER
    assert walker.register(STEFAN, NEW_NUMBER_TYPED)["Location"] == "/registrera/klart/"
    host, kept = picture(walker, "/registrera/klart/")
    assert host == RESET
    assert shown(kept, account_of(STEFAN).id)


@pytest.mark.usefixtures("two_hosts")
def test_a_browser_that_reset_is_known_where_it_registers(walker: Walker) -> None:
    has_number(STEFAN)
    walker.client.defaults["HTTP_HOST"] = RESET
    assert walker.reset(STEFAN, NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    host, kept = picture(walker, "/aterstall/klart/")
    assert host == REGISTER
    assert shown(kept, account_of(STEFAN).id)


def test_at_one_host_there_is_no_picture(walker: Walker) -> None:
    has_number(STEFAN)
    walker.reset(STEFAN, NEW_PASSWORD)
    assert "webblasare" not in walker.get("/aterstall/klart/").content.decode()


@pytest.mark.parametrize("token", ["", "x", "WyJhIiwicmVzZXQtZG9uZSJd:1abc:d", "old"])
def test_no_made_up_or_old_word_makes_a_browser_known(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if token == "old":
        token, then = signing.dumps("0" * 32, salt=browsers._SALT), time.time()
        monkeypatch.setattr(time, "time", lambda: then + 61)
    answer = Client().get("/webblasare/", {"intyg": token})
    assert answer.status_code == 204
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
