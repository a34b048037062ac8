"""Clearing a lock-out, and the lock-out policy."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

from pytest_django import Settings

from accounts import directory as portal
from accounts.directory import Account, Directory, Lockout, PasswordCheck
from deploy.local.cast import KARL, STEFAN
from tests.servers.directory import DirectoryServer

Find = Callable[[str], Account]


def test_unlock(server: DirectoryServer, directory: Directory, account: Find) -> None:
    stefan = account(STEFAN.username)
    for _ in range(server.lockout_threshold):
        directory.check_password(stefan, "wrong")
    assert account(STEFAN.username).locked
    assert directory.unlock(stefan.id)
    assert not account(STEFAN.username).locked
    assert directory.check_password(stefan, STEFAN.password) is PasswordCheck.RIGHT


def test_after_it_the_count_begins_anew(server: DirectoryServer, directory: Directory, account: Find) -> None:
    stefan = account(STEFAN.username)
    for _ in range(server.lockout_threshold):
        directory.check_password(stefan, "wrong")
    assert directory.unlock(stefan.id)
    directory.check_password(stefan, "wrong")
    assert directory.check_password(stefan, STEFAN.password) is PasswordCheck.RIGHT


def test_one_that_is_not_locked(directory: Directory, account: Find) -> None:
    karl = account(KARL.username)
    assert directory.unlock(karl.id)
    assert account(KARL.username) == karl


def test_one_that_an_administrator_disabled_stays_so(
    server: DirectoryServer, directory: Directory, account: Find
) -> None:
    server.put(STEFAN, disabled=True)
    stefan = account(STEFAN.username)
    assert directory.unlock(stefan.id) is False
    assert account(STEFAN.username) == stefan


def test_nobody(directory: Directory) -> None:
    assert directory.unlock(str(uuid.uuid4())) is False
    assert directory.unlock("no id") is False


def test_the_policy_in_force(server: DirectoryServer, directory: Directory) -> None:
    assert directory.lockout() == Lockout(server.lockout_threshold, server.lockout_window)


def test_the_threshold_that_is_set_wins(server: DirectoryServer, directory: Directory, settings: Settings) -> None:
    settings.DIRECTORY_LOCKOUT_THRESHOLD = 2
    assert portal.connect().lockout() == Lockout(2, server.lockout_window)


def test_a_policy_that_slapd_does_not_show(openldap_settings: DirectoryServer, settings: Settings) -> None:
    settings.DIRECTORY_DEFAULT_POLICY = ""
    directory = portal.connect()
    assert directory.lockout() == Lockout(5, timedelta(minutes=30), known=False), "a usual one is assumed"
    assert not directory.keeps_history
