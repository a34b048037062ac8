"""Nobody learns who is an orderer: security.md E1, byte for byte; E2 by what a request does."""

import re
from collections.abc import Callable
from typing import TypeVar
from unittest import mock

import pytest
from django.core import mail
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import Event
from helpdesk import tasks
from helpdesk.orderer import sign_in
from tests.accounts.helpers import last, normalised, noting_ciphers, trail
from tests.conftest import Inbox
from tests.helpdesk.conftest import Register
from tests.helpdesk.newcomer import (
    Newcomer,
    company_closed,
    email_of,
    left_the_company,
    links_age,
    made_inactive,
)

pytestmark = pytest.mark.django_db(transaction=True)

UNKNOWN = "finns.inte@hemtjanst-ett.example"
NEVER_MADE = "123456"  # or once in a million mails
T = TypeVar("T")
Request = Callable[[], HttpResponse]


def walk(email: str, sms: Inbox, kept: Callable[[Request], T]) -> dict[str, T]:
    """What is kept of each request of somebody who types an address and then guesses, in a browser of their own."""
    it = Newcomer(sms)
    answers = {"first page": kept(lambda: it.get("/bestallare/logga-in/")), "ask": kept(lambda: it.ask(email))}
    answers["sent"] = kept(lambda: it.get("/bestallare/logga-in/mejlkod/"))
    answers["ask once more"] = kept(lambda: it.ask(email))
    answers["look"] = kept(lambda: it.look("fel"))
    answers["press"] = kept(lambda: it.press("fel"))
    for guess in range(7):  # past the tries of a code
        answers[f"mailed code {guess}"] = kept(lambda: it.enter_mailed(NEVER_MADE))
    links_age(minutes=2)
    answers["ask later"] = kept(lambda: it.ask(email))
    answers["press later"] = kept(lambda: it.press("fel"))
    answers["mailed code later"] = kept(lambda: it.enter_mailed(NEVER_MADE))
    answers["skip to the code"] = kept(lambda: it.get("/bestallare/logga-in/kod/"))
    answers["skip to enter it"] = kept(lambda: it.enter("123456"))
    answers["another code"] = kept(it.again)
    answers["skip to the end"] = kept(lambda: it.get("/bestallare/foretag/"))
    return answers


def known(register: Register, sms: Inbox) -> None:
    """Carin as she is."""


def throttled(register: Register, sms: Inbox) -> None:
    for _ in range(4):
        Newcomer(sms).ask(email_of(register))
        links_age(seconds=61)
    assert last(Event.LINK_WITHHELD).result == "too many links to this address"


def not_active(register: Register, sms: Inbox) -> None:
    made_inactive(register)


def closed(register: Register, sms: Inbox) -> None:
    company_closed(register)


def left(register: Register, sms: Inbox) -> None:
    left_the_company(register)


CASES = (known, throttled, not_active, closed, left)
Case = Callable[[Register, Inbox], None]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.__name__))
def test_e1_every_answer_is_that_of_an_unknown_address(
    register: Register, settings: Settings, sms: Inbox, case: Case
) -> None:
    """E1: status, headers, cookies and body of every page on the way, but for random tokens."""
    settings.LIMIT_ADDRESS_POSTS = 10_000
    unknown = walk(UNKNOWN, sms, lambda ticket: normalised(ticket()))
    case(register, sms)
    found = walk(email_of(register), sms, lambda ticket: normalised(ticket()))
    for step, answer in unknown.items():
        assert found[step] == answer, step
    assert [answer[0] for answer in found.values()][:6] == [200, 302, 200, 302, 200, 200], "the way itself is open"


def work_of(ticket: Request) -> list[str]:
    """What a request asks of database, cipher and queue, without values; the tasks run when it is answered."""
    done: list[str] = []
    queued: list[int] = []

    with (
        noting_ciphers(done),
        mock.patch.object(tasks.send_sign_in_link, "apply_async", lambda args, **_: queued.extend(args)),
        CaptureQueriesContext(connection) as queries,
    ):
        ticket()
    done += [re.sub(r"'[^']*'|(?<![\w\"])\d+|NULL", "?", query["sql"]) for query in queries]
    done += ["task"] * len(queued)
    for link in queued:
        sign_in.deliver(link)
    return done


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.__name__))
def test_e2_every_request_does_what_it_does_for_an_unknown_address(
    register: Register, settings: Settings, sms: Inbox, case: Case
) -> None:
    """E2: the same queries, as often encrypted and decrypted, as many tasks: nothing to time."""
    settings.LIMIT_ADDRESS_POSTS = 10_000
    unknown = walk(UNKNOWN, sms, work_of)
    case(register, sms)
    found = walk(email_of(register), sms, work_of)
    assert {"seal", "task"} <= set(unknown["ask"])
    for step, work in unknown.items():
        assert found[step] == work, step


def test_the_trail_tells_them_apart_for_those_who_may_read_it(register: Register, sms: Inbox) -> None:
    """L1: and says nothing of what an unknown person typed."""
    Newcomer(sms).ask(UNKNOWN)
    row = last(Event.LINK_WITHHELD)
    assert (row.result, row.subject, row.subject_name) == ("no such orderer", "", "")
    Newcomer(sms).ask(email_of(register))
    assert last(Event.LINK_SENT).subject == f"orderer {register.carin.pk}"
    assert trail(Event.LINK_REQUESTED) == [Event.LINK_REQUESTED] * 2
    assert [letter.to for letter in mail.outbox] == [[email_of(register)]]
