"""Looking up: by name, by id, all of them. The one place where an entry becomes an account."""

from __future__ import annotations

import abc
import copy
import uuid
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self, TypeVar

import ldap
from ldap.filter import escape_filter_chars

from accounts.directory import conditions
from accounts.directory.account import Account, Span
from accounts.directory.attributes import can_be_name, folded, normal_unit, plain_dn, same, units_of, without_domain
from accounts.directory.config import Config
from accounts.directory.connection import Connection, DirectoryRefused
from accounts.directory.entry import Attributes, LdapEntry
from accounts.directory.pool import Servers, ServiceConnections, translated
from accounts.directory.protection import UNMAPPABLE, Protection, logger, pass_over

__all__ = ["Lookup", "logger"]

T = TypeVar("T")
Comparable = TypeVar("Comparable", int, bytes)

# A name matches one user name, and the mail addresses of a few at most; more are not worth telling apart.
MATCHES = 10

# A unit that is not there, or is none, has nobody in it.
NOWHERE = frozenset({ldap.NO_SUCH_OBJECT.errnum, ldap.INVALID_DN_SYNTAX.errnum})


@dataclass(frozen=True, slots=True)
class Search:
    """Where to look for which entries, and a quick look at each that comes."""

    chosen: Callable[[Attributes], bool]
    base: str
    condition: str


class Lookup(Protection, abc.ABC):
    """The half of a :class:`accounts.directory.account.Directory` that only reads."""

    spaces_count: bool  # whether the directory tells one space from two (see ``conditions.one_of``)

    def __init__(self, config: Config) -> None:
        super().__init__()
        self._config = config
        self._servers = Servers(config)
        self._service = ServiceConnections(config, self._servers)
        attributes = [self.names.identifier, self.names.username, "givenName", "sn", "mail", *self.names.attributes]
        company = config.company_attribute or self.names.company
        # The same attribute under another spelling would be asked for twice and come once.
        self._company = next((name for name in attributes if name.lower() == company.lower()), company)
        self._attributes = list(dict.fromkeys([*attributes, self._company]))

    @abc.abstractmethod
    def _account(self, entry: LdapEntry) -> Account:
        """Map an entry. Raises :class:`ValueError` or :class:`LookupError` for one that can't be mapped."""

    @abc.abstractmethod
    def _may_run_out(self, spans: Sequence[Span]) -> tuple[str, Callable[[Attributes], bool]]:
        """A filter ("" for all entries) and a quick look at each entry that it finds.

        Both leave out only passwords that do not run out within the spans, and keep what they can't tell. The look
        may raise what :meth:`_account` would.
        """

    @abc.abstractmethod
    def _identifier_filter(self, identifier: uuid.UUID) -> str: ...

    def find(self, name: str) -> Account | None:
        name = without_domain(name.strip())
        return self._ask(lambda connection: self._find(connection, name)) if can_be_name(name) else None

    def get(self, account_id: str) -> Account | None:
        found = self._ask(lambda connection: self._get(connection, account_id))
        return found[1] if found else None

    def accounts(self) -> Iterator[Account]:
        return self._stream(_all)

    def belonging_to(self, values: Sequence[str], units: Sequence[str]) -> Iterator[Account]:
        wanted, base = frozenset(map(folded, values)), self._config.user_base

        def has_one(attributes: Attributes) -> bool:
            # What a directory takes for equal is not always what the rest of the portal does.
            return folded(LdapEntry("", attributes).text(self._company)) in wanted

        filters = conditions.one_of(self._company, values, spaces_count=self.spaces_count)
        searches = [Search(has_one, base, self._people(each)) for each in filters]
        for unit in units:
            if normal_unit(base) in units_of(unit):
                searches.append(Search(_all, plain_dn(unit), self._people()))
            elif normal_unit(unit) in units_of(base):
                searches.append(Search(_all, base, self._people()))
        return self._each_once(searches)

    def search(self, text: str, limit: int = 50) -> list[Account]:
        condition = conditions.begins_with(self.names, text)
        if condition is None:
            return []
        base, wanted = self._config.user_base, self._people(condition)
        with closing(self._service.connect()) as connection, translated():
            entries = connection.first(base, wanted, self._attributes, limit=limit)
            protected = self._all_protected(connection) if entries else set()
            found = [account for entry in entries if (account := self._mapped(entry))]
        return [_marked(account, protected) for account in found]

    def expiring(self, spans: Sequence[Span]) -> Iterator[Account]:
        condition, chosen = self._may_run_out(spans)
        with closing(self._stream(chosen, condition)) as stream:
            for account in stream:
                expires = account.expires
                if isinstance(expires, datetime) and any(first <= expires < last for first, last in spans):
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

    def _stream(self, chosen: Callable[[Attributes], bool], condition: str = "") -> Generator[Account]:
        """The accounts of those entries that match the condition and are chosen."""
        return self._found_by([Search(chosen, self._config.user_base, self._people(condition))])

    def _each_once(self, searches: Sequence[Search]) -> Iterator[Account]:
        """Of several searches, which may find the same. Remembers the ids of what they found."""
        seen: set[str] = set()
        with closing(self._found_by(searches)) as stream:
            for account in stream:
                if account.id not in seen:
                    seen.add(account.id)
                    yield account

    def _found_by(self, searches: Iterable[Search]) -> Generator[Account]:
        # A connection of its own: the caller may take its time between two pages.
        with closing(self._service.connect()) as connection, translated():
            protected = self._all_protected(connection)
            for search in searches:
                for dn, attributes in self._entries(connection, search):
                    try:
                        if not search.chosen(attributes):
                            continue
                        account = self._account(LdapEntry(dn, attributes))
                    except UNMAPPABLE as error:
                        pass_over(dn, error)
                        continue
                    yield _marked(account, protected)

    def _entries(self, connection: Connection, search: Search) -> Iterator[tuple[str, Attributes]]:
        try:
            for page in connection.pages(search.base, search.condition, self._attributes):
                yield from page
        except DirectoryRefused as refused:
            if refused.code not in NOWHERE or search.base == self._config.user_base:
                raise

    def _ask(self, work: Callable[[Connection], T]) -> T:
        with translated():
            return self._service.run(work)

    def _find(self, connection: Connection, name: str) -> Account | None:
        base = self._config.user_base
        wanted = self._people(conditions.called(self.names, name, base))
        try:
            entries = connection.search(base, wanted, self._attributes, limit=MATCHES)
        except DirectoryRefused as refused:
            if refused.code != ldap.SIZELIMIT_EXCEEDED.errnum:
                raise
            by_name = f"({self.names.username}={escape_filter_chars(name)})"
            entries = connection.search(base, self._people(by_name), self._attributes, limit=MATCHES)
        if len(entries) > 1:
            # A user name wins over somebody else's mail address; an address of several is nobody's.
            entries = [entry for entry in entries if same(entry.text(self.names.username), name)]
        return self._one(connection, entries[0] if len(entries) == 1 else None)

    def _get(self, connection: Connection, account_id: str) -> tuple[LdapEntry, Account] | None:
        entry = self._entry(connection, account_id)
        account = self._one(connection, entry)
        return (entry, account) if entry and account else None

    def _entry(self, connection: Connection, account_id: str, more: tuple[str, ...] = ()) -> LdapEntry | None:
        try:
            condition = self._identifier_filter(uuid.UUID(account_id))
        except ValueError:
            return None
        entries = connection.search(self._config.user_base, self._people(condition), [*self._attributes, *more])
        return entries[0] if len(entries) == 1 else None

    def _one(self, connection: Connection, entry: LdapEntry | None) -> Account | None:
        """The account of an entry. For nobody, and for whom the first word protects already, as much is asked."""
        account = self._mapped(entry) if entry else None
        protected = self._is_protected(connection, entry.dn if entry else self._config.user_base)
        return replace(account, protected=True) if account and protected else account

    def _mapped(self, entry: LdapEntry) -> Account | None:
        try:
            return self._account(entry)
        except UNMAPPABLE as error:
            pass_over(entry.dn, error)
            return None


def within(value: Comparable, edges: Sequence[Comparable]) -> bool:
    """Whether a value lies within one of the spans whose first and last, in turn, are the edges."""
    return bisect_right(edges, value) % 2 == 1


def _all(attributes: Attributes) -> bool:
    return True


def _marked(account: Account, protected: set[str]) -> Account:
    return replace(account, protected=True) if account.id in protected else account
