"""The limits by address: how many, for whom, how long, and what a person is told (security.md T1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from accounts import limits
from accounts.throttling import by_address

pytestmark = [pytest.mark.django_db]

WINDOW = 10 * limits.MINUTE
START = 1_790_000_000.0  # seconds since 1970


@dataclass
class Clock:
    """Stands still until a test moves it: a window must not end in the middle of one."""

    now: float = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("time.time", clock)
    return clock


def post(address: str = "203.0.113.7", path: str = "/aterstall/", language: str = "") -> HttpResponse:
    """A form that is posted empty: nothing but the limit comes of it."""
    client = Client(REMOTE_ADDR=address)
    if language:
        client.cookies["language"] = language
    answer: HttpResponse = client.post(path, {})  # type: ignore[assignment]
    return answer


def posts(count: int, address: str = "203.0.113.7") -> list[int]:
    return [post(address).status_code for _time in range(count)]


@pytest.mark.slow
def test_a_whole_company_may_sit_behind_one_address() -> None:
    assert posts(300) == [200] * 300
    assert posts(1) == [429]


def test_the_page_says_how_long_to_wait(settings: Settings, clock: Clock) -> None:
    settings.LIMIT_ADDRESS_POSTS = 1
    assert posts(1) == [200]
    answer = post()
    text = answer.content.decode()
    assert answer.status_code == 429
    assert "<h1>För många försök</h1>" in text
    minutes = re.search(r"Vänta (\d+) (minut|minuter)\. Försök sedan igen\.", text)
    assert minutes
    assert 1 <= int(minutes[1]) <= 10
    assert (minutes[2] == "minut") == (minutes[1] == "1")
    assert answer["Retry-After"] == str(int(minutes[1]) * 60)
    assert "ditt konto är inte låst av detta" in text
    assert "no-store" in answer["Cache-Control"]


def test_after_the_wait_that_was_told_the_form_is_open(settings: Settings, clock: Clock) -> None:
    settings.LIMIT_ADDRESS_POSTS = 2
    assert posts(3) == [200, 200, 429]
    clock.now += int(post()["Retry-After"]) + 1
    assert posts(3) == [200, 200, 429]


def test_the_wait_gets_shorter_and_is_never_nothing(settings: Settings, clock: Clock) -> None:
    settings.LIMIT_ADDRESS_POSTS = 1
    assert posts(1) == [200]
    waits = []
    while (answer := post()).status_code == 429:
        waits.append(int(answer["Retry-After"]))
        clock.now += limits.MINUTE
    assert waits == sorted(waits, reverse=True)
    assert 1 <= len(waits) <= 10
    assert min(waits) == limits.MINUTE


def test_the_last_minute_is_told_in_the_singular(settings: Settings, clock: Clock) -> None:
    settings.LIMIT_ADDRESS_POSTS = 1
    assert posts(1) == [200]
    clock.now += int(post()["Retry-After"]) - limits.MINUTE
    answer = post()
    assert answer["Retry-After"] == "60"
    assert "Vänta 1 minut. Försök sedan igen." in answer.content.decode()


def test_the_page_is_in_english_for_whoever_chose_it(settings: Settings) -> None:
    settings.LIMIT_ADDRESS_POSTS = 1
    assert posts(1) == [200]
    text = post(language="en").content.decode()
    assert '<html lang="en">' in text
    assert re.search(r"\d+ minutes?\b", text)
    assert "Vänta" not in text


def test_looking_is_not_limited(settings: Settings) -> None:
    settings.LIMIT_ADDRESS_POSTS = 1
    assert posts(2) == [200, 429]
    client = Client(REMOTE_ADDR="203.0.113.7")
    assert {client.get("/aterstall/").status_code for _time in range(20)} == {200}
    assert client.head("/registrera/").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/registrera/",
        "/registrera/mobil/",
        "/registrera/kod/",
        "/registrera/kod/igen/",
        "/aterstall/",
        "/aterstall/kod/",
        "/aterstall/kod/igen/",
        "/aterstall/losenord/",
    ],
)
def test_the_public_forms_share_one_limit(settings: Settings, path: str) -> None:
    settings.LIMIT_ADDRESS_POSTS = 1
    assert posts(1) == [200]
    assert post(path=path).status_code == 429


# --- Whose address -------------------------------------------------------------------------------


def test_each_address_has_a_limit_of_its_own(settings: Settings) -> None:
    settings.LIMIT_ADDRESS_POSTS = 1
    assert posts(2, "203.0.113.7") == [200, 429]
    assert posts(2, "203.0.113.8") == [200, 429]


@pytest.mark.parametrize("other", ["2001:db8:0:1::2", "2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:DB8::1:0:0:0:1"])
def test_an_ipv6_network_counts_as_one_address(settings: Settings, other: str) -> None:
    """Whoever has one address of a /64 has all of them."""
    settings.LIMIT_ADDRESS_POSTS = 1
    assert posts(1, "2001:db8:0:1::1") == [200]
    assert posts(1, other) == [429]


@pytest.mark.parametrize("other", ["2001:db8:0:2::1", "2001:db8:1:1::1"])
def test_another_ipv6_network_counts_apart(settings: Settings, other: str) -> None:
    settings.LIMIT_ADDRESS_POSTS = 1
    assert posts(1, "2001:db8:0:1::1") == [200]
    assert posts(1, other) == [200]


# --- Failed log-ins ------------------------------------------------------------------------------


def login_request(address: str = "203.0.113.7") -> HttpRequest:
    return RequestFactory().post("/registrera/", {}, REMOTE_ADDR=address)


def fail(count: int, address: str = "203.0.113.7") -> None:
    """What the log-in page notes after a wrong password."""
    for _time in range(count):
        by_address.over_limit(login_request(address), by_address.FAILED_LOGINS, count=True)


def test_twenty_failed_log_ins_close_the_log_in_alone() -> None:
    fail(19)
    assert by_address.over_limit(login_request(), by_address.FAILED_LOGINS, count=False) is None
    fail(1)
    stopped = post(path="/registrera/")
    assert stopped.status_code == 429
    assert int(stopped["Retry-After"]) % limits.MINUTE == 0
    assert post().status_code == 200
    assert post("203.0.113.8", "/registrera/").status_code == 200


def test_to_be_stopped_is_no_failed_log_in(settings: Settings, clock: Clock) -> None:
    """Else whoever presses again and again would never get in."""
    settings.LIMIT_ADDRESS_FAILED_LOGINS = 2
    fail(2)
    for _time in range(5):
        answer = post(path="/registrera/")
        assert answer.status_code == 429
    clock.now += int(answer["Retry-After"]) + 1
    assert post(path="/registrera/").status_code == 200


def test_an_empty_form_is_no_failed_log_in(settings: Settings) -> None:
    settings.LIMIT_ADDRESS_FAILED_LOGINS = 1
    for _time in range(5):
        assert post(path="/registrera/").status_code == 200


def test_posts_are_no_failed_log_ins_and_the_other_way_round(settings: Settings) -> None:
    settings.LIMIT_ADDRESS_POSTS, settings.LIMIT_ADDRESS_FAILED_LOGINS = 3, 3
    assert posts(3) == [200] * 3
    assert by_address.over_limit(login_request(), by_address.FAILED_LOGINS, count=False) is None
    fail(3, "203.0.113.8")
    assert posts(3, "203.0.113.8") == [200] * 3


def test_a_limit_of_nothing_closes(settings: Settings) -> None:
    settings.LIMIT_ADDRESS_POSTS = 0
    assert posts(1) == [429]
