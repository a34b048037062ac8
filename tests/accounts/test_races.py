"""Real threads on PostgreSQL: security.md K3, K5, R3, T3, G5. Must show 3."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar
from unittest import mock

import pytest
from django.db import connections
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from accounts import codes, directory, limits
from accounts.directory.dialects.openldap import OpenLdap
from accounts.models import AuditEvent, Challenge, Event, FailedTry, Phone, SmsDay, User
from accounts.signals import password_reset, phone_registered
from accounts.throttling import counts
from deploy.local.cast import ANNA, KARL, MARIA, STEFAN, Person
from tests.accounts.helpers import (
    NEW_NUMBER,
    NEW_NUMBER_TYPED,
    NEW_PASSWORD,
    WRONG_CODE,
    WRONG_LOGIN,
    binds,
    text_of,
    time_passes,
    trail,
    wrong_for,
)
from tests.conftest import Inbox, Walker, has_number
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

THREADS = 25
T = TypeVar("T")


@pytest.fixture(autouse=True)
def server(openldap_settings: TestSlapd, settings: Settings) -> TestSlapd:
    settings.LIMIT_ADDRESS_POSTS = settings.LIMIT_ADDRESS_FAILED_LOGINS = 10_000
    return openldap_settings


def at_once(jobs: Sequence[Callable[[], T]], threads: int = THREADS) -> list[T]:
    """Does the jobs in so many threads, which begin together; the results in the order of the jobs."""
    threads = min(threads, len(jobs))
    gate = threading.Barrier(threads)
    begun: set[int] = set()

    def run(job: Callable[[], T]) -> T:
        if threading.get_ident() not in begun:
            begun.add(threading.get_ident())
            gate.wait(10)
        try:
            return job()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, jobs))


def in_same_session(walker: Walker) -> Walker:
    """Another click of the same browser: its cookies, on a connection of its own."""
    client = Client()
    for name, morsel in walker.client.cookies.items():
        client.cookies[name] = morsel.value
    return Walker(client, walker.sms)


def outcomes(walker: Walker, guesses: list[str], threads: int = THREADS) -> list[str]:
    """What the browser's guesses came to, sent all at once: where each led, or "" for the page again."""

    def guess(code: str) -> Callable[[], str]:
        clicked = in_same_session(walker)

        def job() -> str:
            answer = clicked.enter_code(code)
            if answer.status_code == 302:
                return answer["Location"]
            assert answer.status_code == 200
            assert WRONG_CODE in text_of(answer)
            return ""

        return job

    return at_once([guess(code) for code in guesses], threads)


@pytest.fixture
def asked(walker: Walker) -> Walker:
    """Somebody who waits for Stefan's code."""
    has_number(STEFAN)
    walker.ask(STEFAN.username)
    return walker


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(99, id="the right one last"),
        pytest.param(50, id="in the middle", marks=pytest.mark.slow),
        pytest.param(0, id="first", marks=pytest.mark.slow),
    ],
)
def test_k3_of_a_hundred_parallel_guesses_five_are_evaluated(asked: Walker, place: int) -> None:
    """K3, must show 3. The right code counts only if it came among the first five."""
    right = asked.sms.code()
    wrong = [f"{(int(right) + 1 + each) % 1_000_000:06}" for each in range(99)]
    guesses = [*wrong[:place], right, *wrong[place:]]
    found = outcomes(asked, guesses)
    challenge = Challenge.objects.get()
    assert challenge.user
    evaluated = FailedTry.objects.filter(subject=challenge.user.directory_id).count()
    accepted = found.count("/aterstall/losenord/")
    assert evaluated + accepted <= 5
    assert accepted == trail(Event.CODE_ACCEPTED).count(Event.CODE_ACCEPTED) <= 1
    assert challenge.failures >= 5 or accepted
    if not accepted:
        assert evaluated == 5
        assert WRONG_CODE in text_of(asked.enter_code(right)), "dead, also for the right one"
        assert codes.failures(challenge.user.directory_id, challenge.purpose) == 5


def test_a_code_that_five_guesses_killed_is_dead_for_parallel_right_ones_too(asked: Walker) -> None:
    """K3, K1."""
    right = asked.sms.code()
    for _ in range(5):
        asked.enter_code(wrong_for(right))
    assert outcomes(asked, [right] * 20) == [""] * 20
    assert trail(Event.CODE_ACCEPTED) == []


def test_k3_of_twenty_parallel_right_submissions_one_succeeds(asked: Walker) -> None:
    """K3, must show 3. The losers see what a wrong code sees, also if their session has a new id by now."""
    found = outcomes(asked, [asked.sms.code()] * 20)
    assert sorted(found) == [""] * 19 + ["/aterstall/losenord/"]
    assert trail(Event.CODE_ACCEPTED) == [Event.CODE_ACCEPTED]


@pytest.mark.parametrize("threads", [20, 4])
def test_of_parallel_right_submissions_in_an_older_session_none_starts_again(asked: Walker, threads: int) -> None:
    """K3: each click writes the session, and the last ones come when it has a new id."""
    time_passes(seconds=40)
    found = outcomes(asked, [asked.sms.code()] * 20, threads)
    assert sorted(found) == [""] * 19 + ["/aterstall/losenord/"]


def test_parallel_first_posts_of_one_browser_make_one_challenge(sms: Inbox) -> None:
    """R2: without a session yet, each gets its own; the code works in all of them."""
    has_number(STEFAN)
    walker = Walker(Client(), sms)
    walker.get("/aterstall/")
    clicks = [in_same_session(walker) for _ in range(10)]
    answers = at_once([partial(click.ask, STEFAN.username) for click in clicks])
    assert {answer.get("Location") for answer in answers} == {"/aterstall/kod/"}
    assert len(sms) == Challenge.objects.count() == 1
    assert clicks[3].enter_code()["Location"] == "/aterstall/losenord/"
    assert clicks[4].get("/aterstall/losenord/")["Location"] == "/aterstall/"


def test_of_twenty_parallel_registrations_with_one_code_one_succeeds(walker: Walker) -> None:
    """K3, G1: and one is in the trail."""
    walker.log_in(KARL)
    walker.give_number(NEW_NUMBER_TYPED)
    code = walker.sms.code()
    clicks = [in_same_session(walker) for _ in range(20)]
    answers = at_once([partial(click.enter_register_code, code) for click in clicks])
    assert [answer.get("Location", "") for answer in answers].count("/registrera/klart/") == 1
    assert trail(Event.CODE_ACCEPTED, Event.PHONE_REGISTERED) == [Event.CODE_ACCEPTED, Event.PHONE_REGISTERED]
    assert Phone.objects.get().number == NEW_NUMBER


def test_of_parallel_new_passwords_one_is_set(asked: Walker, server: TestSlapd) -> None:
    """R3: once; the directory holds the one that was told to be done."""
    asked.enter_code()
    passwords = [f"Parallell-{each}-Tall" for each in range(12)]
    clicks = [in_same_session(asked) for _ in passwords]
    jobs = [partial(click.choose, password) for click, password in zip(clicks, passwords, strict=True)]
    answers = at_once(jobs)
    assert {answer.status_code for answer in answers} <= {200, 302}
    done = [
        password
        for answer, password in zip(answers, passwords, strict=True)
        if answer.get("Location") == "/aterstall/klart/"
    ]
    assert len(done) == 1
    assert binds(server, STEFAN.username, done[0])
    assert trail(Event.PASSWORD_ATTEMPTED, Event.PASSWORD_DONE) == [Event.PASSWORD_ATTEMPTED, Event.PASSWORD_DONE]


@pytest.mark.parametrize("attempt", range(3))
def test_a_password_and_a_code_on_its_way_do_not_hold_each_other_up(
    asked: Walker, sms: Inbox, caplog: pytest.LogCaptureFixture, attempt: int
) -> None:
    """R4: both lock the account first, then its challenges. In different orders the password's trail would be lost."""
    asked.enter_code()
    others = [Walker(Client(), sms) for _ in range(2)]
    for other in others:
        other.ask(STEFAN.username)
    time_passes(seconds=61)

    def slowly(verb: Callable[..., T], *args: object) -> T:
        result = verb(*args)
        time.sleep(0.3)
        return result

    end, limit = codes.end_challenges, counts.take
    with (
        mock.patch.object(codes, "end_challenges", partial(slowly, end)),
        mock.patch.object(counts, "take", partial(slowly, limit)),
    ):
        jobs: list[Callable[[], HttpResponse]] = [partial(asked.choose, NEW_PASSWORD), *(x.ask_again for x in others)]
        answers = at_once(jobs)
    assert [answer.get("Location") for answer in answers] == ["/aterstall/klart/", "/aterstall/kod/", "/aterstall/kod/"]
    assert trail(Event.PASSWORD_DONE) == [Event.PASSWORD_DONE]
    assert "did not take note" not in caplog.text, "it was mended by trying again"


def test_another_code_asked_for_while_a_password_is_noted_revives_no_right(
    asked: Walker, sms: Inbox, server: TestSlapd
) -> None:
    """R3, R4: a stranger who has a right of their own loses it when the owner sets a password."""
    stranger = Walker(Client(), sms)
    asked.enter_code()
    time_passes(seconds=61)
    stranger.ask(STEFAN.username)
    stranger.enter_code()
    time_passes(seconds=61)
    noting = threading.Event()

    def linger(**_: object) -> None:
        noting.set()
        time.sleep(0.5)  # the transaction is open

    def ask_meanwhile() -> HttpResponse:
        assert noting.wait(10)
        return stranger.ask_again()

    password_reset.connect(linger)
    try:
        jobs: list[Callable[[], HttpResponse]] = [partial(asked.choose, NEW_PASSWORD), ask_meanwhile]
        answers = at_once(jobs)
    finally:
        password_reset.disconnect(linger)
    assert answers[0]["Location"] == "/aterstall/klart/"
    assert stranger.choose("En-Annans-4712")["Location"] == "/aterstall/"
    assert binds(server, STEFAN.username, NEW_PASSWORD)


def test_tries_under_way_are_not_forgotten_when_the_owner_logs_in(server: TestSlapd, sms: Inbox) -> None:
    """T3: their failures come after the right password, and count from there."""
    real, held, gate = OpenLdap.check_password, threading.Semaphore(0), threading.Event()

    def slow(directory_: OpenLdap, account: Any, password: str) -> Any:
        if password.startswith("långsamt"):
            held.release()
            gate.wait(10)
        return real(directory_, account, password)

    def guess(password: str) -> Callable[[], HttpResponse]:
        return partial(Walker(Client(), sms).log_in, STEFAN, password)

    def owner() -> HttpResponse:
        assert all(held.acquire(timeout=10) for _ in range(2))
        answer = guess(STEFAN.password)()
        for attempt in range(4):
            guess(f"fel {attempt}")()
        gate.set()
        return answer

    Walker(Client(), sms).log_in(STEFAN)
    with mock.patch.object(OpenLdap, "check_password", slow):
        answers = at_once([owner, *(guess(f"långsamt {each}") for each in range(2))])
    assert answers[0]["Location"] == "/registrera/mobil/"
    assert server.failures(STEFAN.username) < server.lockout_threshold
    assert binds(server, STEFAN.username, STEFAN.password)


def test_parallel_requests_for_one_number_send_one_sms(sms: Inbox) -> None:
    """K5: whichever session, and whichever of the accounts that share the number."""
    has_number(STEFAN)
    has_number(MARIA, STEFAN.phone)
    people = [STEFAN, MARIA] * 10
    jobs = [partial(Walker(Client(), sms).ask, person.username) for person in people]
    answers = at_once(jobs)
    assert {answer.get("Location") for answer in answers} == {"/aterstall/kod/"}
    assert len(sms) == 1
    assert SmsDay.objects.get().sent == 1


def test_the_daily_ceiling_holds_for_parallel_requests(sms: Inbox, settings: Settings) -> None:
    """K5."""
    settings.SMS_DAILY_LIMIT = 2
    people = (STEFAN, MARIA, ANNA, KARL)
    for person, number in zip(people, range(5, 9), strict=True):
        has_number(person, f"+467017406{number:02}")
    at_once([partial(Walker(Client(), sms).ask, person.username) for person in people])
    assert len(sms) == SmsDay.objects.get().sent == 2


def test_parallel_wrong_log_ins_stay_below_the_threshold(server: TestSlapd, sms: Inbox) -> None:
    """T3: nobody is locked out, however fast the guesses come.

    One that the directory has counted already may still count as under way, so that in parallel the portal may
    stop a little earlier than one below the threshold.
    """

    def job() -> str:
        return text_of(Walker(Client(), sms).log_in(KARL, "fel"))

    assert all(WRONG_LOGIN in page for page in at_once([job] * 20))
    assert 1 <= server.failures(KARL.username) < server.lockout_threshold
    assert FailedTry.objects.filter(kind=FailedTry.Secret.PASSWORD).count() == server.failures(KARL.username)
    assert binds(server, KARL.username, KARL.password)


def test_parallel_first_log_ins_make_one_record(server: TestSlapd, sms: Inbox) -> None:
    """G4: one row for one id. No more at once than strangers' tries: each counts those that are under way (T3)."""
    at_most, _with_known_browsers = limits.password_tries(server.lockout_threshold)

    def job() -> str:
        return Walker(Client(), sms).log_in(KARL).get("Location", "")

    assert at_once([job] * at_most) == ["/registrera/mobil/"] * at_most
    account = directory.connect().find(KARL.username)
    assert account
    assert User.objects.filter(directory_id=account.id).count() == 1
    assert AuditEvent.objects.filter(event=Event.LOGIN_DONE, subject=account.id).exists()


@pytest.fixture
def slow_to_store() -> Iterator[None]:
    """Keeps the transaction of a registration open for a moment, so that the others are surely in the middle."""

    def wait(**_: object) -> None:
        time.sleep(0.3)

    phone_registered.connect(wait)
    yield
    phone_registered.disconnect(wait)


@pytest.mark.usefixtures("slow_to_store")
@pytest.mark.parametrize(("cap", "there"), [(3, 2), (3, 1), (1, 0), (2, 0)])
def test_parallel_registrations_do_not_exceed_the_cap(sms: Inbox, settings: Settings, cap: int, there: int) -> None:
    """G5: of those who hold a code for the same number, as many get it as there is room for."""
    settings.LIMIT_ACCOUNTS_PER_NUMBER = cap
    people: list[Person] = [STEFAN, KARL, MARIA]
    waiting: list[tuple[Walker, str]] = []
    for person in people:
        walker = Walker(Client(), sms)
        walker.log_in(person)
        walker.give_number(NEW_NUMBER_TYPED)
        waiting.append((walker, sms.code()))
        time_passes(seconds=61)
    for person in _others(there):
        has_number(person, NEW_NUMBER)
    jobs = [partial(walker.enter_register_code, code) for walker, code in waiting]
    answers = at_once(jobs)
    done = [answer.get("Location") for answer in answers].count("/registrera/klart/")
    assert Phone.objects.count() == there + done == cap


def _others(count: int) -> list[Person]:
    from deploy.local.cast import EVA, PER

    return [PER, EVA][:count]
