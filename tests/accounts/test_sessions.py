"""Sessions: security.md S1, S2, S3, and R4's end of them."""

from __future__ import annotations

import re

import pytest
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from accounts.models import Event, User
from deploy.local.cast import KARL, STEFAN
from tests.accounts.helpers import (
    NEW_NUMBER_TYPED,
    NEW_PASSWORD,
    OTHER_PASSWORD,
    WRONG_CODE,
    last,
    text_of,
    time_passes,
)
from tests.conftest import Walker, has_number
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]


def session_id(walker: Walker, settings: Settings) -> str:
    morsel = walker.client.cookies.get(settings.SESSION_COOKIE_NAME)
    return morsel.value if morsel else ""


def is_in(walker: Walker) -> bool:
    answer = walker.get("/registrera/mobil/")
    assert answer.status_code == 200 or answer["Location"] == "/registrera/"
    return answer.status_code == 200


def test_s1_a_new_id_at_log_in(walker: Walker, settings: Settings) -> None:
    """S1: a session id that somebody planted, or that was there before, is worth nothing afterwards."""
    walker.log_in(STEFAN)
    before = session_id(walker, settings)
    walker.log_in(KARL)
    after = session_id(walker, settings)
    assert before
    assert after
    assert before != after
    thief = Walker(Client(), walker.sms)
    thief.client.cookies[settings.SESSION_COOKIE_NAME] = before
    assert not is_in(thief)
    walker.log_in(KARL)
    assert session_id(walker, settings) != after


def test_a_planted_id_is_not_taken(settings: Settings) -> None:
    """S1: an id that the server did not make."""
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    answer = client.post("/registrera/", {"username": KARL.username, "password": KARL.password})
    assert answer.status_code == 302
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != "a" * 32


def test_s1_an_old_copy_of_a_cookie_opens_nothing(walker: Walker, settings: Settings) -> None:
    """S1: of one who asked for a code, before it was accepted; of the right to set a password, after it was used."""

    def thief(cookie: str) -> Walker:
        theirs = Walker(Client(), walker.sms)
        theirs.client.cookies[settings.JOURNEY_COOKIE_NAME] = cookie
        return theirs

    has_number(STEFAN)
    walker.ask(STEFAN.username)
    asked = walker.client.cookies[settings.JOURNEY_COOKIE_NAME].value
    walker.enter_code()
    entered = walker.client.cookies[settings.JOURNEY_COOKIE_NAME].value
    assert thief(asked).get("/aterstall/losenord/")["Location"] == "/aterstall/"
    assert thief(asked).choose(NEW_PASSWORD)["Location"] == "/aterstall/"
    assert WRONG_CODE in text_of(thief(asked).enter_code())
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    for cookie in (asked, entered):
        assert thief(cookie).get("/aterstall/losenord/")["Location"] == "/aterstall/"
        assert thief(cookie).choose(OTHER_PASSWORD)["Location"] == "/aterstall/"
        assert thief(cookie).get("/aterstall/klart/")["Location"] == "/aterstall/"
    time_passes(minutes=2)
    thief(asked)._post("/aterstall/kod/igen/")
    assert len(walker.sms) == 2, "the code and the notice; a challenge that was used does not begin again"


def test_s1_idle_for_fifteen_minutes(walker: Walker) -> None:
    """S1: enforced on the server, whatever the browser does with its cookie; a click begins the time anew."""
    walker.log_in(KARL)
    for _ in range(3):
        time_passes(minutes=14)
        assert is_in(walker)
    time_passes(minutes=15, seconds=1)
    assert not is_in(walker)


def test_s1_eight_hours_whatever_happens(walker: Walker) -> None:
    """S1: absolute, however busy the person is."""
    walker.log_in(KARL)
    assert is_in(walker)
    for _ in range(47):
        time_passes(minutes=10)
        assert is_in(walker)
    time_passes(minutes=10, seconds=1)
    assert not is_in(walker)


def test_a_stay_pressed_for_ever_does_not_outlast_eight_hours(walker: Walker) -> None:
    """S1, S3: the button to stay moves the idle end, not the absolute one."""
    walker.log_in(KARL)
    is_in(walker)
    for _ in range(40):
        time_passes(minutes=12)
        walker.client.post("/session/forlang/")
    time_passes(minutes=1)
    assert walker.client.post("/session/forlang/").status_code == 403
    assert not is_in(walker)


def test_s3_the_button_to_stay(walker: Walker) -> None:
    """S3: how long the session lives on, or 403 when it has ended, and to nobody who was not logged in."""
    assert walker.client.post("/session/forlang/").status_code == 403
    walker.log_in(KARL)
    time_passes(minutes=14)
    assert walker.client.post("/session/forlang/").json() == {"seconds": 15 * 60}
    time_passes(minutes=14)
    assert is_in(walker)
    time_passes(minutes=16)
    assert walker.client.post("/session/forlang/").status_code == 403
    assert walker.client.get("/session/forlang/").status_code == 405


def test_s3_the_page_knows_when_its_session_ends(walker: Walker) -> None:
    """S3: a warning at least 20 seconds before, which the script can give only if the page says how long it has."""
    walker.log_in(KARL)
    walker.give_number(NEW_NUMBER_TYPED)
    for path in ("/registrera/mobil/", "/registrera/kod/"):
        body = walker.get(path).content.decode()
        found = re.search(r'data-session-seconds="(\d+)"', body)
        assert found, path
        assert 20 < int(found[1]) <= 15 * 60
        assert "/session/forlang/" in body
        assert "Jag är kvar" in body


def test_s1_log_out_kills_the_session_on_the_server(walker: Walker, settings: Settings) -> None:
    """S1: a copy of the cookie is of no use afterwards."""
    walker.log_in(KARL)
    copy = Client()
    copy.cookies[settings.SESSION_COOKIE_NAME] = session_id(walker, settings)
    assert copy.get("/registrera/mobil/").status_code == 200
    assert walker.client.get("/logga-ut/").status_code == 405
    assert walker.client.post("/logga-ut/").headers["Location"] == "/"
    assert copy.get("/registrera/mobil/").headers["Location"] == "/registrera/"
    assert Session.objects.count() == 0
    assert last(Event.LOGGED_OUT).subject_name == KARL.username


def test_s1_personal_pages_are_not_stored(walker: Walker) -> None:
    """S1: no-store, on redirects and errors too."""
    walker.log_in(KARL)
    answers = [walker.get("/registrera/mobil/"), walker.give_number(NEW_NUMBER_TYPED), walker.get("/registrera/kod/")]
    answers += [walker.enter_register_code(), walker.get("/registrera/klart/"), walker.get("/finns-inte/")]
    has_number(KARL, "+46701740690")
    answers += [walker.ask(KARL.username), walker.get("/aterstall/kod/"), walker.enter_code()]
    answers += [walker.get("/aterstall/losenord/"), walker.choose("kort"), walker.choose(NEW_PASSWORD)]
    answers += [walker.get("/aterstall/klart/")]
    assert {answer["Cache-Control"] for answer in answers} == {"no-store, private"}


def test_cookies_are_out_of_scripts_reach(walker: Walker, settings: Settings) -> None:
    """S1: HttpOnly, SameSite=Lax, for this host only, and gone with the browser."""
    walker.get("/registrera/")
    walker.log_in(KARL)
    for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME):
        morsel = walker.client.cookies[name]
        assert (morsel["httponly"], morsel["samesite"], morsel["domain"], morsel["path"]) == (True, "Lax", "", "/")
    assert walker.client.cookies[settings.SESSION_COOKIE_NAME]["max-age"] == ""


@pytest.mark.parametrize("how", ["disabled", "removed", "protected", "inactive here"])
def test_s2_losing_the_account_ends_access_at_the_next_request(
    server: TestSlapd, walker: Walker, settings: Settings, how: str
) -> None:
    """S2: between two clicks; and the code under way registers nothing."""
    walker.log_in(KARL)
    walker.give_number(NEW_NUMBER_TYPED)
    if how == "disabled":
        server.add_value(KARL.username, "pwdAccountLockedTime", b"000001010000Z")
    elif how == "removed":
        server.remove(KARL.username)
    elif how == "protected":
        settings.DIRECTORY_PROTECTED_FILTER = f"(uid={KARL.username})"
    else:
        User.objects.update(is_active=False)
    assert walker.enter_register_code()["Location"] == "/registrera/"
    assert not is_in(walker)
    if how == "disabled":
        server.put(KARL)
        assert not is_in(walker), "the session ended, and did not just pause"
    assert not User.objects.filter(phone__isnull=False).exists()


def test_a_session_of_another_key_is_nobodys(walker: Walker, settings: Settings) -> None:
    """S1: a session does not outlive the key that signed it."""
    walker.log_in(KARL)
    settings.SECRET_KEY = "a key that was changed, as after a leak of the old one"
    assert not is_in(walker)


def test_a_form_from_elsewhere_is_refused(walker: Walker) -> None:
    """S1: cross-site posts, with a page that says what to do."""
    client = Client(enforce_csrf_checks=True)
    page = client.get("/registrera/")
    fields = {"username": KARL.username, "password": KARL.password}
    answer = client.post("/registrera/", fields)
    assert answer.status_code == 403
    assert isinstance(answer, HttpResponse)
    assert text_of(answer).strip()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.content.decode())
    assert token
    assert client.post("/registrera/", {**fields, "csrfmiddlewaretoken": token[1]}).status_code == 302
