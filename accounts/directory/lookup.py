"""Looking up: by name, by id, all of them. The one place where an entry becomes an account."""

from __future__ import annotations

import abc
import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import TypeVar

import ldap
from ldap.filter import escape_filter_chars

from accounts.directory.account import Account
from accounts.directory.config import Config
from accounts.directory.connection import Connection, Entry, Refused
from accounts.directory.names import Names, can_be_name, same
from accounts.directory.pool import Servers, ServiceConnections, translated

T = TypeVar("T")

logger = logging.getLogger("idportal.directory")

# A name matches one user name, and the mail addresses of a few at most; more are not worth telling apart.
MATCHES = 10


class Lookup(abc.ABC):
    """The half of a :class:`accounts.directory.account.Directory` that only reads."""

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

    @abc.abstractmethod
    def _account(self, connection: Connection, entry: Entry) -> Account:
        """Map an entry. Raises :class:`ValueError` or :class:`LookupError` for one that can't be mapped."""

    @abc.abstractmethod
    def _identifier_filter(self, identifier: uuid.UUID) -> str: ...

    def find(self, name: str) -> Account | None:
        name = name.strip()
        if not can_be_name(name):
            return None
        escaped = escape_filter_chars(name)
        return self._ask(lambda connection: self._find(connection, name, escaped))

    def get(self, account_id: str) -> Account | None:
        found = self._ask(lambda connection: self._get(connection, account_id))
        return found[1] if found else None

    def accounts(self) -> Iterator[Account]:
        # A connection of its own: the caller may take its time between two pages.
        with closing(self._service.connect()) as connection, translated():
            protected = self._all_protected(connection)
            for page in connection.pages(self._config.user_base, self._people(), self._attributes):
                for entry in page:
                    account = self._mapped(connection, entry)
                    if account is not None:
                        yield replace(account, protected=account.protected or account.id in protected)

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
        if len(entries) == 1:
            return self._one(connection, entries[0])
        if self._config.protected_filter:
            connection.read(base, ["1.1"], self._config.protected_filter)  # for nobody, as long as for somebody
        return None

    def _get(self, connection: Connection, account_id: str) -> tuple[Entry, Account] | None:
        entry = self._entry(connection, account_id)
        account = self._one(connection, entry) if entry else None
        return (entry, account) if entry and account else None

    def _entry(self, connection: Connection, account_id: str, more: tuple[str, ...] = ()) -> Entry | None:
        try:
            condition = self._identifier_filter(uuid.UUID(account_id))
        except ValueError:
            return None
        entries = connection.search(self._config.user_base, self._people(condition), [*self._attributes, *more])
        return entries[0] if len(entries) == 1 else None

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
