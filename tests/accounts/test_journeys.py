"""The cookie of a reset: what it holds is sealed, and is good in its time alone (security.md R2, S1, X2)."""

from __future__ import annotations

import base64
import json
import re
import time

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.test import Client
from pytest_django import Settings

from accounts.privacy.encryption import seal_token
from accounts.sessions import journeys
from deploy.local.cast import KARL, STEFAN
from tests.accounts.helpers import NEW_PASSWORD, WRONG_CODE, text_of, time_passes, verified
from tests.conftest import Walker, has_number

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]


def cookie(walker: Walker) -> str:
    morsel = walker.client.cookies.get(settings.JOURNEY_COOKIE_NAME)
    return morsel.value if morsel else ""


def held(value: str) -> dict[str, object]:
    request = HttpRequest()
    request.COOKIES[settings.JOURNEY_COOKIE_NAME] = value
    return dict(journeys.journey(request))


def before_the_upgrade(walker: Walker) -> None:
    """The journey is in the session's cookie, as in releases that had no cookie for it."""
    old = held(cookie(walker))
    old["typed"], old["again_at"] = "1.c2VhbGVk", 0
    del old["username"]
    del walker.client.cookies[settings.JOURNEY_COOKIE_NAME]
    value = seal_token(json.dumps([int(time.time()), old]), "session in its cookie")
    walker.client.cookies[settings.SESSION_COOKIE_NAME] = value


def test_x2_nobody_reads_it_and_none_that_the_portal_did_not_write_opens_anything(walker: Walker) -> None:
    walker.ask("Min-Hemlighet-1")
    value = cookie(walker)
    assert re.fullmatch(r"[\w-]+", value, re.ASCII)
    assert b"Hemlighet" not in base64.urlsafe_b64decode(value + "===")
    assert held(value)["username"] == "Min-Hemlighet-1"
    assert not Session.objects.exists()
    other = seal_token(json.dumps([time.time(), held(value)]), "accounts.phone")
    changed = value[:-6] + ("A" if value[-6] != "A" else "B") + value[-5:]
    for made_up in ("", other, changed, value[:-4], "å" * 40, "." * 40, "A" * 4000):
        assert held(made_up) == {}


def test_s1_fifteen_minutes_after_its_last_use(walker: Walker) -> None:
    walker.ask("nobody")
    for _ in range(2):
        time_passes(minutes=14, seconds=50)
        assert walker.get("/aterstall/kod/").status_code == 200
    time_passes(minutes=15)
    assert walker.get("/aterstall/kod/")["Location"] == "/aterstall/"


def test_s1_eight_hours_whatever_happens(walker: Walker) -> None:
    walker.ask("nobody")
    for _ in range(47):
        time_passes(minutes=10)
        assert walker.get("/aterstall/kod/").status_code == 200
    time_passes(minutes=10, seconds=1)
    assert walker.get("/aterstall/kod/")["Location"] == "/aterstall/"


def test_s1_the_page_after_an_accepted_code_writes_no_cookie(walker: Walker) -> None:
    """A slower answer must not take the place of a newer cookie."""
    verified(walker)
    assert settings.JOURNEY_COOKIE_NAME not in walker.get("/aterstall/losenord/").cookies


def test_s1_out_of_scripts_reach_and_gone_with_the_browser(settings: Settings) -> None:
    settings.SESSION_COOKIE_SECURE = True
    request, response = HttpRequest(), HttpResponse()
    journeys.journey(request).note(word="asked")
    journeys.set_cookie(request, response)
    morsel = response.cookies[settings.JOURNEY_COOKIE_NAME]
    assert (morsel["secure"], morsel["httponly"], morsel["samesite"]) == (True, True, "Lax")
    assert (morsel["path"], morsel["domain"], morsel["max-age"]) == ("/", "", "")


@pytest.mark.parametrize("how", ["log in", "log out"])
def test_s1_who_logs_in_or_out_ends_it(walker: Walker, how: str) -> None:
    """On a shared computer it is another person's."""
    if how == "log out":
        walker.log_in(KARL)
    verified(walker)
    assert walker.get("/aterstall/losenord/").status_code == 200
    if how == "log in":
        walker.log_in(KARL)
    else:
        walker.client.post("/logga-ut/")
    assert cookie(walker) == ""
    assert walker.get("/aterstall/losenord/")["Location"] == "/aterstall/"


def copied(walker: Walker) -> Walker:
    """A thief's browser, with a copy of the cookie as it is now."""
    thief = Client()
    thief.cookies[settings.JOURNEY_COOKIE_NAME] = cookie(walker)
    return Walker(thief, walker.sms)


@pytest.mark.parametrize("how", ["log in", "log out", "another name"])
def test_s1_a_copy_of_a_journey_that_was_left_opens_nothing(walker: Walker, how: str) -> None:
    if how == "log out":
        walker.log_in(KARL)
    verified(walker)
    thief = copied(walker)
    assert thief.get("/aterstall/losenord/").status_code == 200
    if how == "log in":
        walker.log_in(KARL)
    elif how == "log out":
        walker.client.post("/logga-ut/")
    else:
        walker.ask("somebody else")
    assert thief.get("/aterstall/losenord/")["Location"] == "/aterstall/"
    assert thief.choose(NEW_PASSWORD)["Location"] == "/aterstall/"


def test_s1_a_copy_from_before_a_log_in_takes_no_code(walker: Walker) -> None:
    has_number(STEFAN)
    walker.ask(STEFAN.username)
    thief = copied(walker)
    walker.log_in(KARL)
    assert WRONG_CODE in text_of(thief.enter_code())


@pytest.mark.parametrize("copied_at", ["asked", "entered"])
def test_r3_a_copy_from_before_the_new_password_sets_no_other(walker: Walker, copied_at: str) -> None:
    has_number(STEFAN)
    walker.ask(STEFAN.username)
    thief = copied(walker)
    walker.enter_code()
    thief = thief if copied_at == "asked" else copied(walker)
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    for path in ("/aterstall/losenord/", "/aterstall/klart/"):
        assert thief.get(path)["Location"] == "/aterstall/"
    assert thief.choose("Ett-Annat-4711")["Location"] == "/aterstall/"
    assert copied(walker).choose("Ett-Annat-4711")["Location"] == "/aterstall/"


def test_r3_a_copy_lives_no_longer_than_the_right(walker: Walker) -> None:
    verified(walker)
    thief = copied(walker)
    time_passes(minutes=10, seconds=1)
    assert thief.get("/aterstall/losenord/")["Location"] == "/aterstall/"
    assert thief.choose(NEW_PASSWORD)["Location"] == "/aterstall/"


def test_r3_the_last_page_signs_nobody_in(walker: Walker) -> None:
    verified(walker)
    walker.choose(NEW_PASSWORD)
    assert walker.get("/registrera/mobil/")["Location"].startswith("/registrera/")
    assert settings.SESSION_COOKIE_NAME not in walker.client.cookies


@pytest.mark.parametrize("step", ["asked", "entered"])
def test_who_is_on_the_way_during_the_upgrade_goes_on(walker: Walker, step: str) -> None:
    has_number(STEFAN)
    walker.ask(STEFAN.username)
    if step == "asked":
        before_the_upgrade(walker)
        walker.get("/")  # which takes the old cookie away
        page = text_of(walker.get("/aterstall/kod/"))
        assert "Skriv in säkerhetskoden" in page
        assert "1.c2VhbGVk" not in page
    assert walker.enter_code()["Location"] == "/aterstall/losenord/"
    if step == "entered":
        before_the_upgrade(walker)
        assert walker.get("/aterstall/losenord/").status_code == 200
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert walker.get("/aterstall/klart/").status_code == 200


def test_another_browser_has_none() -> None:
    answer = Client().get("/aterstall/kod/")
    assert (answer["Location"], dict(answer.cookies)) == ("/aterstall/", {})
