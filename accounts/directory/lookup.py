"""Looking up: by name, by id, all of them. The one place where an entry becomes an account."""

from __future__ import annotations

import abc
import logging
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import TypeVar

import ldap
from ldap.filter import escape_filter_chars

from accounts.directory.account import Account
from accounts.directory.config import Config
from accounts.directory.connection import Connection, Refused
from accounts.directory.entry import Attributes, Entry
from accounts.directory.names import Names, can_be_name, same
from accounts.directory.pool import Servers, ServiceConnections, translated

T = TypeVar("T")

logger = logging.getLogger("idportal.directory")

# A name matches one user name, and the mail addresses of a few at most; more are not worth telling apart.
MATCHES = 10

# What an entry that no dialect thought of makes the mapping raise.
UNMAPPABLE = (ValueError, LookupError, OverflowError)


class Lookup(abc.ABC):
    """The half of a :class:`accounts.directory.account.Directory` that only reads."""

    names: Names

    def __init__(self, config: Config) -> None:
        self._config = config
        self._servers = Servers(config)
        self._service = ServiceConnections(config, self._servers)
        attributes = [self.names.identifier, self.names.username, "givenName", "sn", "mail", *self.names.attributes]
        company = config.company_attribute or self.names.company
        # The same attribute under another spelling would be asked for twice and come once.
        self._company = next((name for name in attributes if name.lower() == company.lower()), company)
        self._attributes = list(dict.fromkeys([*attributes, self._company]))

    @abc.abstractmethod
    def _account(self, entry: Entry) -> Account:
        """Map an entry. Raises :class:`ValueError` or :class:`LookupError` for one that can't be mapped."""

    @abc.abstractmethod
    def _identifier(self, entry: Entry) -> str:
        """The immutable id of an entry. Raises :class:`ValueError` or :class:`LookupError`, as above."""

    @abc.abstractmethod
    def _may_run_out(self, first: datetime, last: datetime) -> Callable[[Attributes], bool]:
        """A quick look at an entry: False only if its password does not run out between ``first`` and ``last``,
        True also for what it can't tell. May raise what :meth:`_account` would.
        """

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
        return self._stream(lambda attributes: True)

    def expiring(self, first: datetime, last: datetime) -> Iterator[Account]:
        # What a directory computes can't be filtered on, so that all entries come; few of them become accounts.
        with closing(self._stream(self._may_run_out(first, last))) as stream:
            for account in stream:
                if isinstance(account.expires, datetime) and first <= account.expires < last:
                    yield account

    def close(self) -> None:
        """Close the kept connections. The next call opens new ones."""
        self._service.close()

    def forget(self) -> None:
        """For a forked child: leave the kept connections to the parent."""
        self._service.forget()

    def _stream(self, chosen: Callable[[Attributes], bool]) -> Generator[Account]:
        """The accounts of those entries that are chosen."""
        # A connection of its own: the caller may take its time between two pages.
        with closing(self._service.connect()) as connection, translated():
            protected = self._all_protected(connection)
            for page in connection.pages(self._config.user_base, self._people(), self._attributes):
                for dn, attributes in page:
                    try:
                        if not chosen(attributes):
                            continue
                        account = self._account(Entry(dn, attributes))
                    except UNMAPPABLE as error:
                        _pass_over(dn, error)
                        continue
                    yield replace(account, protected=True) if account.id in protected else account

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
        account = self._mapped(entry)
        condition = self._config.protected_filter
        if account is None or account.protected or not condition:
            return account
        return replace(account, protected=connection.read(entry.dn, ["1.1"], condition) is not None)

    def _mapped(self, entry: Entry) -> Account | None:
        try:
            return self._account(entry)
        except UNMAPPABLE as error:
            _pass_over(entry.dn, error)
            return None

    def _all_protected(self, connection: Connection) -> set[str]:
        """The ids that the protected filter matches: few, and asked for once instead of once for each."""
        condition = self._config.protected_filter
        if not condition:
            return set()
        pages = connection.pages(self._config.user_base, self._people(condition), [self.names.identifier])
        found = set()
        for dn, attributes in chain.from_iterable(pages):
            try:
                found.add(self._identifier(Entry(dn, attributes)))
            except UNMAPPABLE as error:
                _pass_over(dn, error)
        return found


def _pass_over(dn: str, error: Exception) -> None:
    """One entry that can't be mapped is no reason to fail at all the others."""
    logger.warning("directory entry %r is passed over: %s", dn, error)
