"""What both kinds of directory do alike with passwords. Each dialect knows its own attributes and refusals."""

import abc
import secrets
import time
import uuid
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta

import ldap
from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from accounts.directory.account import (
    Account,
    DirectoryError,
    DirectoryUnavailable,
    Lockout,
    PasswordChange,
    PasswordCheck,
)
from accounts.directory.dialects.lists import Lists
from accounts.directory.dialects.lookup import without_domain
from accounts.directory.ldap_client.answers import NOT_NOW, Broken, DirectoryRefused, LdapEntry, full_steps
from accounts.directory.ldap_client.conditions import can_be_name
from accounts.directory.ldap_client.connection import Connection, starts_tls
from accounts.directory.ldap_client.pool import logger

# Seconds for which a policy is not read again: it changes only when an administrator decides so.
POLICY_FOR = timedelta(minutes=5).total_seconds()

# How far the directory's clock may be from the portal's when times are compared.
CLOCKS_DIFFER = timedelta(seconds=10)

CHANGE_AFTER_RESET = 2  # an error of the ppolicy response control


@dataclass(frozen=True, slots=True)
class Served:
    """An account that the portal serves, with what a change needs that follows at once."""

    account: Account
    entry: LdapEntry = field(repr=False)


class Directory(Lists):
    """A directory over LDAP. Its public methods raise no other error than :class:`DirectoryError`."""

    # A dialect defines these too.

    failures: tuple[str, ...]  # the attributes that count wrong passwords

    @property
    @abc.abstractmethod
    def keeps_history(self) -> bool:
        """Whether earlier passwords are refused when the service account sets one (``security.md`` P3)."""

    @abc.abstractmethod
    def _outcome(self, refused: DirectoryRefused) -> PasswordCheck:
        """The meaning of a bind that is refused with invalidCredentials."""

    @abc.abstractmethod
    def _set_password(
        self, connection: Connection, entry: LdapEntry, account: Account, password: str
    ) -> PasswordChange: ...

    @abc.abstractmethod
    def _unlock(self, connection: Connection, entry: LdapEntry) -> None: ...

    @abc.abstractmethod
    def _read_lockout(self, connection: Connection, entry: LdapEntry) -> Lockout:
        """The policy and the counted failures of an entry; for an empty entry, the general policy."""

    # All dialects share these.

    @sensitive_variables("password")
    def check_password(self, account: Account | None, password: str) -> PasswordCheck:
        """Binds with the password on a connection of its own. An empty one is WRONG and is not sent.

        For ``None`` it makes a bind that fails, so that an unknown name takes the time of a known one.
        """
        if not password:
            return PasswordCheck.WRONG
        started = time.monotonic()
        # Without an account: the same look-up, and a bind as an entry that does not exist, with a random password.
        account_id = account.id if account else str(uuid.uuid4())
        try:
            found = self._ask(lambda connection: self._entry(connection, account_id))
            nobody = f"cn={secrets.token_hex(8)},{self._base}"
            answer = self._bind(found.dn, password) if found else self._bind(nobody, secrets.token_hex(8))
        except DirectoryError:
            return PasswordCheck.UNAVAILABLE
        if answer in (PasswordCheck.WRONG, PasswordCheck.LOCKED):
            full_steps(started)
        return answer

    def server(self) -> tuple[str, bool]:
        """The address of the first server that answers, and whether it wants StartTLS. Raises DirectoryUnavailable."""
        found = self._pool.first()
        return found, starts_tls(found)

    def served(self, account_id: str) -> Served | None:
        """The account with this immutable id, if the portal serves it.

        The server leaves out what the protected filter matches: a filter that it can't apply leaves out everybody. That
        is a query less than in :meth:`get`, but not the same queries for all (E2).
        """

        def look(connection: Connection) -> Served | None:
            return self._served(connection, self._entry(connection, account_id, condition=self._unprotected))

        return self._ask(look)

    def served_by_name(self, name: str) -> Account | None:
        """As :meth:`served`, by what :meth:`find` takes.

        Whom the protected filter matches is not there: an address of such an account and of one other is the other's.
        """

        def look(connection: Connection) -> Served | None:
            return self._served(connection, self._named(connection, name, self._unprotected))

        name = without_domain(name)
        found = self._ask(look) if can_be_name(name) else None
        return found.account if found else None

    def _served(self, connection: Connection, entry: LdapEntry | None) -> Served | None:
        account = self._mapped(entry) if entry else None
        if not entry or not account or not account.served or self._is_staff(connection, entry.dn):
            return None
        return Served(account, entry)

    @sensitive_variables("password")
    def set_password(self, found: Served, password: str) -> PasswordChange:
        """Replaces the password as the service account and clears a lock-out. Sends the text verbatim.

        Never leaves "must change at next logon" behind. UNAVAILABLE: the directory broke off during the change, so the
        outcome is not known. Raises DirectoryError if nothing was sent.
        """

        def change(connection: Connection) -> PasswordChange:
            connection.prove()  # on a broken one, the outcome would not be known
            return self._set_password(connection, found.entry, found.account, password)

        if not password:
            return PasswordChange.TOO_WEAK  # without a password, slapd makes one up (RFC 3062)
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
        """Clears a lock-out. False if the account is gone or an administrator disabled it."""

        def clear(connection: Connection) -> bool:
            found = self._get(connection, account_id)
            if not found or not found[1].enabled:
                return False
            self._unlock(connection, found[0])
            return True

        return self._ask(clear)

    def lockout(self, account: Account | None = None) -> Lockout:
        """The lock-out policy of an account; for ``None`` the general one, with the same queries."""
        account_id, threshold = account.id if account else str(uuid.uuid4()), settings.DIRECTORY_LOCKOUT_THRESHOLD

        def read(connection: Connection) -> Lockout:
            entry = self._entry(connection, account_id, self.failures)
            return self._read_lockout(connection, entry or LdapEntry("", {}))

        found = self._ask(read)
        return found if threshold is None else replace(found, threshold=threshold, known=True)

    def ping(self) -> None:
        """Makes a cheap query. Raises :class:`DirectoryError` if no server answers."""
        self._ask(lambda connection: connection.read("", ["1.1"]))

    def groups_of(self, account: Account, groups: Iterable[str]) -> frozenset[str]:
        """Those of the groups (DNs) that have the account as a member now, also by way of a group in them.

        One that can't be seen has none. A group that came into another one counts within FAMILY_FOR seconds.
        """

        def ask(connection: Connection) -> frozenset[str]:
            entry = self._entry(connection, account.id)
            return frozenset(group for group in groups if entry and self._holds(connection, group, entry.dn))

        return self._ask(ask)

    def members_of(self, group: str) -> list[Account]:
        """The accounts in a small group (a DN) now, also by way of a group in it. None if it can't be seen."""

        def ask(connection: Connection) -> list[Account]:
            members = self._read_family(connection, group, nested=True).others if group else []
            entries = [connection.read(member.dn, self._attributes, self._people()) for member in members]
            return [account for entry in entries if entry and (account := self._mapped(entry))]

        return self._ask(ask)

    @sensitive_variables("password")
    def _is_present(self, entry: LdapEntry, password: str) -> bool:
        """Whether this is the account's present password (``security.md`` P3)."""
        outcome = self._bind(entry.dn, password)
        if outcome is PasswordCheck.UNAVAILABLE:
            raise DirectoryUnavailable("the present password could not be compared")
        return outcome in (PasswordCheck.RIGHT, PasswordCheck.EXPIRED, PasswordCheck.MUST_CHANGE)

    @sensitive_variables("password")
    def _bind(self, dn: str, password: str) -> PasswordCheck:
        """Binds on a new connection. Raises :class:`DirectoryUnavailable` if no server answers."""
        with closing(self._pool.connect(bound=False)) as connection:
            try:
                policy = connection.bind(dn, password)
            except UnicodeEncodeError:
                return PasswordCheck.WRONG  # no password has half a surrogate pair
            except Broken as broken:
                # Not tried on another server: it may count as a wrong password already.
                self._pool.mark_dead(connection.server, str(broken))
                raise DirectoryUnavailable("the directory did not answer a bind") from None
            except DirectoryRefused as refused:
                if refused.code == ldap.INVALID_CREDENTIALS.errnum:
                    return self._outcome(refused)
                logger.error("the bind of an account was refused: %s", refused)
                return PasswordCheck.UNAVAILABLE
        # Only OpenLDAP sends a ppolicy error with a success.
        return PasswordCheck.MUST_CHANGE if policy == CHANGE_AFTER_RESET else PasswordCheck.RIGHT

    @staticmethod
    def _unexplained(refused: DirectoryRefused) -> PasswordChange:
        """The result of a refusal for no reason of the policy. Raises it if the server is busy."""
        if refused.code in NOT_NOW:
            raise refused
        logger.error("a password was refused for no reason of the policy: %s", refused)
        return PasswordChange.NOT_ALLOWED
