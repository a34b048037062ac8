"""Looking up: by name, by id, all of them. The one place where an entry becomes an account."""

from __future__ import annotations

import abc
import copy
import logging
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Self, TypeVar

import ldap
from ldap.filter import escape_filter_chars

from accounts.directory.account import Account
from accounts.directory.config import Config
from accounts.directory.connection import Connection, Refused
from accounts.directory.entry import Attributes, Entry
from accounts.directory.names import Names, can_be_name, same
from accounts.directory.pool import NOT_NOW, TOO_MUCH, Servers, ServiceConnections, translated

T = TypeVar("T")

logger = logging.getLogger("idportal.directory")

# A name matches one user name, and the mail addresses of a few at most; more are not worth telling apart.
MATCHES = 10

# Seconds between two complaints about a group that can't be read.
COMPLAIN_EVERY = 300.0

# What an entry that no dialect thought of makes the mapping raise.
UNMAPPABLE = (ValueError, LookupError, OverflowError)


class Lookup(abc.ABC):
    """The half of a :class:`accounts.directory.account.Directory` that only reads."""

    names: Names

    def __init__(self, config: Config) -> None:
        self._config = config
        self._servers = Servers(config)
        self._service = ServiceConnections(config, self._servers)
        self._complain_from = 0.0
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

    def of_staff(self) -> Self:
        """The same directory over the same connections, but with ``DIRECTORY_STAFF_BASE``, if that is set, in place
        of base and filter of those who are served: for the portal's own staff, and for nothing else.
        """
        if not self._config.staff_base:
            return self
        other = copy.copy(self)
        other._config = replace(self._config, user_base=self._config.staff_base, user_filter="")
        return other

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
        return self._one(connection, entries[0] if len(entries) == 1 else None)

    def _get(self, connection: Connection, account_id: str) -> tuple[Entry, Account] | None:
        entry = self._entry(connection, account_id)
        account = self._one(connection, entry)
        return (entry, account) if entry and account else None

    def _entry(self, connection: Connection, account_id: str, more: tuple[str, ...] = ()) -> Entry | None:
        try:
            condition = self._identifier_filter(uuid.UUID(account_id))
        except ValueError:
            return None
        entries = connection.search(self._config.user_base, self._people(condition), [*self._attributes, *more])
        return entries[0] if len(entries) == 1 else None

    def _one(self, connection: Connection, entry: Entry | None) -> Account | None:
        """The account of an entry. For nobody, and for whom the first word protects already, as much is asked."""
        account = self._mapped(entry) if entry else None
        protected = self._is_protected(connection, entry.dn if entry else self._config.user_base)
        return replace(account, protected=True) if account and protected else account

    def _is_protected(self, connection: Connection, dn: str) -> bool:
        condition, by_filter, by_group = self._config.protected_filter, False, False
        if condition:
            by_filter = connection.read(dn, ["1.1"], condition) is not None
        if self._config.admin_group:
            by_group = self._group(connection, f"(member={escape_filter_chars(dn)})", "1.1") is not None
        return by_filter or by_group

    def _group(self, connection: Connection, condition: str, attribute: str) -> Entry | None:
        """The administrators' group if it matches. One that can't be read protects nobody, and stops nobody."""
        try:
            found = connection.search(self._config.admin_group, condition, [attribute], scope=ldap.SCOPE_BASE)
        except Refused as refused:
            _raise_if_busy(refused)
            if time.monotonic() >= self._complain_from:
                self._complain_from = time.monotonic() + COMPLAIN_EVERY
                logger.error("DIRECTORY_ADMIN_GROUP can't be read, so that it protects nobody: %s", refused)
            return None
        return found[0] if found else None

    def _mapped(self, entry: Entry) -> Account | None:
        try:
            return self._account(entry)
        except UNMAPPABLE as error:
            _pass_over(entry.dn, error)
            return None

    def _all_protected(self, connection: Connection) -> set[str]:
        """The ids of the protected: few, and asked for once, before all others, instead of once for each."""
        found = set()
        for entry in chain(self._by_filter(connection), self._administrators(connection)):
            try:
                found.add(self._identifier(entry))
            except UNMAPPABLE as error:
                _pass_over(entry.dn, error)
        return found

    def _by_filter(self, connection: Connection) -> Iterator[Entry]:
        """Whom the protected filter matches."""
        condition = self._config.protected_filter
        if condition:
            base, wanted = self._config.user_base, self._people(condition)
            for page in connection.pages(base, wanted, [self.names.identifier]):
                yield from (Entry(dn, attributes) for dn, attributes in page)

    def _administrators(self, connection: Connection) -> Iterator[Entry]:
        """The members of the administrators' group, each read: a DN may be written in more than one way."""
        group = self._group(connection, "(objectClass=*)", "member") if self._config.admin_group else None
        for member in group.attributes.get("member", []) if group else []:
            try:
                entry = connection.read(member.decode(), [self.names.identifier])
            except Refused as refused:
                _raise_if_busy(refused)
                continue  # it lies where the portal may not look, and so is nobody whom it would come across
            if entry:
                yield entry


def _raise_if_busy(refused: Refused) -> None:
    """A server that would answer another time has not said that there is nothing."""
    if refused.code in NOT_NOW or refused.code in TOO_MUCH:
        raise refused


def _pass_over(dn: str, error: Exception) -> None:
    """One entry that can't be mapped is no reason to fail at all the others."""
    logger.warning("directory entry %r is passed over: %s", dn, error)
