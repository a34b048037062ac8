"""Both journeys against Samba's Active Directory: what "must show" names, and where it differs from OpenLDAP."""

from __future__ import annotations

import dataclasses
import time
from datetime import timedelta

import ldap
import pytest

from accounts import directory
from accounts.models import Event
from deploy.local.cast import ANNA, EVA, KARL, STEFAN
from tests.accounts.conftest import Heard
from tests.accounts.helpers import (
    NEW_NUMBER,
    NEW_NUMBER_TYPED,
    NEW_PASSWORD,
    OTHER_PASSWORD,
    WRONG_LOGIN,
    binds,
    last,
    text_of,
    time_passes,
    trail,
)
from tests.conftest import Inbox, Walker, has_number
from tests.servers.samba import DOMAIN, PrivateSamba

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def server(active_directory_settings: PrivateSamba) -> PrivateSamba:
    return active_directory_settings


def test_register_then_reset(server: PrivateSamba, walker: Walker, sms: Inbox, heard: list[Heard]) -> None:
    """Must show 2; the manual's two journeys, one right after the other (K5 counts them apart)."""
    assert walker.register(KARL, NEW_NUMBER_TYPED)["Location"] == "/registrera/klart/"
    assert walker.reset(KARL, NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert [number for number, _ in sms.messages()] == [NEW_NUMBER] * 3, "a code, a code, and that it was done (R4)"
    assert binds(server, KARL.username, NEW_PASSWORD)
    assert not binds(server, KARL.username, KARL.password)
    assert [one.name for one in heard] == ["phone_registered", "password_reset"]
    assert last(Event.PASSWORD_DONE).company == KARL.company


@pytest.mark.parametrize("name", [f"{KARL.username}@ad.example.test", rf"AD\{KARL.username}"])
def test_the_name_with_its_domain_as_windows_shows_it(server: PrivateSamba, walker: Walker, name: str) -> None:
    """On both journeys. The trail and the new password are the account's."""
    karl = dataclasses.replace(KARL, username=name)
    assert walker.register(karl, NEW_NUMBER_TYPED)["Location"] == "/registrera/klart/"
    assert walker.reset(karl, NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert last(Event.PASSWORD_DONE).subject_name == KARL.username
    assert binds(server, KARL.username, NEW_PASSWORD)


def test_p3_an_earlier_password_is_refused_in_the_right_words(server: PrivateSamba, walker: Walker) -> None:
    """Must show 2; R8, P3: by the policy-hints control."""
    has_number(STEFAN)
    walker.reset(STEFAN, NEW_PASSWORD)
    time_passes(seconds=61)
    for earlier in (NEW_PASSWORD, STEFAN.password):
        answer = walker.reset(STEFAN, earlier) if earlier == NEW_PASSWORD else walker.choose(earlier)
        assert answer.status_code == 200
        assert "Det blev fel Du kan inte återanvända ett tidigare lösenord." in text_of(answer)
        assert walker.get("/aterstall/klart/")["Location"] == "/aterstall/"
        assert last(Event.PASSWORD_REFUSED).result == "in history"
    assert walker.choose(OTHER_PASSWORD)["Location"] == "/aterstall/klart/"
    assert binds(server, STEFAN.username, OTHER_PASSWORD)


def test_a_locked_account_is_unlocked(server: PrivateSamba, walker: Walker) -> None:
    """Must show 2; R7."""
    server.put(STEFAN, locked=True)
    assert not binds(server, STEFAN.username, STEFAN.password)
    has_number(STEFAN)
    assert walker.reset(STEFAN, NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert binds(server, STEFAN.username, NEW_PASSWORD)


def test_an_expired_account_is_reset_and_able_to_bind(server: PrivateSamba, walker: Walker) -> None:
    """Must show 2; the log-in page tells it, after the right password only."""
    has_number(ANNA)
    assert WRONG_LOGIN in text_of(walker.log_in(ANNA, "inte lösenordet"))
    assert "Ditt lösenord har gått ut" in text_of(walker.log_in(ANNA))
    assert not binds(server, ANNA.username, ANNA.password)
    assert walker.reset(ANNA, NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert binds(server, ANNA.username, NEW_PASSWORD)


def test_must_change_is_told_and_not_left_behind(server: PrivateSamba, walker: Walker) -> None:
    """R7."""
    server.put(STEFAN, must_change=True)
    has_number(STEFAN)
    assert "Du måste byta lösenord" in text_of(walker.log_in(STEFAN))
    assert walker.reset(STEFAN, NEW_PASSWORD)["Location"] == "/aterstall/klart/"
    assert binds(server, STEFAN.username, NEW_PASSWORD)
    assert walker.log_in(STEFAN, NEW_PASSWORD)["Location"] == "/registrera/mobil/"


def test_disabled_is_told_after_the_right_password_only(server: PrivateSamba, walker: Walker) -> None:
    """issue 2: the password check says disabled; R6: no SMS and no write."""
    server.put(STEFAN, disabled=True)
    has_number(STEFAN)
    wrong = walker.log_in(STEFAN, "inte lösenordet")
    assert WRONG_LOGIN in text_of(wrong)
    assert "avstängt" not in text_of(wrong)
    assert "Ditt konto är avstängt" in text_of(walker.log_in(STEFAN))
    assert walker.get("/registrera/mobil/")["Location"] == "/registrera/"
    walker.ask(STEFAN.username)
    assert len(walker.sms) == 0
    assert last(Event.CODE_WITHHELD).result == "disabled account"


def test_a_protected_account_is_not_touched(server: PrivateSamba, walker: Walker) -> None:
    """R6: adminCount=1. Neither codes, nor log-in, nor one wrong password counted in the directory."""
    has_number(EVA)
    walker.ask(EVA.username)
    assert len(walker.sms) == 0
    assert WRONG_LOGIN in text_of(walker.log_in(EVA))
    assert WRONG_LOGIN in text_of(walker.log_in(EVA, "inte lösenordet"))
    assert server.failures(EVA.username) == 0
    assert binds(server, EVA.username, EVA.password)


def test_too_young_is_refused_as_what_it_is(server: PrivateSamba, walker: Walker) -> None:
    """R8."""
    has_number(STEFAN)
    walker.reset(STEFAN, NEW_PASSWORD)
    time_passes(seconds=61)
    with server.min_age(timedelta(days=1)):
        answer = walker.reset(STEFAN, OTHER_PASSWORD)
    assert "Lösenordet byttes nyligen och kan inte bytas igen ännu." in text_of(answer)
    assert walker.choose(OTHER_PASSWORD)["Location"] == "/aterstall/klart/"


def test_the_portal_stops_one_try_before_the_directory_locks(server: PrivateSamba, walker: Walker) -> None:
    """T3."""
    for _ in range(server.lockout_threshold + 2):
        assert WRONG_LOGIN in text_of(walker.log_in(STEFAN, "inte lösenordet"))
    assert server.failures(STEFAN.username) == server.lockout_threshold - 1
    assert WRONG_LOGIN in text_of(walker.log_in(STEFAN))
    assert binds(server, STEFAN.username, STEFAN.password), "nobody locked him out"


def test_the_owner_of_an_expired_password_gives_an_attacker_no_new_tries(server: PrivateSamba, walker: Walker) -> None:
    """T3: Active Directory does not forget failures at a right password that lets nobody in."""
    server.put(STEFAN, must_change=True)
    for password in ("fel ett", STEFAN.password, "fel två", "fel tre", STEFAN.password, "fel fyra"):
        walker.log_in(STEFAN, password)
    account = directory.connect().find(STEFAN.username)
    assert account
    assert not account.locked


def test_slow_guesses_lock_nobody_out_either(server: PrivateSamba, walker: Walker) -> None:
    """T3: the window runs anew from each failure (MS-SAMR 3.1.5.14.6), so that it is not a sliding one."""
    window = [(ldap.MOD_REPLACE, "lockOutObservationWindow", [b"-20000000"])]  # two seconds, in 100 ns
    before = server.root.search_s(DOMAIN, ldap.SCOPE_BASE, attrlist=["lockOutObservationWindow"])[0][1]
    server.root.modify_s(DOMAIN, window)
    directory.reset()
    try:
        for attempt in range(server.lockout_threshold + 1):
            if attempt:
                time.sleep(1.4)
            walker.log_in(STEFAN, f"fel {attempt}")
        account = directory.connect().find(STEFAN.username)
    finally:
        [old] = before["lockOutObservationWindow"]
        server.root.modify_s(DOMAIN, [(ldap.MOD_REPLACE, "lockOutObservationWindow", [old])])
        directory.reset()
    assert account
    assert not account.locked
    assert Event.LOGIN_DONE not in trail()
