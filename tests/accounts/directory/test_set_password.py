"""Setting a password as the service account, and its outcome."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from accounts import directory as portal
from accounts.directory import Account, Directory, Expiry, PasswordChange, PasswordCheck
from deploy.local.cast import ANNA, EVA, STEFAN
from tests.accounts.directory.people import set_password
from tests.servers.directory import DirectoryServer

Find = Callable[[str], Account]

NEW = "Nytt-Losen-2031"
OTHERS = ("Andra-Losen-2032", "Tredje-Losen-2033", "Fjarde-Losen-2034")


def test_done(directory: Directory, account: Find) -> None:
    stefan = account(STEFAN.username)
    assert set_password(directory, stefan.id, NEW) is PasswordChange.DONE
    assert directory.check_password(stefan, NEW) is PasswordCheck.RIGHT
    assert directory.check_password(stefan, STEFAN.password) is PasswordCheck.WRONG
    after = account(STEFAN.username)
    assert after.password_last_set is not None
    assert datetime.now(UTC) - after.password_last_set < timedelta(minutes=1)
    assert after.expires == after.password_last_set + timedelta(days=90)  # of 24 hours, whatever clocks do


@pytest.mark.parametrize(
    "password", ['Quot"e-Losen-1', " Mellan Slag 12 ", "Tab-<>&;=-12", "Euro-€-Losen-1", "X" * 100 + "y-1" * 52]
)
def test_the_text_is_sent_verbatim(directory: Directory, account: Find, password: str) -> None:
    stefan = account(STEFAN.username)
    assert set_password(directory, stefan.id, password) is PasswordChange.DONE
    assert directory.check_password(stefan, password) is PasswordCheck.RIGHT
    assert directory.check_password(stefan, password.strip() + "x") is PasswordCheck.WRONG


def test_history_is_kept_for_what_the_service_account_sets(directory: Directory, account: Find) -> None:
    assert directory.keeps_history
    stefan = account(STEFAN.username)
    assert set_password(directory, stefan.id, STEFAN.password) is PasswordChange.IN_HISTORY
    for password in OTHERS:
        assert set_password(directory, stefan.id, password) is PasswordChange.DONE
    for password in (STEFAN.password, *OTHERS):
        assert set_password(directory, stefan.id, password) is PasswordChange.IN_HISTORY
    assert directory.check_password(stefan, OTHERS[-1]) is PasswordCheck.RIGHT


def test_too_short(directory: Directory, account: Find) -> None:
    stefan = account(STEFAN.username)
    assert set_password(directory, stefan.id, "Kort-1") is PasswordChange.TOO_WEAK
    assert directory.check_password(stefan, STEFAN.password) is PasswordCheck.RIGHT


@pytest.mark.parametrize("password", ["", "Halv-\ud800-1234"])
def test_what_can_not_be_sent(directory: Directory, account: Find, password: str) -> None:
    stefan = account(STEFAN.username)
    assert set_password(directory, stefan.id, password) in (PasswordChange.TOO_WEAK, PasswordChange.NOT_ALLOWED)
    assert directory.check_password(stefan, STEFAN.password) is PasswordCheck.RIGHT


def test_too_young(server: DirectoryServer, directory: Directory, account: Find) -> None:
    stefan = account(STEFAN.username)
    assert set_password(directory, stefan.id, NEW) is PasswordChange.DONE
    with server.min_age(timedelta(days=1)):
        assert set_password(directory, stefan.id, OTHERS[0]) is PasswordChange.TOO_YOUNG
    assert directory.check_password(stefan, NEW) is PasswordCheck.RIGHT


def test_gone(server: DirectoryServer, directory: Directory, account: Find) -> None:
    stefan = account(STEFAN.username)
    server.remove(STEFAN.username)
    assert set_password(directory, stefan.id, NEW) is PasswordChange.NOT_ALLOWED


def test_gone_since_the_look_up(server: DirectoryServer, directory: Directory, account: Find) -> None:
    found = directory.served(account(STEFAN.username).id)
    assert found
    server.remove(STEFAN.username)
    assert directory.set_password(found, NEW) is PasswordChange.NOT_ALLOWED


def test_who_is_served_is_found_as_by_any_look_up(directory: Directory, account: Find) -> None:
    for person in (STEFAN, ANNA):
        found = directory.served(account(person.username).id)
        assert found
        assert found.account == account(person.username)
    assert directory.served(account(EVA.username).id) is None
    assert directory.served("00000000-0000-0000-0000-000000000000") is None
    assert directory.served("no id") is None


def test_protected_is_left_alone(directory: Directory, account: Find) -> None:
    eva = account(EVA.username)
    assert set_password(directory, eva.id, NEW) is PasswordChange.NOT_ALLOWED
    assert directory.check_password(eva, EVA.password) is PasswordCheck.RIGHT


def test_protected_by_the_filter_alone_is_left_alone(account: Find, settings: Settings) -> None:
    stefan = account(STEFAN.username)
    for condition, served in (("(sn=Lind)", False), ("sn=Ek", True)):
        settings.DIRECTORY_PROTECTED_FILTER = condition
        found = portal.connect().served(stefan.id)
        assert (found is not None) == served


def test_disabled_is_left_alone(server: DirectoryServer, directory: Directory, account: Find) -> None:
    server.put(STEFAN, disabled=True)
    stefan = account(STEFAN.username)
    assert set_password(directory, stefan.id, NEW) is PasswordChange.NOT_ALLOWED
    assert account(STEFAN.username) == stefan


def test_expired_is_reset_and_binds(directory: Directory, account: Find) -> None:
    anna = account(ANNA.username)
    assert set_password(directory, anna.id, NEW) is PasswordChange.DONE
    assert directory.check_password(anna, NEW) is PasswordCheck.RIGHT


def test_must_change_is_not_left_behind(server: DirectoryServer, directory: Directory, account: Find) -> None:
    server.put(STEFAN, must_change=True)
    stefan = account(STEFAN.username)
    assert set_password(directory, stefan.id, NEW) is PasswordChange.DONE
    assert directory.check_password(stefan, NEW) is PasswordCheck.RIGHT
    assert isinstance(account(STEFAN.username).expires, datetime)
    assert account(STEFAN.username).expires is not Expiry.MUST_CHANGE


def test_a_lock_is_cleared_by_it(server: DirectoryServer, directory: Directory, account: Find) -> None:
    server.put(STEFAN, locked=True)
    stefan = account(STEFAN.username)
    assert stefan.locked
    assert set_password(directory, stefan.id, NEW) is PasswordChange.DONE
    assert not account(STEFAN.username).locked
    assert directory.check_password(stefan, NEW) is PasswordCheck.RIGHT


def test_a_refused_one_does_not_unlock(server: DirectoryServer, directory: Directory, account: Find) -> None:
    server.put(STEFAN, locked=True)
    stefan = account(STEFAN.username)
    assert set_password(directory, stefan.id, STEFAN.password) is PasswordChange.IN_HISTORY
    assert account(STEFAN.username).locked


def test_a_refused_one_counts_as_no_failed_log_in(server: DirectoryServer, directory: Directory, account: Find) -> None:
    stefan = account(STEFAN.username)
    for _ in range(server.lockout_threshold + 1):
        assert set_password(directory, stefan.id, "Kort-1") is PasswordChange.TOO_WEAK
    assert server.failures(STEFAN.username) == 0
    assert directory.check_password(stefan, STEFAN.password) is PasswordCheck.RIGHT
