"""More time for a new password, at a press: R3 in security.md, WCAG 2.2.1. The script of the page: tests/browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from accounts import limits
from accounts.models import Challenge, Event
from deploy.local.cast import STEFAN
from tests.accounts.helpers import NEW_PASSWORD, OTHER_PASSWORD, binds, last, text_of, time_passes, trail, verified
from tests.conftest import Walker, has_number
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

PATH = "/aterstall/losenord/mer-tid/"
BUTTON = "Få 10 minuter till"


def press(walker: Walker) -> str:
    return walker.client.post(PATH)["Location"]


def press_by_script(walker: Walker) -> dict[str, Any]:
    answer = walker.client.post(PATH, headers={"Accept": "application/json"})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_r3_a_press_gives_ten_minutes_from_then_on(server: TestSlapd, walker: Walker) -> None:
    """R3: the trail says who, and from where."""
    verified(walker)
    time_passes(minutes=9, seconds=50)
    assert press(walker) == "/aterstall/losenord/"
    time_passes(minutes=9, seconds=50)
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert binds(server, STEFAN.username, NEW_PASSWORD)
    event = last(Event.TIME_EXTENDED)
    assert (event.subject, event.subject_name, event.address) == (event.actor, STEFAN.username, "127.0.0.1")


def test_r3_without_a_press_the_right_ends_after_ten_minutes(server: TestSlapd, walker: Walker) -> None:
    """R3: and a press that comes too late gives nothing back."""
    verified(walker)
    time_passes(minutes=10, seconds=1)
    assert press(walker) == "/aterstall/losenord/"
    assert press_by_script(walker) == {"seconds": 0, "more": False}
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/"
    assert "Det tog för lång tid." in text_of(walker.get("/aterstall/"))
    assert binds(server, STEFAN.username, STEFAN.password)
    assert trail(Event.TIME_EXTENDED) == []


def test_r3_an_eleventh_press_gives_nothing(server: TestSlapd, walker: Walker) -> None:
    """R3: under two hours in all (WCAG 2.2.1: ten times). The page has the button for as long as it helps."""
    verified(walker)
    assert limits.EXTENSIONS == 10
    for _ in range(limits.EXTENSIONS):
        assert BUTTON in text_of(walker.get("/aterstall/losenord/"))
        time_passes(minutes=9, seconds=55)
        press(walker)
    page = text_of(walker.get("/aterstall/losenord/"))
    assert "Tid kvar: 10 minuter . Sedan behöver du en ny kod." in page
    assert BUTTON not in page
    time_passes(minutes=9, seconds=55)
    assert press_by_script(walker)["seconds"] <= 5
    time_passes(seconds=6)
    assert walker.choose(NEW_PASSWORD)["Location"] == "/aterstall/"
    assert binds(server, STEFAN.username, STEFAN.password)
    assert len(trail(Event.TIME_EXTENDED)) == limits.EXTENSIONS


@pytest.mark.parametrize("reached", ["nothing", "asked", "another's"])
def test_r3_no_time_without_the_right(walker: Walker, another_walker: Walker, reached: str) -> None:
    """R3: it is the session's own right that lasts longer, nobody else's."""
    if reached == "asked":
        has_number(STEFAN)
        walker.ask(STEFAN.username)
    if reached == "another's":
        verified(another_walker)
        time_passes(minutes=5)
    assert press(walker) == "/aterstall/losenord/"
    assert walker.get("/aterstall/losenord/")["Location"] == "/aterstall/"
    assert press_by_script(walker) == {"seconds": 0, "more": False}
    assert not Challenge.objects.exclude(extensions=0).exists()
    assert trail(Event.TIME_EXTENDED) == []


@pytest.mark.parametrize("end", ["used", "refused too often", "a session elsewhere has reset"])
def test_r3_no_time_after_the_right_is_gone(
    server: TestSlapd, walker: Walker, another_walker: Walker, end: str
) -> None:
    """R3: after a success above all: one right, one password."""
    verified(walker)
    if end == "used":
        walker.choose(NEW_PASSWORD)
    elif end == "refused too often":
        Challenge.objects.update(refusals=limits.PASSWORD_REFUSALS)
    else:
        time_passes(seconds=61)
        another_walker.reset(STEFAN, NEW_PASSWORD)
    time_passes(seconds=30)
    press(walker)
    assert press_by_script(walker) == {"seconds": 0, "more": False}
    assert walker.choose(OTHER_PASSWORD)["Location"] == "/aterstall/"
    assert not binds(server, STEFAN.username, OTHER_PASSWORD)
    assert trail(Event.TIME_EXTENDED) == []


def test_the_second_of_two_clicks_takes_none(walker: Walker) -> None:
    verified(walker)
    time_passes(minutes=8)
    assert press_by_script(walker)["more"]
    assert press_by_script(walker) == {"seconds": limits.VERIFIED_LIFETIME, "more": True}
    assert len(trail(Event.TIME_EXTENDED)) == 1


def test_a_press_is_a_post_with_a_token(walker: Walker) -> None:
    """Nobody else's page presses it, and no link."""
    verified(walker)
    time_passes(minutes=5)
    assert walker.get(PATH).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = walker.client.cookies
    assert strict.post(PATH).status_code == 403
    assert trail(Event.TIME_EXTENDED) == []


@pytest.fixture(autouse=True)
def _never_more_than_promised() -> Iterator[None]:
    yield
    assert all(count <= limits.EXTENSIONS for count in Challenge.objects.values_list("extensions", flat=True))
