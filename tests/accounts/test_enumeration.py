"""Nobody learns who exists: security.md E1, byte for byte; E2 by what a request does. Its time: test_worker.py."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar
from unittest import mock

import pytest
from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts import codes, directory, tasks
from accounts.models import Event
from deploy.local.cast import ANNA, EVA, KARL, STEFAN
from tests.accounts.helpers import but_for_name, last, normalised, noting_ciphers, time_passes, trail, wrong_for
from tests.conftest import Inbox, Walker, has_number
from tests.servers.slapd import TestSlapd

pytestmark = pytest.mark.django_db(transaction=True)

UNKNOWN = "lovfinnsej1"
T = TypeVar("T")
Request = Callable[[], HttpResponse]


@pytest.fixture(autouse=True)
def server(openldap_settings: TestSlapd, sms: Inbox) -> TestSlapd:
    return openldap_settings


def answer_to(request: Request, typed: str) -> tuple[object, ...]:
    """All but random tokens, the name where it stands as it was typed, and the pause until the next code."""
    status, headers, cookies, body = normalised(request())
    body = re.sub(r'(data-resend-in=")[1-9]\d?"', r'\1soon"', but_for_name(body, typed))
    return status, headers, cookies, body


def walk(name: str, kept: Callable[[Request, str], T]) -> dict[str, T]:
    """What is kept of each request of somebody who types a name and then guesses, in a browser of their own."""
    client = Client()

    def post(path: str, **fields: str) -> T:
        return kept(lambda: client.post(path, fields), name)  # type: ignore[arg-type,return-value]

    def get(path: str) -> T:
        return kept(lambda: client.get(path), name)  # type: ignore[arg-type,return-value]

    answers = {"first page": get("/aterstall/")}
    twin = Client()
    twin.cookies[settings.CSRF_COOKIE_NAME] = client.cookies[settings.CSRF_COOKIE_NAME].value
    answers |= {"ask": post("/aterstall/", username=name), "code page": get("/aterstall/kod/")}
    answers["the second of a double click"] = kept(
        lambda: twin.post("/aterstall/", {"username": name}),  # type: ignore[arg-type,return-value]
        name,
    )
    answers["asked once more"] = post("/aterstall/", username=name)
    answers["not a code"] = post("/aterstall/kod/", code="12345")
    answers["no code"] = post("/aterstall/kod/", code="")
    for guess in range(6):  # past the death of a code
        answers[f"wrong code {guess}"] = post("/aterstall/kod/", code="123456")
    answers["again at once"] = post("/aterstall/kod/igen/")
    time_passes(seconds=61)
    answers["again"] = post("/aterstall/kod/igen/")
    answers["code page again"] = get("/aterstall/kod/")
    answers["skip to the password"] = get("/aterstall/losenord/")
    answers["skip to set it"] = post("/aterstall/losenord/", new_password1="Xyz-4711", new_password2="Xyz-4711")
    answers["skip to more time"] = post("/aterstall/losenord/mer-tid/")
    answers["skip to the end"] = get("/aterstall/klart/")
    answers["start page"] = get("/aterstall/")
    return answers


_unknown: dict[object, dict[str, object]] = {}


def walk_of_nobody(kept: Callable[[Request, str], T]) -> dict[str, object]:
    """With a name that nobody has; walked once for all cases, none of which has begun by then."""
    if kept not in _unknown:
        walk("lovfinnsej2", kept)  # what a process does but once is done
        _unknown[kept] = dict(walk(UNKNOWN, kept))
    return _unknown[kept]


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
def test_e1_every_answer_is_that_of_an_unknown_name(
    server: TestSlapd, settings: Settings, sms: Inbox, case: Callable[[TestSlapd, Settings, Inbox], str]
) -> None:
    """E1: status, headers, cookies and body of every page on the way, but for random tokens."""
    settings.LIMIT_ADDRESS_POSTS = 10_000
    unknown = walk_of_nobody(answer_to)
    found = walk(case(server, settings, sms), answer_to)
    assert unknown.keys() == found.keys()
    for step, answer in unknown.items():
        assert found[step] == answer, step


def work_of(request: Request, typed: str) -> list[str]:
    """What a request asks of directory, database, cipher and queue, without values; tasks run when it is answered."""
    done: list[str] = []
    queued: list[int] = []
    connect = directory.connect

    def connecting() -> directory.Directory:
        done.append("directory")
        return connect()

    with (
        mock.patch.object(directory, "connect", connecting),
        noting_ciphers(done),
        mock.patch.object(tasks.send_code, "apply_async", lambda args, **_: queued.extend(args)),
        CaptureQueriesContext(connection) as queries,
    ):
        request()
    # Without values, and without the names of savepoints, which are numbered.
    done += [re.sub(r"'[^']*'|(?<![\w\"])\d+|NULL|s\d+_x\d+", "?", query["sql"]) for query in queries]
    done += ["task"] * len(queued)
    for challenge in queued:
        codes.send_code(challenge)
    return done


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.__name__))
def test_e2_every_request_does_what_it_does_for_an_unknown_name(
    server: TestSlapd, settings: Settings, sms: Inbox, case: Callable[[TestSlapd, Settings, Inbox], str]
) -> None:
    """E2: the same queries, as often encrypted and decrypted, as many tasks, nothing looked up: nothing to time."""
    settings.LIMIT_ADDRESS_POSTS = 10_000
    unknown = walk_of_nobody(work_of)
    found = walk(case(server, settings, sms), work_of)
    assert {"seal", "task"} <= set(found["ask"])
    for step, work in unknown.items():
        assert "directory" not in found[step], step
        assert found[step] == work, step


def test_the_way_is_not_the_same_because_all_of_it_is_refused(walker: Walker, settings: Settings) -> None:
    """The comparison above sees real pages: the code page, the wrong-code page, and for the known a code that works."""
    answers = walk(UNKNOWN, answer_to)
    assert [answer[0] for answer in answers.values()][:5] == [200, 302, 200, 302, 302]
    for shown in ('<strong translate="no">typed</strong>', 'name="username" value="typed"'):
        assert any(shown in str(answer) for answer in answers.values()), "as it was typed, and nothing else is masked"
    assert UNKNOWN not in str(answers)
    has_number(STEFAN)
    walker.ask(STEFAN.username)
    assert walker.enter_code()["Location"] == "/aterstall/losenord/"


def test_e3_no_digit_of_a_number_is_shown(walker: Walker, settings: Settings) -> None:
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
