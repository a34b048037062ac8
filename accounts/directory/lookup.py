"""Look-ups: by name, by id, all accounts. The one place where an entry becomes an account."""

import abc
import copy
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import Any, Self, TypeVar

import ldap.dn
from django.conf import settings
from ldap.filter import escape_filter_chars

from accounts.directory import conditions
from accounts.directory.account import Account, Span, read_as_they_stand
from accounts.directory.answers import DirectoryRefused, LdapEntry
from accounts.directory.conditions import can_be_name, folded, normal_unit, units_of
from accounts.directory.connection import Connection
from accounts.directory.pool import Pool, logger, translated
from accounts.directory.protection import PASSED_OVER, UNMAPPABLE, Protection

T = TypeVar("T")

# A name matches one user name and a few mail addresses at most; more need not be told apart.
MATCHES = 10

# A unit that is missing, or is no unit, is empty.
NOWHERE = frozenset({ldap.NO_SUCH_OBJECT.errnum, ldap.INVALID_DN_SYNTAX.errnum})

Look = Callable[[LdapEntry], bool]
Search = tuple[Look, str, str]
"""A quick look at each entry that comes, a base, and a filter."""


class Lookup(Protection):
    """The half of a directory that reads accounts. All look-ups stay within the configured base and filter."""

    # A dialect defines these, and its attributes for:

    kind: str  # as DIRECTORY_KIND names it
    username: str
    principal = ""  # user names with a domain, if it has them
    company: str  # unless DIRECTORY_COMPANY_ATTRIBUTE names another
    attributes: tuple[str, ...]  # what it reads beside these
    spaces_count: bool  # see ``conditions.one_of``

    def __init__(self) -> None:
        super().__init__()
        self._pool = Pool()
        self._plain = read_as_they_stand(self.kind)
        read = [attribute for _, attribute, _ in self._plain]
        attributes = [self.identifier, self.username, *read, *self.attributes]
        company = settings.DIRECTORY_COMPANY_ATTRIBUTE or self.company
        # In another spelling the same attribute would be asked for twice and come once.
        self._company = next((name for name in attributes if name.lower() == company.lower()), company)
        self._attributes = list(dict.fromkeys([*attributes, self._company]))

    @abc.abstractmethod
    def _account(self, entry: LdapEntry) -> Account:
        """Maps an entry. Raises :class:`ValueError` or :class:`LookupError` if it can't."""

    @abc.abstractmethod
    def _moment(self, entry: LdapEntry, name: str) -> datetime | None:
        """The time in an attribute; None without one. Raises ValueError."""

    def _plain_values(self, entry: LdapEntry) -> dict[str, Any]:
        """What an account has from its entry as it stands, by field."""
        return {
            name: entry.text(attribute) if is_text else self._moment(entry, attribute)
            for name, attribute, is_text in self._plain
        }

    @abc.abstractmethod
    def _may_run_out(self, spans: Sequence[Span]) -> tuple[str, Look]:
        """A filter ("" for all entries) and a quick look at each entry that it finds.

        Both drop only entries whose password certainly does not run out within the spans.
        """

    def find(self, name: str) -> Account | None:
        """The account with this user name, or with this e-mail address if it is the only one.

        Of ``DOMAIN\\name`` only the name counts. In Active Directory a user principal name counts as an address.
        Finds nothing for a text that can't be a name: empty, over 256 characters, or with control characters.
        """
        domain, _, rest = name.strip().partition("\\")
        name = rest if domain and rest else name.strip()
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
        wanted = frozenset(map(folded, values))

        def has_one(entry: LdapEntry) -> bool:
            # A directory may take texts for equal that the portal tells apart.
            return folded(entry.text(self._company)) in wanted

        filters = conditions.one_of(self._company, values, spaces_count=self.spaces_count)
        searches: list[Search] = [(has_one, self._base, self._people(each)) for each in filters]
        for unit in units:
            if normal_unit(self._base) in units_of(unit):
                # In the form of RFC 4514, without spaces, which not every directory reads.
                searches.append((_all, ldap.dn.dn2str(ldap.dn.str2dn(unit)), self._people()))
            elif normal_unit(unit) in units_of(self._base):
                searches.append((_all, self._base, self._people()))
        seen: set[str] = set()
        with closing(self._found_by(searches)) as stream:
            for account in stream:
                if account.id not in seen:
                    seen.add(account.id)
                    yield account

    def search(self, text: str, limit: int = 50) -> list[Account]:
        """At most ``limit`` accounts, in no order, of which each word of the text begins a word: of the given name or
        the surname, the user name, or the e-mail address. Case does not count.

        Finds nothing for texts under two characters and those that can't be a name. Gives fewer than ``limit`` if the
        directory has a lower limit of its own. Samba also matches in the middle of a word.
        """
        condition = conditions.begins_with(self.username, text)
        if condition is None:
            return []
        with closing(self._pool.connect()) as connection, translated():
            entries = connection.first(self._base, self._people(condition), self._attributes, limit=limit)
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

    def can_protect(self) -> bool:
        """Whether the server can apply DIRECTORY_PROTECTED_FILTER. With one that it can't, ``served`` finds nobody."""
        anybody = self._people(f"(|{self._protected_filter}{self._unprotected})" if self._protected_filter else "")
        return bool(self._ask(lambda connection: connection.first(self._base, anybody, ["1.1"], limit=1)))

    def of_staff(self) -> Self:
        """The same for the portal's own staff: with ``DIRECTORY_STAFF_BASE``, if set, in place of base and filter."""
        if not settings.DIRECTORY_STAFF_BASE:
            return self
        other = copy.copy(self)
        other._base, other._user_filter = settings.DIRECTORY_STAFF_BASE, ""
        return other

    def close(self) -> None:
        self._pool.close()

    def _stream(self, chosen: Look, condition: str = "") -> Generator[Account]:
        """The accounts of the entries that match the condition and are chosen."""
        return self._found_by([(chosen, self._base, self._people(condition))])

    def _found_by(self, searches: Iterable[Search]) -> Generator[Account]:
        # A connection of its own: the caller may take its time between two pages.
        with closing(self._pool.connect()) as connection, translated():
            protected = self._all_protected(connection)
            for search in searches:
                for account in self._matches(connection, search):
                    yield _marked(account, protected)

    def _matches(self, connection: Connection, search: Search) -> Iterator[Account]:
        chosen, base, condition = search
        try:
            for page in connection.pages(base, condition, self._attributes):
                for entry in page:
                    if account := self._mapped(entry, chosen):
                        yield account
        except DirectoryRefused as refused:
            if refused.code not in NOWHERE or base == self._base:
                raise

    def _ask(self, work: Callable[[Connection], T]) -> T:
        with translated():
            return self._pool.run(work)

    def _find(self, connection: Connection, name: str) -> Account | None:
        wanted = conditions.called(self.username, self.principal, name, self._base)
        try:
            entries = connection.search(self._base, self._people(wanted), self._attributes, limit=MATCHES)
        except DirectoryRefused as refused:
            if refused.code != ldap.SIZELIMIT_EXCEEDED.errnum:
                raise
            by_name = f"({self.username}={escape_filter_chars(name)})"
            entries = connection.search(self._base, self._people(by_name), self._attributes, limit=MATCHES)
        if len(entries) > 1:
            # A user name wins over another account's mail address; an address of several accounts finds none.
            entries = [entry for entry in entries if folded(entry.text(self.username)) == folded(name)]
        return self._one(connection, entries[0] if len(entries) == 1 else None)

    def _get(self, connection: Connection, account_id: str) -> tuple[LdapEntry, Account] | None:
        entry = self._entry(connection, account_id)
        account = self._one(connection, entry)
        return (entry, account) if entry and account else None

    def _entry(
        self, connection: Connection, account_id: str, more: tuple[str, ...] = (), *, condition: str = ""
    ) -> LdapEntry | None:
        try:
            wanted = uuid.UUID(account_id)
        except ValueError:
            return None
        escaped = "".join(f"\\{byte:02x}" for byte in wanted.bytes_le) if self.identifier_is_guid else wanted
        people = self._people(f"({self.identifier}={escaped}){condition}")
        entries = connection.search(self._base, people, [*self._attributes, *more])
        return entries[0] if len(entries) == 1 else None

    def _one(self, connection: Connection, entry: LdapEntry | None) -> Account | None:
        """The account of an entry. Same queries if it is missing or protected: timing says nothing (E2)."""
        account = self._mapped(entry) if entry else None
        protected = self._is_protected(connection, entry.dn if entry else self._base)
        return replace(account, protected=True) if account and protected else account

    def _mapped(self, entry: LdapEntry, chosen: Look | None = None) -> Account | None:
        try:
            return self._account(entry) if chosen is None or chosen(entry) else None
        except UNMAPPABLE as error:
            logger.warning(PASSED_OVER, entry.dn, error)
            return None


def _all(entry: LdapEntry) -> bool:
    return True


def _marked(account: Account, protected: set[str]) -> Account:
    return replace(account, protected=True) if account.id in protected else account
