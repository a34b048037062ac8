"""What both dialects have in common about passwords: checking one, setting one, the lock-out.

A dialect says which attributes there are, what they mean and what a refusal says.
"""

from __future__ import annotations

import abc
import secrets
import time
import uuid
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

from django.views.decorators.debug import sensitive_variables

from accounts.directory.account import (
    Account,
    DirectoryError,
    DirectoryUnavailable,
    Lockout,
    PasswordChange,
    PasswordCheck,
)
from accounts.directory.connection import Broken, Connection, DirectoryRefused
from accounts.directory.entry import LdapEntry
from accounts.directory.lookup import Lookup, logger

# The lock-out policy changes when an administrator decides so; five minutes old is new enough.
POLICY_FOR = timedelta(minutes=5).total_seconds()

# How far the directory's clock may be from the portal's when times are compared.
CLOCKS_DIFFER = timedelta(seconds=10)

# Seconds. A directory refuses a name that it does not know a little faster than a wrong password (Samba: 2 of
# 5 ms), so a refusal takes full steps of a time that hides the difference.
STEP = 0.05


class LdapDirectory(Lookup):
    """A :class:`accounts.directory.account.Directory` over LDAP."""

    # What a dialect says.

    failures: tuple[str, ...]  # attributes: what the directory has counted against an account

    @property
    @abc.abstractmethod
    def keeps_history(self) -> bool: ...

    @abc.abstractmethod
    def _outcome(self, refused: DirectoryRefused) -> PasswordCheck | None:
        """What a refused bind says; ``None`` if it says nothing of the password."""

    @abc.abstractmethod
    def _set_password(
        self, connection: Connection, entry: LdapEntry, account: Account, password: str
    ) -> PasswordChange: ...

    @abc.abstractmethod
    def _unlock(self, connection: Connection, entry: LdapEntry) -> None: ...

    @abc.abstractmethod
    def _read_lockout(self, connection: Connection, entry: LdapEntry) -> Lockout:
        """The policy of an entry and the failures counted for it; of an empty entry, what holds in general."""

    # What all do.

    @sensitive_variables("password")
    def check_password(self, account: Account | None, password: str) -> PasswordCheck:
        if not password:
            return PasswordCheck.WRONG
        started = time.monotonic()
        answer = self._check(account, password)
        if answer in (PasswordCheck.WRONG, PasswordCheck.LOCKED):
            time.sleep((started - time.monotonic()) % STEP)
        return answer

    @sensitive_variables("password")
    def _check(self, account: Account | None, password: str) -> PasswordCheck:
        # For nobody: the same look-up, and a bind as an entry that does not exist, with no one's password.
        account_id = account.id if account else str(uuid.uuid4())
        try:
            found = self._ask(lambda connection: self._entry(connection, account_id))
            if found:
                return self._bind(found.dn, password)
            return self._bind(f"cn={secrets.token_hex(8)},{self._config.user_base}", secrets.token_hex(8))
        except DirectoryError:
            return PasswordCheck.UNAVAILABLE

    @sensitive_variables("password")
    def set_password(self, account_id: str, password: str) -> PasswordChange:
        def change(connection: Connection) -> PasswordChange:
            # The look-up comes first on the same connection: the change then goes out on one known to work.
            found = self._get(connection, account_id)
            if not found or not found[1].served:
                return PasswordChange.NOT_ALLOWED
            return self._set_password(connection, *found, password)

        if not password:
            return PasswordChange.TOO_WEAK  # asked to set none, slapd makes up one that nobody knows (RFC 3062)
        try:
            return self._ask(change)
        except UnicodeEncodeError:
            return PasswordChange.NOT_ALLOWED  # half a surrogate pair can't be sent
        except Broken as broken:
            if not broken.unsure:
                raise
            logger.error("whether a password was set is not known: %s", broken)
            return PasswordChange.UNAVAILABLE

    def unlock(self, account_id: str) -> bool:
        def clear(connection: Connection) -> bool:
            found = self._get(connection, account_id)
            if not found or not found[1].enabled:
                return False
            self._unlock(connection, found[0])
            return True

        return self._ask(clear)

    def lockout(self, account: Account | None = None) -> Lockout:
        account_id = account.id if account else str(uuid.uuid4())

        def read(connection: Connection) -> Lockout:
            return self._read_lockout(
                connection, self._entry(connection, account_id, self.failures) or LdapEntry("", {})
            )

        found, threshold = self._ask(read), self._config.lockout_threshold
        return found if threshold is None else replace(found, threshold=threshold, known=True)

    def ping(self) -> None:
        self._ask(lambda connection: connection.read("", ["1.1"]))

    @sensitive_variables("password")
    def _is_present(self, entry: LdapEntry, password: str) -> bool:
        """Whether this is the password that the account has now (``security.md`` P3)."""
        outcome = self._bind(entry.dn, password)
        if outcome is PasswordCheck.UNAVAILABLE:
            raise DirectoryUnavailable("the present password could not be compared")
        return outcome in (PasswordCheck.RIGHT, PasswordCheck.EXPIRED, PasswordCheck.MUST_CHANGE)

    @sensitive_variables("password")
    def _bind(self, dn: str, password: str) -> PasswordCheck:
        """Bind on a new connection. Raises :class:`DirectoryUnavailable` if nobody answers."""
        with closing(self._servers.connect()) as connection:
            try:
                policy = connection.bind(dn, password)
            except UnicodeEncodeError:
                return PasswordCheck.WRONG  # half a surrogate pair is in nobody's password
            except Broken as broken:
                # Not tried again elsewhere: it may have been counted as a wrong password already.
                self._servers.mark_dead(connection.server, str(broken))
                raise DirectoryUnavailable("the directory did not answer a bind") from None
            except DirectoryRefused as refused:
                outcome = self._outcome(refused)
                if outcome is None:
                    logger.error("a person's bind was refused: %s", refused)
                    return PasswordCheck.UNAVAILABLE
                return outcome
        return PasswordCheck.RIGHT if policy is None else self._outcome_of(policy)

    def _outcome_of(self, policy: int) -> PasswordCheck:
        """What a successful bind says with a ppolicy error. Only OpenLDAP sends one."""
        return PasswordCheck.RIGHT
