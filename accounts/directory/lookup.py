"""Look-ups: by name, by id, all accounts. The one place where an entry becomes an account."""

from __future__ import annotations

import abc
import copy
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self, TypeVar

import ldap
from ldap.filter import escape_filter_chars

from accounts.directory import conditions
from accounts.directory.account import Account, Span
from accounts.directory.attributes import can_be_name, folded, normal_unit, plain_dn, units_of, without_domain
from accounts.directory.config import Config
from accounts.directory.connection import Connection
from accounts.directory.entry import Attributes, LdapEntry
from accounts.directory.errors import DirectoryRefused
from accounts.directory.pool import Servers, ServiceConnections, translated
from accounts.directory.protection import UNMAPPABLE, Protection, pass_over

T = TypeVar("T")

# A name matches one user name and a few mail addresses at most; more need not be told apart.
MATCHES = 10

# A unit that is missing, or is no unit, is empty.
NOWHERE = frozenset({ldap.NO_SUCH_OBJECT.errnum, ldap.INVALID_DN_SYNTAX.errnum})


@dataclass(frozen=True, slots=True)
class Search:
    """A base, a filter, and a quick look at each entry that comes."""

    chosen: Callable[[Attributes], bool]
    base: str
    condition: str


class Lookup(Protection, abc.ABC):
    """The half of a directory that reads accounts. All look-ups stay within the configured base and filter."""

    spaces_count: bool  # see ``conditions.one_of``

    def __init__(self, config: Config) -> None:
        super().__init__()
        self._config = config
        self._servers = Servers(config)
        self._service = ServiceConnections(config, self._servers)
        attributes = [self.names.identifier, self.names.username, "givenName", "sn", "mail", *self.names.attributes]
        company = config.company_attribute or self.names.company
        # In another spelling the same attribute would be asked for twice and come once.
        self._company = next((name for name in attributes if name.lower() == company.lower()), company)
        self._attributes = list(dict.fromkeys([*attributes, self._company]))

    @abc.abstractmethod
    def _account(self, entry: LdapEntry) -> Account:
        """Maps an entry. Raises :class:`ValueError` or :class:`LookupError` if it can't."""

    @abc.abstractmethod
    def _may_run_out(self, spans: Sequence[Span]) -> tuple[str, Callable[[Attributes], bool]]:
        """A filter ("" for all entries) and a quick look at each entry that it finds.

        Both drop only entries whose password certainly does not run out within the spans. The look may raise the same
        errors as :meth:`_account`.
        """

    @abc.abstractmethod
    def _identifier_filter(self, identifier: uuid.UUID) -> str: ...

    def find(self, name: str) -> Account | None:
        """The account with this user name, or with this e-mail address if it is the only one.

        Of ``DOMAIN\\name`` only the name counts. In Active Directory a user principal name counts as an address.
        Finds nothing for a text that can't be a name: empty, over 256 characters, or with control characters.
        """
        name = without_domain(name.strip())
        return self._ask(lambda connection: self._find(connection, name)) if can_be_name(name) else None

    def get(self, account_id: str) -> Account | None:
        """The account with this immutable id."""
        found = self._ask(lambda connection: self._get(connection, account_id))
        return found[1] if found else None

    def accounts(self) -> Iterator[Account]:
        """Every account, streamed in pages with bounded memory."""
        return self._stream(_all)

    def belonging_to(self, values: Sequence[str], units: Sequence[str]) -> Iterator[Account]:
        """Every account with one of the values as its company, or in one of the units (DNs) or below; each once.

        The directory filters, so the time depends on how many accounts are found. Streamed in pages. Values compare
        as in :func:`accounts.directory.folded`. A unit that is missing or outside the base is empty.
        """
        wanted, base = frozenset(map(folded, values)), self._config.user_base

        def has_one(attributes: Attributes) -> bool:
            # A directory may take texts for equal that the portal tells apart.
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
        """At most ``limit`` accounts, in no order, of which each word of the text begins a word: of the given name or
        the surname, the user name, or the e-mail address. Case does not count.

        Finds nothing for texts under two characters and those that can't be a name. Gives fewer than ``limit`` if the
        directory has a lower limit of its own. Samba also matches in the middle of a word.
        """
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
        """Every account whose password runs out within one of the spans, which are in order and apart.

        Streamed in pages with bounded memory, and much faster than :meth:`accounts`. Disabled and protected accounts
        are included; those that never have to change, or have to at the next logon, are not.
        """
        condition, chosen = self._may_run_out(spans)
        with closing(self._stream(chosen, condition)) as stream:
            for account in stream:
                expires = account.expires
                if isinstance(expires, datetime) and any(first <= expires < last for first, last in spans):
                    yield account

    def of_staff(self) -> Self:
        """The same directory and connections for the portal's own staff: if ``DIRECTORY_STAFF_BASE`` is set, with that
        in place of base and filter.
        """
        if not self._config.staff_base:
            return self
        other = copy.copy(self)
        other._config = replace(self._config, user_base=self._config.staff_base, user_filter="")
        return other

    def close(self) -> None:
        """Closes the kept connections. The next call opens new ones."""
        self._service.close()

    def forget(self) -> None:
        """In a forked child: leaves the kept connections to the parent."""
        self._service.forget()

    def _stream(self, chosen: Callable[[Attributes], bool], condition: str = "") -> Generator[Account]:
        """The accounts of the entries that match the condition and are chosen."""
        return self._found_by([Search(chosen, self._config.user_base, self._people(condition))])

    def _each_once(self, searches: Sequence[Search]) -> Iterator[Account]:
        """The accounts of several searches without repetitions. Remembers their ids."""
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
            # A user name wins over another account's mail address; an address of several accounts finds none.
            entries = [entry for entry in entries if folded(entry.text(self.names.username)) == folded(name)]
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
        """The account of an entry. Same queries if it is missing or protected: timing says nothing (E2)."""
        account = self._mapped(entry) if entry else None
        protected = self._is_protected(connection, entry.dn if entry else self._config.user_base)
        return replace(account, protected=True) if account and protected else account

    def _mapped(self, entry: LdapEntry) -> Account | None:
        try:
            return self._account(entry)
        except UNMAPPABLE as error:
            pass_over(entry.dn, error)
            return None


def _all(attributes: Attributes) -> bool:
    return True


def _marked(account: Account, protected: set[str]) -> Account:
    return replace(account, protected=True) if account.id in protected else account
