"""What only Active Directory does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from accounts import directory as portal
from accounts.directory import DirectoryMisconfigured, Lockout, PasswordChange, PasswordCheck
from accounts.directory.dialects import active_directory
from accounts.directory.ldap_client.answers import DirectoryRefused
from accounts.directory.ldap_client.connection import Connection
from deploy.local.cast import KARL, STEFAN
from tests.accounts.directory.people import set_password
from tests.servers import samba
from tests.servers.samba import PrivateSamba
from tests.servers.samba_process import ADMINISTRATOR_PASSWORD

NEW, OTHER = "Nytt-Losen-2031", "Andra-Losen-2032"
NO_SUCH_CONTROL = "1.2.3.4.5"
# What Windows Server says of a password that its policy refuses, whatever the reason.
WINDOWS = "Constraint violation: 0000052D: AtrErr: DSID-03191083, #1:\n\t0: 0000052D: DSID-03191083, problem 1005"


def test_an_account_that_has_expired_itself(active_directory_settings: PrivateSamba) -> None:
    active_directory_settings.set_value(STEFAN.username, "accountExpires", "133000000000000000")
    directory = portal.connect()
    stefan = directory.find(STEFAN.username)
    assert stefan is not None
    assert not stefan.enabled
    assert directory.check_password(stefan, "wrong") is PasswordCheck.WRONG
    assert directory.check_password(stefan, STEFAN.password) is PasswordCheck.DISABLED
    assert set_password(directory, stefan.id, NEW) is PasswordChange.NOT_ALLOWED
    assert directory.unlock(stefan.id) is False


def test_an_account_that_will_expire(active_directory_settings: PrivateSamba) -> None:
    active_directory_settings.set_value(STEFAN.username, "accountExpires", "253000000000000000")
    stefan = portal.connect().find(STEFAN.username)
    assert stefan is not None
    assert stefan.enabled


@pytest.mark.parametrize("name", ["lovstlin32@ad.example.test", "LovStLin32@AD.Example.Test"])
def test_the_user_name_in_the_domain_is_found(active_directory_settings: PrivateSamba, name: str) -> None:
    """Every account has that name, although it stands in no attribute (MS-ADTS 5.1.1.1.1)."""
    stefan = portal.connect().find(name)
    assert stefan is not None
    assert stefan.username == STEFAN.username


def test_the_user_principal_name_is_found(active_directory_settings: PrivateSamba) -> None:
    active_directory_settings.set_value(STEFAN.username, "userPrincipalName", "stefan@kommunen.example")
    directory = portal.connect()
    stefan = directory.find("Stefan@kommunen.example")
    assert stefan is not None
    assert stefan.username == STEFAN.username
    assert directory.find("stefan@ad.example.test") is None
    assert directory.find(f"{STEFAN.username}@kommunen.example") is None, "another domain has people of its own"


def test_a_user_principal_name_that_is_somebody_elses_address_is_nobodys(
    active_directory_settings: PrivateSamba,
) -> None:
    active_directory_settings.set_value(STEFAN.username, "userPrincipalName", KARL.mail)
    directory = portal.connect()
    assert directory.find(KARL.mail) is None
    active_directory_settings.set_value(KARL.username, "mail", f"{STEFAN.username}@ad.example.test")
    assert directory.find(f"{STEFAN.username}@ad.example.test") is None
    found = directory.find(STEFAN.username)
    assert found is not None
    assert found.username == STEFAN.username


def test_a_user_principal_name_is_looked_up_with_one_question(
    active_directory_settings: PrivateSamba, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E2: known or not, and whatever its form, a name costs as many searches."""
    directory, asked, search = portal.connect(), [0], Connection.search
    directory.find(STEFAN.username)

    def counting(connection: Connection, *what: Any, **how: Any) -> Any:
        asked[0] += 1
        return search(connection, *what, **how)

    monkeypatch.setattr(Connection, "search", counting)
    costs = set()
    for name in (STEFAN.username, "lovfinns99", "lovstlin32@ad.example.test", "x@ad.example.test", r"AD\lovfinns99"):
        asked[0] = 0
        directory.find(name)
        costs.add(asked[0])
    assert len(costs) == 1


@pytest.mark.parametrize("name", ["lovstlin32@ad.example.test", r"AD\lovstlin32"])
def test_the_filter_and_the_protection_hold_for_such_a_name(
    active_directory_settings: PrivateSamba, settings: Settings, name: str
) -> None:
    """R6."""
    settings.DIRECTORY_PROTECTED_FILTER = f"(sAMAccountName={STEFAN.username})"
    protected = portal.connect().find(name)
    assert protected is not None
    assert protected.protected
    settings.DIRECTORY_USER_FILTER = f"(!(sAMAccountName={STEFAN.username}))"
    assert portal.connect().find(name) is None


@pytest.fixture
def _without_hints(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not offer the control, like Samba before 4.24."""
    monkeypatch.setattr(active_directory, "POLICY_HINTS", NO_SUCH_CONTROL)


@pytest.mark.usefixtures("_without_hints")
def test_without_policy_hints_the_present_password_is_refused(
    active_directory_settings: PrivateSamba,
) -> None:
    directory = portal.connect()
    assert not directory.keeps_history
    stefan = directory.find(STEFAN.username)
    assert stefan is not None
    assert set_password(directory, stefan.id, STEFAN.password) is PasswordChange.IN_HISTORY
    assert set_password(directory, stefan.id, NEW) is PasswordChange.DONE
    assert set_password(directory, stefan.id, NEW) is PasswordChange.IN_HISTORY
    assert set_password(directory, stefan.id, STEFAN.password) is PasswordChange.DONE


@pytest.mark.usefixtures("_without_hints")
def test_without_policy_hints_a_refused_password_locks_nobody(
    active_directory_settings: PrivateSamba,
) -> None:
    directory = portal.connect()
    stefan = directory.find(STEFAN.username)
    assert stefan is not None
    for _ in range(active_directory_settings.lockout_threshold + 1):
        assert set_password(directory, stefan.id, "Kort-1") is PasswordChange.TOO_WEAK
    assert active_directory_settings.failures(STEFAN.username) == 0
    assert directory.check_password(stefan, STEFAN.password) is PasswordCheck.RIGHT


@pytest.mark.usefixtures("_without_hints")
def test_without_policy_hints_a_locked_account_is_reset(active_directory_settings: PrivateSamba) -> None:
    active_directory_settings.put(STEFAN, locked=True)
    directory = portal.connect()
    stefan = directory.find(STEFAN.username)
    assert stefan is not None
    assert set_password(directory, stefan.id, "Kort-1") is PasswordChange.TOO_WEAK
    assert directory.get(stefan.id) == stefan  # a refusal unlocks nothing
    assert set_password(directory, stefan.id, NEW) is PasswordChange.DONE
    assert directory.check_password(stefan, NEW) is PasswordCheck.RIGHT


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("Kort-1", PasswordChange.TOO_WEAK),
        ("bara-gemener", PasswordChange.TOO_WEAK),
        (NEW, PasswordChange.IN_HISTORY),
    ],
)
def test_windows_does_not_say_why(
    active_directory_settings: PrivateSamba,
    monkeypatch: pytest.MonkeyPatch,
    password: str,
    expected: PasswordChange,
) -> None:
    directory = portal.connect()
    stefan = directory.find(STEFAN.username)
    assert stefan is not None
    monkeypatch.setattr(Connection, "replace", _refuse_like_windows)
    assert set_password(directory, stefan.id, password) is expected


def test_windows_does_not_say_that_it_is_too_early(
    active_directory_settings: PrivateSamba, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = portal.connect()
    stefan = directory.find(STEFAN.username)
    assert stefan is not None
    assert set_password(directory, stefan.id, NEW) is PasswordChange.DONE
    monkeypatch.setattr(Connection, "replace", _refuse_like_windows)
    with active_directory_settings.min_age(timedelta(days=1)):
        assert set_password(directory, stefan.id, OTHER) is PasswordChange.TOO_YOUNG


def _refuse_like_windows(*args: object) -> None:
    raise DirectoryRefused(19, WINDOWS)


def test_not_complex(active_directory_settings: PrivateSamba) -> None:
    directory = portal.connect()
    stefan = directory.find(STEFAN.username)
    assert stefan is not None
    assert set_password(directory, stefan.id, "bara-gemener") is PasswordChange.TOO_WEAK


def test_a_fine_grained_policy_s_lockout_counts_if_it_can_be_read(
    active_directory_settings: PrivateSamba, settings: Settings
) -> None:
    window = active_directory_settings.lockout_window
    with active_directory_settings.stricter_policy(STEFAN, timedelta(days=10)):
        assert portal.connect().lockout() == Lockout(3, window)  # the service account may not
        settings.DIRECTORY_BIND_DN = samba.ADMINISTRATOR
        settings.DIRECTORY_BIND_PASSWORD = ADMINISTRATOR_PASSWORD
        assert portal.connect().lockout() == Lockout(2, window)


def test_a_fine_grained_policy_that_can_not_be_read_is_reckoned_with(
    active_directory_settings: PrivateSamba, settings: Settings
) -> None:
    """T3: that one applies to an account can be seen; what it says can't."""
    window = active_directory_settings.lockout_window
    with active_directory_settings.stricter_policy(STEFAN, timedelta(days=10)):
        directory = portal.connect()
        assert directory.lockout(directory.find(STEFAN.username)) == Lockout(3, window, known=False)
        assert directory.lockout(directory.find(KARL.username)) == Lockout(3, window)
        settings.DIRECTORY_LOCKOUT_THRESHOLD = 2
        directory = portal.connect()
        assert directory.lockout(directory.find(STEFAN.username)) == Lockout(2, window)


def test_what_is_not_delegated_is_not_allowed(active_directory_settings: PrivateSamba, settings: Settings) -> None:
    settings.DIRECTORY_USER_BASE = samba.DOMAIN
    directory = portal.connect()
    service = directory.find("svc-idportal")
    assert service is not None
    assert set_password(directory, service.id, NEW) is PasswordChange.NOT_ALLOWED
    with pytest.raises(DirectoryMisconfigured):
        directory.unlock(service.id)


def test_machines_are_no_people(active_directory_settings: PrivateSamba, settings: Settings) -> None:
    settings.DIRECTORY_USER_BASE = samba.DOMAIN
    directory = portal.connect()
    assert directory.find("DC1$") is None
    assert "DC1$" not in {account.username for account in directory.accounts()}
