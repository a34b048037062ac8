"""Nobody learns who exists: security.md E1, byte for byte. E2, the timing, needs a worker: test_worker.py."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.demo.cast import ANNA, EVA, KARL, STEFAN
from accounts.models import Event
from tests.accounts.helpers import last, normalised, time_passes, trail, wrong_for
from tests.conftest import Inbox, Walker, has_number
from tests.servers.slapd import TestSlapd

pytestmark = pytest.mark.django_db(transaction=True)

UNKNOWN = "lovfinnsej1"
Answers = dict[str, object]


@pytest.fixture(autouse=True)
def server(openldap_settings: TestSlapd, sms: Inbox) -> TestSlapd:
    return openldap_settings


def walk(name: str) -> Answers:
    """Every answer on the way of somebody who types a name and then guesses, in a browser of its own."""
    client = Client()

    def post(path: str, **fields: str) -> object:
        return normalised(client.post(path, fields))  # type: ignore[arg-type]

    def get(path: str) -> object:
        return normalised(client.get(path))  # type: ignore[arg-type]

    answers: Answers = {"ask": post("/aterstall/", username=name), "code page": get("/aterstall/kod/")}
    answers["asked once more"] = post("/aterstall/", username=name)
    answers["no code"] = post("/aterstall/kod/", code="")
    for guess in range(6):  # past the death of a code
        answers[f"wrong code {guess}"] = post("/aterstall/kod/", code="123456")
    answers["again at once"] = post("/aterstall/kod/igen/")
    time_passes(seconds=61)
    answers["again"] = post("/aterstall/kod/igen/")
    answers["code page again"] = get("/aterstall/kod/")
    answers["skip to the password"] = get("/aterstall/losenord/")
    answers["skip to set it"] = post("/aterstall/losenord/", new_password1="Xyz-4711", new_password2="Xyz-4711")
    answers["skip to the end"] = get("/aterstall/klart/")
    answers["start page"] = get("/aterstall/")
    return answers


def known(server: TestSlapd, settings: Settings, sms: Inbox) -> str:
    has_number(STEFAN)
    return STEFAN.username


def known_by_mail(server: TestSlapd, settings: Settings, sms: Inbox) -> str:
    has_number(STEFAN)
    return STEFAN.mail


def no_number(server: TestSlapd, settings: Settings, sms: Inbox) -> str:
    return KARL.username


def expired(server: TestSlapd, settings: Settings, sms: Inbox) -> str:
    has_number(ANNA)
    return ANNA.username


def disabled(server: TestSlapd, settings: Settings, sms: Inbox) -> str:
    server.put(STEFAN, disabled=True)
    has_number(STEFAN)
    return STEFAN.username


def locked(server: TestSlapd, settings: Settings, sms: Inbox) -> str:
    server.put(STEFAN, locked=True)
    has_number(STEFAN)
    return STEFAN.username


def protected(server: TestSlapd, settings: Settings, sms: Inbox) -> str:
    has_number(EVA)
    return EVA.username


def outside(server: TestSlapd, settings: Settings, sms: Inbox) -> str:
    has_number(STEFAN)
    settings.DIRECTORY_USER_FILTER = "(o=Omsorg*)"
    return STEFAN.username


def throttled_by_number(server: TestSlapd, settings: Settings, sms: Inbox) -> str:
    has_number(STEFAN)
    for _ in range(5):
        Walker(Client(), sms).ask(STEFAN.username)
        time_passes(minutes=11)
    Walker(Client(), sms).ask(STEFAN.username)
    assert last(Event.CODE_WITHHELD).result == "too many codes to this number"
    return STEFAN.username


def throttled_by_account(server: TestSlapd, settings: Settings, sms: Inbox) -> str:
    has_number(STEFAN)
    for _ in range(2):
        walker = Walker(Client(), sms)
        walker.ask(STEFAN.username)
        for _ in range(5):
            walker.enter_code(wrong_for(sms.code()))
        time_passes(minutes=11)
    Walker(Client(), sms).ask(STEFAN.username)
    assert last(Event.CODE_WITHHELD).result == "too many wrong codes in a day"
    return STEFAN.username


def daily_ceiling(server: TestSlapd, settings: Settings, sms: Inbox) -> str:
    has_number(STEFAN)
    settings.SMS_DAILY_LIMIT = 0
    return STEFAN.username


def directory_down(server: TestSlapd, settings: Settings, sms: Inbox) -> str:
    has_number(STEFAN)
    server.slapd.stop()
    return STEFAN.username


def gateway_down(server: TestSlapd, settings: Settings, sms: Inbox) -> str:
    has_number(STEFAN)
    settings.SMS_GATEWAYS = ["json://127.0.0.1:9/sms/{to}"]
    return STEFAN.username


CASES: tuple[Callable[[TestSlapd, Settings, Inbox], str], ...] = (
    *(known, known_by_mail, no_number, expired, disabled, locked, protected, outside),
    *(throttled_by_number, throttled_by_account, daily_ceiling, directory_down, gateway_down),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.__name__))
def test_every_answer_is_that_of_an_unknown_name(
    server: TestSlapd, settings: Settings, sms: Inbox, case: Callable[[TestSlapd, Settings, Inbox], str]
) -> None:
    """E1: status, headers, cookies and body of every page on the way, but for random tokens."""
    settings.LIMIT_ADDRESS_POSTS = 10_000
    unknown = walk(UNKNOWN)
    found = walk(case(server, settings, sms))
    assert unknown.keys() == found.keys()
    for step, answer in unknown.items():
        assert found[step] == answer, step


def test_the_way_is_not_the_same_because_all_of_it_is_refused(walker: Walker, settings: Settings) -> None:
    """The comparison above sees real pages: the code page, the wrong-code page, and for the known a code that works."""
    answers = walk(UNKNOWN)
    assert [answer[0] for answer in answers.values() if isinstance(answer, tuple)][:4] == [302, 200, 302, 200]
    has_number(STEFAN)
    walker.ask(STEFAN.username)
    assert walker.enter_code()["Location"] == "/aterstall/losenord/"


def test_no_digit_of_a_number_is_shown(walker: Walker, settings: Settings) -> None:
    """E3: neither on the way to a code, nor after it."""
    has_number(STEFAN)
    pages = [walker.get("/aterstall/"), walker.ask(STEFAN.username), walker.get("/aterstall/kod/")]
    pages.append(walker.enter_code("123"))
    pages.append(walker.ask_again())
    walker.enter_code()
    pages.append(walker.get("/aterstall/losenord/"))
    for page in pages:
        body = page.content.decode()
        assert not any(digits in body.replace(" ", "") for digits in ("1740605", "74-0605", "4006", "+4670"))


def test_the_trail_tells_them_apart_for_those_who_may_read_it(walker: Walker, another_walker: Walker) -> None:
    """L1: what the answer hides, the trail says; E1 holds for those outside only."""
    walker.ask(UNKNOWN)
    another_walker.ask(KARL.username)
    assert trail(Event.CODE_WITHHELD) == [Event.CODE_WITHHELD] * 2
    row = last(Event.CODE_WITHHELD)
    assert (row.result, row.subject_name, row.company) == ("no number", KARL.username, KARL.company)
