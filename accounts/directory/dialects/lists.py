"""Many accounts at once: all, a company's, a search's, those that expire soon. Hidden people are in no list."""

import abc
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime

import ldap.dn

from accounts.directory.account import Account, Span
from accounts.directory.dialects.lookup import Look, Lookup
from accounts.directory.ldap_client import conditions
from accounts.directory.ldap_client.answers import DirectoryRefused, LdapEntry
from accounts.directory.ldap_client.conditions import folded, normal_unit, units_of
from accounts.directory.ldap_client.connection import Connection
from accounts.directory.ldap_client.pool import translated

# A unit that is missing, or is no unit, is empty.
NOWHERE = frozenset({ldap.NO_SUCH_OBJECT.errnum, ldap.INVALID_DN_SYNTAX.errnum})

Search = tuple[Look, str, str]
"""A quick look at each entry that comes, a base, and a filter."""


class Lists(Lookup):
    """Streams and searches of a directory."""

    @abc.abstractmethod
    def _may_run_out(self, spans: Sequence[Span]) -> tuple[str, Look]:
        """A filter ("" for all entries) and a quick look at each entry that it finds.

        Both drop only entries whose password certainly does not run out within the spans.
        """

    def accounts(self, *, listed: bool = False) -> Iterator[Account]:
        """Every account, streamed in pages with bounded memory.

        ``listed``: without those of DIRECTORY_HIDDEN_FILTER, who have protected identity (Q1). So are the verbs below.
        """
        return self._stream(_all, self._listed if listed else "")

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
        searches: list[Search] = [(has_one, self._base, self._people(each + self._listed)) for each in filters]
        for unit in units:
            if normal_unit(self._base) in units_of(unit):
                # In the form of RFC 4514, without spaces, which not every directory reads.
                searches.append((_all, ldap.dn.dn2str(ldap.dn.str2dn(unit)), self._people(self._listed)))
            elif normal_unit(unit) in units_of(self._base):
                searches.append((_all, self._base, self._people(self._listed)))
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
            people = self._people(condition + self._listed)
            entries = connection.first(self._base, people, self._attributes, limit=limit)
            protected = self._all_protected(connection) if entries else None
            found = [account for entry in entries if (account := self._mapped(entry))]
        return [_marked(account, protected) for account in found]

    def named(self, usernames: Iterable[str]) -> dict[str, Account]:
        """The accounts with these user names, by :func:`accounts.directory.folded` name; hidden ones too."""
        wanted = list(conditions.one_of(self.username, usernames, spaces_count=False))

        def look(connection: Connection) -> dict[str, Account]:
            protected = self._all_protected(connection)
            searches = [(_all, self._base, self._people(each)) for each in wanted]
            found = [account for search in searches for account in self._matches(connection, search)]
            return {folded(account.username): _marked(account, protected) for account in found}

        return self._ask(look) if wanted else {}

    def expiring(self, spans: Sequence[Span]) -> Iterator[Account]:
        """Every account whose password runs out within one of the spans, which are in order and apart.

        Streamed in pages with bounded memory, and much faster than :meth:`accounts`. Disabled and protected accounts
        are included; those that never have to change, or have to at the next logon, are not.
        """
        condition, chosen = self._may_run_out(spans)
        with closing(self._stream(chosen, condition + self._listed)) as stream:
            for account in stream:
                expires = account.expires
                if isinstance(expires, datetime) and any(first <= expires < last for first, last in spans):
                    yield account

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


def _all(entry: LdapEntry) -> bool:
    return True


def _marked(account: Account, protected: set[str] | None) -> Account:
    return replace(account, protected=True) if protected is None or account.id in protected else account
