"""What a bind tells about a password."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from accounts import directory as portal
from accounts.directory import Account, Directory, PasswordCheck
from accounts.directory.ldap_client.answers import STEP
from deploy.local.cast import ANNA, CAST, STEFAN, Person
from tests.servers.directory import DirectoryServer

Find = Callable[[str], Account]


@pytest.mark.parametrize("person", CAST, ids=lambda person: str(person.username))
def test_the_cast(directory: Directory, account: Find, person: Person) -> None:
    expected = PasswordCheck.EXPIRED if person is ANNA else PasswordCheck.RIGHT
    assert directory.check_password(account(person.username), person.password) is expected


@pytest.mark.parametrize("password", ["x", "vinter-skog-15", " Vinter-Skog-15", "å" * 256, "a\0b", "\ud800"])
def test_wrong(directory: Directory, account: Find, password: str) -> None:
    assert directory.check_password(account(STEFAN.username), password) is PasswordCheck.WRONG


def test_an_empty_one_is_wrong_and_is_not_sent(server: DirectoryServer, directory: Directory, account: Find) -> None:
    stefan = account(STEFAN.username)
    for _ in range(server.lockout_threshold + 1):
        assert directory.check_password(stefan, "") is PasswordCheck.WRONG
    assert server.failures(STEFAN.username) == 0
    assert directory.check_password(stefan, STEFAN.password) is PasswordCheck.RIGHT


def test_a_wrong_one_is_counted_once(server: DirectoryServer, directory: Directory, account: Find) -> None:
    assert directory.check_password(account(STEFAN.username), "wrong") is PasswordCheck.WRONG
    assert server.failures(STEFAN.username) == 1


def test_nobody(directory: Directory) -> None:
    assert directory.check_password(None, STEFAN.password) is PasswordCheck.WRONG
    assert directory.check_password(None, "") is PasswordCheck.WRONG


def test_nobody_is_refused_as_slowly_as_somebody(directory: Directory, account: Find) -> None:
    """The directories themselves are faster for a name that they do not know."""

    def seconds(who: Account | None) -> float:
        started = time.perf_counter()
        assert directory.check_password(who, "wrong") is PasswordCheck.WRONG
        return time.perf_counter() - started

    stefan = account(STEFAN.username)
    for who in (stefan, None, stefan, None):
        assert seconds(who) >= STEP


def test_somebody_who_is_gone(server: DirectoryServer, directory: Directory, account: Find) -> None:
    stefan = account(STEFAN.username)
    server.remove(STEFAN.username)
    assert directory.check_password(stefan, STEFAN.password) is PasswordCheck.WRONG


def test_expired_is_told_after_the_right_password_only(directory: Directory, account: Find) -> None:
    anna = account(ANNA.username)
    assert directory.check_password(anna, "wrong") is PasswordCheck.WRONG
    assert directory.check_password(anna, ANNA.password) is PasswordCheck.EXPIRED


def test_must_change_is_told_after_the_right_password_only(
    server: DirectoryServer, directory: Directory, account: Find
) -> None:
    server.put(STEFAN, must_change=True)
    stefan = account(STEFAN.username)
    assert directory.check_password(stefan, "wrong") is PasswordCheck.WRONG
    assert directory.check_password(stefan, STEFAN.password) is PasswordCheck.MUST_CHANGE


def test_locked_whatever_the_password(server: DirectoryServer, directory: Directory, account: Find) -> None:
    stefan = account(STEFAN.username)
    for _ in range(server.lockout_threshold):
        assert directory.check_password(stefan, "wrong") is PasswordCheck.WRONG
    assert directory.check_password(stefan, "wrong") is PasswordCheck.LOCKED
    assert directory.check_password(stefan, STEFAN.password) is PasswordCheck.LOCKED
    assert account(STEFAN.username).locked


def test_disabled_on_active_directory(active_directory_settings: DirectoryServer) -> None:
    active_directory_settings.put(STEFAN, disabled=True)
    directory = portal.connect()
    stefan = directory.find(STEFAN.username)
    assert directory.check_password(stefan, "wrong") is PasswordCheck.WRONG
    assert directory.check_password(stefan, STEFAN.password) is PasswordCheck.DISABLED


def test_disabled_on_openldap_is_not_told_from_locked(openldap_settings: DirectoryServer) -> None:
    """slapd says accountLocked before it looks at the password, so that it tells nobody who guesses."""
    openldap_settings.put(STEFAN, disabled=True)
    directory = portal.connect()
    stefan = directory.find(STEFAN.username)
    for password in ("wrong", STEFAN.password):
        assert directory.check_password(stefan, password) is PasswordCheck.LOCKED
