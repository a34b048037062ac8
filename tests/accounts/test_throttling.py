"""Limits on log-in and by address: security.md T1, T3, P4."""

from __future__ import annotations

import dataclasses
import re
import time
from datetime import timedelta

import ldap
import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from accounts import directory, limits
from accounts.models import Event, FailedTry, User
from deploy.local import slapd
from deploy.local.cast import ANNA, KARL, MARIA, STEFAN
from tests.accounts.helpers import WRONG_LOGIN, binds, entry, last, normalised, text_of, time_passes, trail
from tests.conftest import Inbox, Walker, has_number
from tests.servers.redis import PrivateRedis
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]

WAIT = re.compile(r"Vänta \d+ minut(er)?\. Försök sedan igen\.")
REDIS = "django.core.cache.backends.redis.RedisCache"
DOWN = {"default": {"BACKEND": REDIS, "LOCATION": "redis://127.0.0.1:9/1", "OPTIONS": {"socket_connect_timeout": 1}}}


def fail(sms: Inbox, times: int, name: str = STEFAN.username) -> None:
    """Wrong passwords, each from a new browser."""
    for attempt in range(times):
        person = dataclasses.replace(STEFAN, username=name)
        assert WRONG_LOGIN in text_of(Walker(Client(), sms).log_in(person, f"fel {attempt}"))


def test_t3_two_tries_before_the_threshold_no_more_reach_the_directory(
    server: TestSlapd, walker: Walker, sms: Inbox
) -> None:
    """T3: the same page all the way; within the window the right password is refused too, and not sent.

    The last try but one is kept for a known browser (D1).
    """
    fail(sms, server.lockout_threshold + 3)
    assert server.failures(STEFAN.username) == server.lockout_threshold - 2
    before = entry(server, STEFAN.username)
    assert WRONG_LOGIN in text_of(walker.log_in(STEFAN))
    assert entry(server, STEFAN.username) == before, "a right password would have cleared the failures"
    assert last(Event.LOGIN_REFUSED).result == "stopped before lock-out"
    assert binds(server, STEFAN.username, STEFAN.password), "nobody locked him out"


def test_the_stop_ends_with_the_directorys_window(server: TestSlapd, walker: Walker, sms: Inbox) -> None:
    """T3: for as long as the directory's own window, and hardly longer."""
    fail(sms, server.lockout_threshold)
    time_passes(seconds=server.lockout_window.total_seconds() - 10)
    assert WRONG_LOGIN in text_of(walker.log_in(STEFAN))
    time_passes(seconds=70)
    server.forget_failures(STEFAN.username)
    assert walker.log_in(STEFAN)["Location"] == "/registrera/mobil/"


def test_failures_elsewhere_count_too(server: TestSlapd, walker: Walker, sms: Inbox) -> None:
    """T3: mistyped at a workstation first; what the directory has counted, the portal reckons with."""
    assert not binds(server, STEFAN.username, "fel vid datorn")
    assert not binds(server, STEFAN.username, "fel vid datorn igen")
    fail(sms, server.lockout_threshold)
    assert server.failures(STEFAN.username) == server.lockout_threshold - 2
    assert binds(server, STEFAN.username, STEFAN.password), "nobody locked him out"


def test_a_stricter_policy_of_the_account_counts(server: TestSlapd, walker: Walker, sms: Inbox) -> None:
    """T3: pwdPolicySubentry names a policy of its own."""
    with server.stricter_policy(STEFAN, timedelta(days=80)), server.own_threshold(3):
        fail(sms, 5)
        assert server.failures(STEFAN.username) == 2
        assert binds(server, STEFAN.username, STEFAN.password)


def test_a_policy_that_is_not_shown_is_reckoned_with(server: TestSlapd, settings: Settings, sms: Inbox) -> None:
    """T3: slapd holds to its own ppolicy_default, whether or not the portal was told of it."""
    settings.DIRECTORY_DEFAULT_POLICY = ""
    fail(sms, 7)
    assert binds(server, STEFAN.username, STEFAN.password)


def test_failures_that_are_never_forgotten_count_for_ever(server: TestSlapd, sms: Inbox) -> None:
    """T3: with pwdFailureCountInterval 0, a single try on another day would lock the account."""
    with server.policy(pwdFailureCountInterval="0"):
        directory.reset()
        fail(sms, server.lockout_threshold)
        time_passes(hours=25)
        fail(sms, 2)
        assert server.failures(STEFAN.username) == server.lockout_threshold - 2
    directory.reset()


def test_what_never_locks_shuts_nobody_out_for_failures_elsewhere(server: TestSlapd, walker: Walker) -> None:
    """Where the directory counts without locking, the portal's own count is the one that matters."""
    with server.policy(pwdLockout="FALSE", pwdMaxRecordedFailure="30"):
        directory.reset()
        for _ in range(limits.PASSWORD_TRIES + 2):
            assert not binds(server, STEFAN.username, "fel vid datorn")
        assert walker.log_in(STEFAN)["Location"] == "/registrera/mobil/"
    directory.reset()


def test_where_the_directory_never_locks_the_portal_stops_all_the_same(server: TestSlapd, sms: Inbox) -> None:
    """T1: per account."""
    with server.policy(pwdLockout="FALSE"):
        directory.reset()
        fail(sms, limits.PASSWORD_TRIES + 2)
        assert FailedTry.objects.filter(kind=FailedTry.Secret.PASSWORD).count() == limits.PASSWORD_TRIES
    directory.reset()


def test_the_count_is_the_accounts_whatever_name_was_typed(server: TestSlapd, sms: Inbox) -> None:
    """T3: by user name in any case, and by e-mail address."""
    for name in (STEFAN.username, STEFAN.username.upper(), STEFAN.mail, f" {STEFAN.username}", STEFAN.mail.title()):
        fail(sms, 2, name)
    assert server.failures(STEFAN.username) == server.lockout_threshold - 2


def test_t1_the_count_survives_the_cache_and_new_sessions(server: TestSlapd, sms: Inbox) -> None:
    """T1: it is in the database; each try comes from a new session and the cache is emptied in between."""
    for _ in range(server.lockout_threshold + 2):
        fail(sms, 1)
        cache.clear()
    assert server.failures(STEFAN.username) == server.lockout_threshold - 2


def test_a_right_password_forgets_the_wrong_ones(server: TestSlapd, walker: Walker, sms: Inbox) -> None:
    """T3: as the directory does."""
    for _ in range(3):
        fail(sms, server.lockout_threshold - 3)
        assert walker.log_in(STEFAN)["Location"] == "/registrera/mobil/"
        assert server.failures(STEFAN.username) == 0


def test_a_reset_forgets_the_wrong_ones(server: TestSlapd, walker: Walker, sms: Inbox) -> None:
    """R7: what unlocks in the directory unlocks here."""
    has_number(STEFAN)
    fail(sms, server.lockout_threshold)
    assert walker.reset(STEFAN, "Nytt-Tall-4711")["Location"] == "/aterstall/klart/"
    assert walker.log_in(STEFAN, "Nytt-Tall-4711")["Location"] == "/registrera/mobil/"


def test_the_owner_of_an_expired_password_gives_an_attacker_no_new_tries(server: TestSlapd, walker: Walker) -> None:
    """T3: whatever the directory forgets at an expired password, no lock may come of it."""
    for password in ("a", "b", "c", ANNA.password, "d", "e", "f", ANNA.password, "g", "h"):
        walker.log_in(ANNA, password)
    account = directory.connect().find(ANNA.username)
    assert account
    assert not account.locked


@pytest.mark.parametrize(("interval", "locked_for"), [("2", "60"), ("0", "1")], ids=["at the edge", "never forgotten"])
def test_slow_guesses_lock_nobody_out_either(server: TestSlapd, walker: Walker, interval: str, locked_for: str) -> None:
    """T3: slapd reckons in whole seconds, and by its own clock, so that the window needs an edge to spare; and
    with pwdFailureCountInterval 0 only a right password forgets (slapo-ppolicy(5)).
    """
    wanted = {"pwdFailureCountInterval": interval, "pwdLockoutDuration": locked_for, "pwdMaxFailure": "3"}
    before = server.root.search_s(slapd.DEFAULT_POLICY, ldap.SCOPE_BASE, attrlist=list(wanted))[0][1]
    server.root.modify_s(
        slapd.DEFAULT_POLICY, [(ldap.MOD_REPLACE, name, [value.encode()]) for name, value in wanted.items()]
    )
    directory.reset()
    locked = []
    try:
        for attempt in range(4):
            if attempt:
                time.sleep(1.2)
            walker.log_in(STEFAN, f"fel {attempt}")
            locked.append("pwdAccountLockedTime" in entry(server, STEFAN.username))
    finally:
        server.root.modify_s(slapd.DEFAULT_POLICY, [(ldap.MOD_REPLACE, name, value) for name, value in before.items()])
        directory.reset()
    assert locked == [False] * 4


def test_the_threshold_can_be_set(server: TestSlapd, sms: Inbox, settings: Settings) -> None:
    """design.md: DIRECTORY_LOCKOUT_THRESHOLD."""
    settings.DIRECTORY_LOCKOUT_THRESHOLD = 3
    fail(sms, 5)
    assert server.failures(STEFAN.username) == 2


@pytest.mark.parametrize("password", ["", "\x00"])
def test_p4_an_empty_password_is_never_sent(server: TestSlapd, walker: Walker, password: str) -> None:
    """P4: an empty password binds anonymously, and counts as a failure on Active Directory."""
    before = entry(server, STEFAN.username)
    answer = walker.log_in(STEFAN, password)
    assert answer.status_code == 200
    assert walker.get("/registrera/mobil/")["Location"] == "/registrera/"
    assert entry(server, STEFAN.username) == before
    assert trail(Event.LOGIN_DONE) == []


@pytest.mark.parametrize("password", [" ", "\ufeff", "\u200b", "\udcff"])
def test_a_password_that_looks_empty_is_a_wrong_one(walker: Walker, password: str) -> None:
    """P4."""
    data = f"username={STEFAN.username}&password=".encode() + password.encode("utf-8", "surrogatepass")
    answer = walker.client.post("/registrera/", data, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert walker.get("/registrera/mobil/")["Location"] == "/registrera/"


def test_t1_an_address_has_so_many_posts(settings: Settings, client: Client) -> None:
    """T1, design.md: 429 with the wait in words; other addresses go on, and GET does not count."""
    settings.LIMIT_ADDRESS_POSTS = 4
    for path in ("/aterstall/", "/registrera/", "/aterstall/kod/", "/aterstall/kod/igen/"):
        assert client.post(path).status_code != 429
    for path in ("/aterstall/", "/registrera/", "/registrera/mobil/", "/registrera/kod/", "/aterstall/losenord/"):
        answer = client.post(path, {"username": STEFAN.username, "password": STEFAN.password})
        assert answer.status_code == 429
        assert WAIT.search(text_of(answer))  # type: ignore[arg-type]
        assert int(answer["Retry-After"]) > 0
    assert client.get("/aterstall/").status_code == 200
    assert Client(REMOTE_ADDR="192.0.2.7").post("/aterstall/", {"username": "x"}).status_code == 302


def test_an_address_has_so_many_failed_log_ins(settings: Settings, sms: Inbox, walker: Walker) -> None:
    """T1, design.md: 20 in 10 minutes over all names; right ones don't count, and resetting is not stopped."""
    settings.LIMIT_ADDRESS_FAILED_LOGINS = 3
    walker.log_in(KARL)
    for attempt in range(3):
        fail(sms, 1, f"lovfinnsej{attempt}")
        walker.log_in(KARL) if attempt < 2 else None
    answer = walker.log_in(MARIA)
    assert answer.status_code == 429
    assert WAIT.search(text_of(answer))
    assert walker.ask(MARIA.username)["Location"] == "/aterstall/kod/"


def test_t2_a_claimed_address_is_not_believed(settings: Settings) -> None:
    """T2: X-Forwarded-For counts behind a trusted proxy only; and there it does."""
    settings.LIMIT_ADDRESS_POSTS = 1
    for last_byte in range(3):
        answer = Client().post("/aterstall/", {"username": "x"}, headers={"X-Forwarded-For": f"192.0.2.{last_byte}"})
    assert answer.status_code == 429
    settings.TRUSTED_PROXIES = ["127.0.0.0/8"]
    for last_byte in range(3):
        answer = Client().post("/aterstall/", {"username": "x"}, headers={"X-Forwarded-For": f"192.0.2.{last_byte}"})
        assert answer.status_code == 302
    assert last(Event.CODE_REQUESTED).address == "192.0.2.2"


def test_limits_by_address_are_kept_in_redis(settings: Settings, redis_server: PrivateRedis) -> None:
    """T1: one count for all processes; gone with Redis, which the count by account is not."""
    settings.CACHES = {**settings.CACHES, "default": {"BACKEND": REDIS, "LOCATION": redis_server.url}}
    settings.LIMIT_ADDRESS_POSTS = 2
    answers = [Client().post("/aterstall/", {"username": "x"}).status_code for _ in range(3)]
    assert answers == [302, 302, 429]
    redis_server.restart()
    assert Client().post("/aterstall/", {"username": "x"}).status_code == 302


def test_t1_without_their_store_the_forms_are_closed(settings: Settings, server: TestSlapd, sms: Inbox) -> None:
    """T1: address limits fail closed when their store is down, with a clear page; nothing is half done."""
    has_number(STEFAN)
    settings.CACHES = {**settings.CACHES, **DOWN}
    for path in ("/registrera/", "/aterstall/", "/registrera/mobil/", "/aterstall/kod/", "/aterstall/losenord/"):
        answer = Client().post(path, {"username": STEFAN.username, "password": STEFAN.password})
        assert answer.status_code == 503
        assert "Tjänsten går inte att använda just nu" in text_of(answer)  # type: ignore[arg-type]
    assert (trail(), len(sms), FailedTry.objects.count()) == ([], 0, 0)
    assert Client().get("/aterstall/").status_code == 200
    settings.CACHES = {**settings.CACHES, "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


def test_the_page_of_a_stopped_account_is_that_of_an_unknown_one(server: TestSlapd, sms: Inbox) -> None:
    """design.md: limits by account never show."""
    fail(sms, server.lockout_threshold, MARIA.username)
    pages = []
    for name in (MARIA.username, "lovfinnsej1"):
        person = dataclasses.replace(MARIA, username=name)
        pages.append(normalised(Walker(Client(), sms).log_in(person), name))
    assert pages[0] == pages[1]


def test_q1_a_strangers_log_in_makes_no_row_of_a_person(walker: Walker) -> None:
    walker.log_in(KARL, "Fel-losen-1")
    assert not User.objects.exists()
    walker.log_in(KARL)
    assert [user.username for user in User.objects.all()] == [KARL.username]
