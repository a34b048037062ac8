"""Staff see where they are signed in, and end it there (security.md A4)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import limits
from accounts.models import AuditEvent, Authenticator, Event, StaffSession, User
from accounts.privacy import retention
from accounts.staff import second_factor
from accounts.users import end_sessions
from deploy.local.cast import EVA, PER
from idportal.web import user_agent
from tests.accounts.helpers import last, text_of, time_passes, trail
from tests.accounts.staff import Officer, says
from tests.accounts.test_queries import at_most
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

PAGE = "/logga-in/sessioner/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140 Safari/537 Edg/140"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605 Version/18 Safari/604.1"


@pytest.fixture
def eva() -> Officer:
    """She has an app, and is signed in at her desk."""
    officer = Officer(EVA, Client(headers={"user-agent": FIREFOX}))
    officer.has_app()
    officer.sign_in()
    return officer


def elsewhere(eva: Officer, browser: str = EDGE) -> Officer:
    """Signed in once more, in another browser."""
    other = Officer(EVA, Client(headers={"user-agent": browser}))
    other.app, other.recovery_codes = eva.app, eva.recovery_codes
    other.type_password()
    other.type_code(eva.recovery_codes.pop())
    assert other.is_in()
    return other


def row_of(browser: str) -> StaffSession:
    found: StaffSession = StaffSession.objects.get(name=browser)
    return found


def test_a4_each_session_is_listed_in_plain_words(eva: Officer) -> None:
    """Which browser, since when, last used when, from where; and which one is this one."""
    elsewhere(eva)
    StaffSession.objects.filter(name="Edge, Windows").update(began_at=timezone.now() - timedelta(hours=2))
    page = text_of(eva.get(PAGE))
    began = f"{timezone.localtime() - timedelta(hours=2):%Y-%m-%d %H:%M}"
    assert re.search(rf"Edge, Windows {began} \d{{4}}-\d\d-\d\d \d\d:\d\d 127\.0\.0\.1 Avsluta", page)
    assert re.search(r"Firefox, Linux den här .* 127\.0\.0\.1 Logga ut här nedanför", page)
    assert page.count("Logga ut här nedanför") == 1
    assert page.count("127.0.0.1") == 2


def test_a4_ending_one_ends_it_at_its_next_request(eva: Officer) -> None:
    """And no other; the second factor stays."""
    other, third = elsewhere(eva), elsewhere(eva, IPHONE)
    answer = eva.post(PAGE, end=str(row_of("Edge, Windows").pk))
    assert answer["Location"] == PAGE
    assert says(eva.get(PAGE), "Den andra inloggningen är avslutad.")
    assert other.get("/admin/")["Location"] == "/logga-in/?avslutad"
    assert says(other.get("/logga-in/?avslutad"), "Din inloggning avslutades")
    assert other.get("/registrera/mobil/")["Location"] == "/registrera/", "it is no session of the journeys, either"
    assert other.client.post("/session/forlang/").status_code == 403
    assert eva.is_in()
    assert third.is_in()
    ended = last(Event.SESSION_ENDED)
    assert ended.actor == ended.subject == User.objects.get().directory_id
    assert (ended.result, ended.address) == ("Edge, Windows", "127.0.0.1")
    assert second_factor.is_enrolled(User.objects.get())


def test_a4_all_others_end_at_once(eva: Officer) -> None:
    others = [elsewhere(eva), elsewhere(eva, IPHONE)]
    eva.post(PAGE, end="others")
    assert says(eva.get(PAGE), "Nu är du bara inloggad här.")
    assert [other.is_in() for other in others] == [False, False]
    assert eva.is_in()
    assert trail(Event.SESSION_ENDED) == [Event.SESSION_ENDED] * 2


def test_a4_nobody_ends_another_persons_session_here(eva: Officer) -> None:
    """Nor sees it; and a click that comes twice, or names nothing, does nothing."""
    per = Officer(PER)
    per.come_in()
    his = StaffSession.objects.get(user__username=PER.username)
    before = text_of(eva.get(PAGE))
    assert before.count("127.0.0.1") == 1
    for wanted in (str(his.pk), "", "x", "9" * 30):
        assert eva.post(PAGE, end=wanted)["Location"] == PAGE
    assert per.get("/helpdesk/").status_code == 200
    assert trail(Event.SESSION_ENDED) == []


def test_a4_an_ended_session_on_a_public_page_is_logged_out(eva: Officer) -> None:
    """No redirect there: the page goes on without a user."""
    eva.post(PAGE, end=str(row_of("Firefox, Linux").pk))
    assert eva.is_in(), "this one ends by the button to log out"
    StaffSession.objects.all().delete()
    assert eva.get("/").status_code == 200
    assert eva.get(PAGE)["Location"].startswith("/logga-in/?next=")


def test_a4_to_look_costs_no_query(eva: Officer) -> None:
    """The row is the device that django-otp looks for anyway: session, user, row, and no more for a page of words."""
    eva.get("/tillganglighet/")
    with at_most(3):
        assert eva.get("/tillganglighet/").status_code == 200


def test_a4_the_last_use_is_noted_at_a_coarse_grain(eva: Officer) -> None:
    """Also by the button to stay, which keeps the session alive."""
    first = StaffSession.objects.get().seen_at
    eva.get("/admin/")
    assert StaffSession.objects.get().seen_at == first
    time_passes(seconds=limits.SESSION_SEEN + 1)
    eva.client.post("/session/forlang/")
    assert timezone.now() - StaffSession.objects.get().seen_at < timedelta(seconds=30)


def test_sessions_that_have_ended_otherwise_are_not_listed(eva: Officer, settings: Settings) -> None:
    """By the log-out, by fifteen minutes without a click, by a removal or a new password (the epoch)."""
    other = elsewhere(eva)
    other.post("/logga-ut/")
    assert not StaffSession.objects.filter(name="Edge, Windows").exists()
    elsewhere(eva)
    idle = timedelta(seconds=settings.SESSION_COOKIE_AGE + limits.SESSION_SEEN)
    StaffSession.objects.filter(name="Edge, Windows").update(seen_at=timezone.now() - idle)
    assert not says(eva.get(PAGE), "Edge, Windows")
    end_sessions(User.objects.get())
    assert not StaffSession.open().exists()
    assert eva.get(PAGE)["Location"].startswith("/logga-in/?next=")


def test_a_session_from_before_the_list_signs_in_anew(eva: Officer) -> None:
    """Its device is the app itself. It would be seen by nobody, and could not be ended."""
    session = eva.client.session
    session["otp_device_id"] = Authenticator.objects.get().persistent_id
    session.save()
    assert not eva.is_in()


def test_a_lost_role_ends_this_page_too(server: TestSlapd, eva: Officer) -> None:
    """S2."""
    server.put(EVA, disabled=True)
    assert eva.get(PAGE)["Location"] == "/logga-in/?slut"
    assert not StaffSession.objects.exists()


def test_the_header_of_staff_leads_here(eva: Officer) -> None:
    per = Officer(PER)
    per.come_in()
    for officer, page in ((eva, "/admin/"), (per, "/helpdesk/")):
        assert f'href="{PAGE}"' in officer.get(page).content.decode()


def test_old_rows_are_purged(eva: Officer) -> None:
    time_passes(hours=23)
    retention.purge()
    assert StaffSession.objects.exists()
    time_passes(hours=2)
    retention.purge()
    assert not StaffSession.objects.exists()


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (FIREFOX, "Firefox, Linux"),
        (EDGE, "Edge, Windows"),
        (IPHONE, "Safari, iPhone"),
        (
            "Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537 Chrome/140 Mobile Safari/537",
            "Chrome, Android",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605 Version/18.5 Safari/605", "Safari, Mac"),
        ("curl/8.14.1", ""),
        ("<script>" * 1000, ""),
        ("", ""),
    ],
)
def test_a_browser_in_words(header: str, words: str) -> None:
    assert user_agent.in_words(header) == words


def test_the_trail_keeps_who_ended_what(eva: Officer) -> None:
    """L1: no name of a browser that is not the portal's own word."""
    elsewhere(eva, "Mozilla <b>Firefox/1</b>")
    eva.post(PAGE, end="others")
    assert AuditEvent.objects.get(event=Event.SESSION_ENDED).result == "Firefox"
