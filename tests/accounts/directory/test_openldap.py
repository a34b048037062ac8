"""What only OpenLDAP does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import ldap
import pytest
from pytest_django import Settings

from accounts import directory as portal
from accounts.directory import Account, Expiry, Lockout, PasswordChange, PasswordCheck
from accounts.directory.account import DirectoryMisconfigured
from accounts.directory.ldap_client.connection import Connection
from deploy.local import slapd
from deploy.local.cast import ANNA, STEFAN
from tests.accounts.directory.people import set_password
from tests.servers.slapd import TestSlapd

NEW = "Nytt-Losen-2031"


def _stefan() -> Account:
    portal.reset()  # the policy is remembered for minutes
    found = portal.connect().find(STEFAN.username)
    assert found is not None
    return found


def test_a_lock_ends_by_itself(openldap_settings: TestSlapd) -> None:
    began = datetime.now(UTC) - slapd.LOCKED_FOR - timedelta(seconds=2)
    since = slapd.generalized_time(began).encode()
    openldap_settings.add_value(STEFAN.username, "pwdAccountLockedTime", since)
    assert not _stefan().locked
    with openldap_settings.policy(pwdLockoutDuration="0"):
        assert _stefan().locked
        assert portal.connect().check_password(_stefan(), STEFAN.password) is PasswordCheck.LOCKED
    with openldap_settings.policy(pwdLockout="FALSE"):
        assert not _stefan().locked


def test_the_lockout_policy(openldap_settings: TestSlapd) -> None:
    def lockout() -> Lockout:
        portal.reset()
        return portal.connect().lockout()

    with openldap_settings.policy(pwdFailureCountInterval="60"):
        assert lockout() == Lockout(5, timedelta(seconds=60))
    with openldap_settings.policy(pwdFailureCountInterval="0"):
        assert lockout() == Lockout(5, timedelta(hours=24))
    with openldap_settings.policy(pwdLockout="FALSE"):
        assert lockout().threshold == 0


def test_the_lockout_policy_is_not_asked_for_each_time(openldap_settings: TestSlapd) -> None:
    directory = portal.connect()
    before = directory.lockout()
    with openldap_settings.policy(pwdMaxFailure="2"):
        assert directory.lockout() == before


def test_without_history_the_present_password_is_refused(openldap_settings: TestSlapd) -> None:
    with openldap_settings.policy(pwdInHistory="0"):
        stefan = _stefan()
        directory = portal.connect()
        assert not directory.keeps_history
        assert set_password(directory, stefan.id, STEFAN.password) is PasswordChange.IN_HISTORY
        assert set_password(directory, stefan.id, NEW) is PasswordChange.DONE
        assert openldap_settings.failures(STEFAN.username) == 0
        assert set_password(directory, stefan.id, NEW) is PasswordChange.IN_HISTORY
        assert set_password(directory, stefan.id, STEFAN.password) is PasswordChange.DONE


def test_no_maximum_age_is_never(openldap_settings: TestSlapd) -> None:
    with openldap_settings.policy(pwdMaxAge="0"):
        assert _stefan().expires is Expiry.NEVER
    with openldap_settings.policy(pwdMaxAge=""):
        assert _stefan().expires is Expiry.NEVER


def test_must_change_counts_where_the_policy_says_so(openldap_settings: TestSlapd) -> None:
    openldap_settings.put(STEFAN, must_change=True)
    assert _stefan().expires is Expiry.MUST_CHANGE
    with openldap_settings.policy(pwdMustChange="FALSE"):
        assert isinstance(_stefan().expires, datetime)
        assert portal.connect().check_password(_stefan(), STEFAN.password) is PasswordCheck.RIGHT


def test_a_grace_log_in_is_right(openldap_settings: TestSlapd) -> None:
    with openldap_settings.policy(pwdGraceAuthNLimit="1"):
        directory = portal.connect()
        anna = directory.find(ANNA.username)
        assert directory.check_password(anna, ANNA.password) is PasswordCheck.RIGHT
        assert directory.check_password(anna, ANNA.password) is PasswordCheck.EXPIRED


def test_a_protected_filter_that_can_not_be_applied_protects_everybody(
    openldap_settings: TestSlapd, settings: Settings
) -> None:
    """From the accepted code on."""
    stefan = _stefan()
    settings.DIRECTORY_PROTECTED_FILTER = "(noSuchAttribute=1)"
    assert portal.connect().served(stefan.id) is None
    settings.DIRECTORY_PROTECTED_FILTER = "(uid=nobody)"
    found = portal.connect().served(stefan.id)
    assert found
    assert found.account == stefan


def test_a_policy_that_wants_the_old_password_lets_nobody_reset(openldap_settings: TestSlapd) -> None:
    with openldap_settings.policy(pwdSafeModify="TRUE"):
        assert set_password(portal.connect(), _stefan().id, NEW) is PasswordChange.NOT_ALLOWED


def test_the_service_account_reads_no_hashes(openldap_settings: TestSlapd, settings: Settings) -> None:
    assert set_password(portal.connect(), _stefan().id, NEW) is PasswordChange.DONE
    service = ldap.initialize(openldap_settings.plain_url)
    service.simple_bind_s(settings.DIRECTORY_BIND_DN, settings.DIRECTORY_BIND_PASSWORD)
    wanted = ["uid", "userPassword", "pwdHistory"]
    found = service.search_s(slapd.PEOPLE, ldap.SCOPE_SUBTREE, f"(uid={STEFAN.username})", wanted)
    assert list(found[0][1]) == ["uid"]
    service.unbind_s()


def test_must_change_is_cleared_although_the_server_breaks_off(
    openldap_settings: TestSlapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password is set in one operation and the mark taken off in the next: the next is tried again."""
    openldap_settings.put(STEFAN, must_change=True)
    stefan = _stefan()
    delete = Connection.delete_value
    restarts = iter([True])

    def restarted_before(self: Connection, dn: str, name: str, value: bytes) -> None:
        if next(restarts, False):
            openldap_settings.kill()
            openldap_settings.start()
        delete(self, dn, name, value)

    monkeypatch.setattr(Connection, "delete_value", restarted_before)
    directory = portal.connect()
    assert set_password(directory, stefan.id, NEW) is PasswordChange.DONE
    assert directory.check_password(stefan, NEW) is PasswordCheck.RIGHT


def test_a_password_set_but_still_to_be_changed_is_not_called_done(
    openldap_settings: TestSlapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    stefan = _stefan()
    delete = Connection.delete_value

    def dies_before(self: Connection, dn: str, name: str, value: bytes) -> None:
        openldap_settings.kill()
        delete(self, dn, name, value)

    monkeypatch.setattr(Connection, "delete_value", dies_before)
    assert set_password(portal.connect(), stefan.id, NEW) is PasswordChange.UNAVAILABLE


def test_u1_rights_that_the_service_account_gets_back_hold_at_once(openldap_settings: TestSlapd) -> None:
    """Its password was set by an administrator, and it had to change that first: a connection of that time is of no
    more use, and would be kept for minutes."""
    openldap_settings.root.modify_s(slapd.SERVICE_ACCOUNT, [(ldap.MOD_REPLACE, "pwdReset", [b"TRUE"])])
    portal.reset()
    with pytest.raises(DirectoryMisconfigured):
        portal.connect().find(STEFAN.username)
    openldap_settings.root.modify_s(slapd.SERVICE_ACCOUNT, [(ldap.MOD_REPLACE, "pwdReset", None)])
    assert portal.connect().find(STEFAN.username) is not None
