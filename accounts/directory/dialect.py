"""What both dialects have in common: looking up, binding, streaming, and which errors become what.

A dialect says which attributes there are and what they mean; DNs and filters stay in here and in them.
"""

from __future__ import annotations

import abc
import logging
import secrets
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import ldap
from django.views.decorators.debug import sensitive_variables
from ldap.filter import escape_filter_chars

from accounts.directory.account import (
    Account,
    DirectoryError,
    DirectoryUnavailable,
    Lockout,
    PasswordChange,
    PasswordCheck,
)
from accounts.directory.config import Config
from accounts.directory.connection import Broken, Connection, Entry, Refused
from accounts.directory.names import Names, can_be_name, same
from accounts.directory.pool import Servers, ServiceConnections, translated

T = TypeVar("T")

logger = logging.getLogger("idportal.directory")

# A name matches one user name, and the mail addresses of a few at most; more are not worth telling apart.
MATCHES = 10
# The lock-out policy changes when an administrator decides so; five minutes old is new enough.
POLICY_FOR = timedelta(minutes=5).total_seconds()


class LdapDirectory(abc.ABC):
    """A :class:`accounts.directory.account.Directory` over LDAP."""

    names: Names

    def __init__(self, config: Config) -> None:
        self._config = config
        self._servers = Servers(config)
        self._service = ServiceConnections(config, self._servers)
        self._company = config.company_attribute or self.names.company
        self._attributes = [
            *(self.names.identifier, self.names.username, "givenName", "sn", "mail", self._company),
            *self.names.attributes,
        ]
        self._lockout: tuple[float, Lockout] | None = None

    # What a dialect says.

    @property
    @abc.abstractmethod
    def keeps_history(self) -> bool: ...

    @abc.abstractmethod
    def _account(self, connection: Connection, entry: Entry) -> Account:
        """Map an entry. Raises :class:`ValueError` or :class:`LookupError` for one that can't be mapped."""

    @abc.abstractmethod
    def _identifier_filter(self, identifier: uuid.UUID) -> str: ...

    @abc.abstractmethod
    def _outcome(self, refused: Refused) -> PasswordCheck | None:
        """What a refused bind says; ``None`` if it says nothing of the password."""

    @abc.abstractmethod
    def _set_password(
        self, connection: Connection, entry: Entry, account: Account, password: str
    ) -> PasswordChange: ...

    @abc.abstractmethod
    def _unlock(self, connection: Connection, entry: Entry) -> None: ...

    @abc.abstractmethod
    def _read_lockout(self, connection: Connection) -> Lockout: ...

    # What all do.

    def find(self, name: str) -> Account | None:
        name = name.strip()
        if not can_be_name(name):
            return None
        escaped = escape_filter_chars(name)
        return self._ask(lambda connection: self._find(connection, name, escaped))

    def get(self, account_id: str) -> Account | None:
        found = self._ask(lambda connection: self._get(connection, account_id))
        return found[1] if found else None

    @sensitive_variables("password")
    def check_password(self, account: Account | None, password: str) -> PasswordCheck:
        if not password:
            return PasswordCheck.WRONG
        # For nobody: the same look-up, and a bind as an entry that does not exist, with no one's password.
        account_id = account.id if account else str(uuid.uuid4())
        try:
            found = self._ask(lambda connection: self._get(connection, account_id))
            if found:
                return self._bind(found[0].dn, password)
            self._bind(f"cn={secrets.token_hex(8)},{self._config.user_base}", secrets.token_hex(8))
        except DirectoryError:
            return PasswordCheck.UNAVAILABLE
        return PasswordCheck.WRONG

    @sensitive_variables("password")
    def set_password(self, account_id: str, password: str) -> PasswordChange:
        def change(connection: Connection) -> PasswordChange:
            # The look-up comes first on the same connection: the change then goes out on one known to work.
            found = self._get(connection, account_id)
            if not found or not found[1].served:
                return PasswordChange.NOT_ALLOWED
            return self._set_password(connection, *found, password)

        try:
            return self._ask(change)
        except DirectoryError as error:
            logger.error("a password was not set, or it is not known: %s", error)
            return PasswordChange.UNAVAILABLE

    def unlock(self, account_id: str) -> bool:
        def clear(connection: Connection) -> bool:
            found = self._get(connection, account_id)
            if not found or not found[1].enabled:
                return False
            self._unlock(connection, found[0])
            return True

        return self._ask(clear)

    def accounts(self) -> Iterator[Account]:
        # A connection of its own: the caller may take its time between two pages.
        with closing(self._service.connect()) as connection, translated():
            protected = self._all_protected(connection)
            for page in connection.pages(self._config.user_base, self._people(), self._attributes):
                for entry in page:
                    account = self._mapped(connection, entry)
                    if account is not None:
                        yield replace(account, protected=account.protected or account.id in protected)

    def lockout(self) -> Lockout:
        now = time.monotonic()
        if self._lockout is None or self._lockout[0] <= now:
            self._lockout = (now + POLICY_FOR, self._ask(self._read_lockout))
        found, threshold = self._lockout[1], self._config.lockout_threshold
        return found if threshold is None else Lockout(threshold, found.window)

    def ping(self) -> None:
        self._ask(lambda connection: connection.read("", ["1.1"]))

    def close(self) -> None:
        """Close the kept connections. The next call opens new ones."""
        self._service.close()

    def forget(self) -> None:
        """For a forked child: leave the kept connections to the parent."""
        self._service.forget()

    def _ask(self, work: Callable[[Connection], T]) -> T:
        with translated():
            return self._service.run(work)

    def _people(self, condition: str = "") -> str:
        return f"(&{self.names.people}{self._config.user_filter}{condition})"

    def _find(self, connection: Connection, name: str, escaped: str) -> Account | None:
        by_name = f"({self.names.username}={escaped})"
        base = self._config.user_base
        try:
            entries = connection.search(
                base, self._people(f"(|{by_name}(mail={escaped}))"), self._attributes, limit=MATCHES
            )
        except Refused as refused:
            if refused.code != ldap.SIZELIMIT_EXCEEDED.errnum:
                raise
            entries = connection.search(base, self._people(by_name), self._attributes, limit=MATCHES)
        if len(entries) > 1:
            # A user name wins over somebody else's mail address; an address of several is nobody's.
            entries = [entry for entry in entries if same(entry.text(self.names.username), name)]
        return self._one(connection, entries[0]) if len(entries) == 1 else None

    def _get(self, connection: Connection, account_id: str) -> tuple[Entry, Account] | None:
        try:
            condition = self._identifier_filter(uuid.UUID(account_id))
        except ValueError:
            return None
        entries = connection.search(self._config.user_base, self._people(condition), self._attributes)
        account = self._one(connection, entries[0]) if len(entries) == 1 else None
        return (entries[0], account) if account else None

    def _one(self, connection: Connection, entry: Entry) -> Account | None:
        account = self._mapped(connection, entry)
        condition = self._config.protected_filter
        if account is None or account.protected or not condition:
            return account
        return replace(account, protected=connection.read(entry.dn, ["1.1"], condition) is not None)

    def _mapped(self, connection: Connection, entry: Entry) -> Account | None:
        try:
            return self._account(connection, entry)
        except (ValueError, LookupError, OverflowError) as error:
            logger.warning("directory entry %r is passed over: %s", entry.dn, error)
            return None

    def _all_protected(self, connection: Connection) -> set[str]:
        """The ids that the protected filter matches: few, and asked for once instead of once for each."""
        condition = self._config.protected_filter
        if not condition:
            return set()
        pages = connection.pages(self._config.user_base, self._people(condition), self._attributes)
        mapped = (self._mapped(connection, entry) for page in pages for entry in page)
        return {account.id for account in mapped if account}

    @sensitive_variables("password")
    def _is_present(self, entry: Entry, password: str) -> bool:
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
            except Refused as refused:
                outcome = self._outcome(refused)
                if outcome is None:
                    logger.error("a person's bind was refused: %s", refused)
                    return PasswordCheck.UNAVAILABLE
                return outcome
        return PasswordCheck.RIGHT if policy is None else self._outcome_of(policy)

    def _outcome_of(self, policy: int) -> PasswordCheck:
        """What a successful bind says with a ppolicy error. Only OpenLDAP sends one."""
        return PasswordCheck.RIGHT
