"""Protected accounts (``security.md`` R6): those that a filter matches, and the members of the protected groups."""

from __future__ import annotations

import abc
import logging
import time
from collections.abc import Iterable, Iterator
from itertools import chain

import ldap
from ldap.filter import escape_filter_chars

from accounts.directory.attributes import Names
from accounts.directory.config import Config
from accounts.directory.connection import Connection
from accounts.directory.entry import LdapEntry
from accounts.directory.errors import DirectoryRefused

logger = logging.getLogger("idportal.directory")

# Seconds between two log lines about a group that can't be read.
COMPLAIN_EVERY = 300.0

# An entry that no dialect expects makes the mapping raise these.
UNMAPPABLE = (ValueError, LookupError, OverflowError)


class Protection(abc.ABC):
    """Tells protected entries, one or all at once."""

    names: Names
    _config: Config

    def __init__(self) -> None:
        self._complain_from: dict[str, float] = {}

    @abc.abstractmethod
    def _identifier(self, entry: LdapEntry) -> str:
        """The immutable id of an entry. Raises :class:`ValueError` or :class:`LookupError` if it has none."""

    def _people(self, condition: str = "") -> str:
        return f"(&{self.names.people}{self._config.user_filter}{condition})"

    def _is_protected(self, connection: Connection, dn: str) -> bool:
        condition, by_filter = self._config.protected_filter, False
        if condition:
            by_filter = connection.read(dn, ["1.1"], condition) is not None
        # Asks every group, also after a match: the number of queries must tell nothing (E2).
        member = f"(member={escape_filter_chars(dn)})"
        by_group = [self._group(connection, group, member, "1.1") for group in self._config.protected_groups]
        return by_filter or any(by_group)

    def _all_protected(self, connection: Connection) -> set[str]:
        """The ids of all protected accounts. They are few: one query before a stream, instead of one for each entry."""
        found = set()
        for entry in chain(self._by_filter(connection), self._by_group(connection)):
            try:
                found.add(self._identifier(entry))
            except UNMAPPABLE as error:
                pass_over(entry.dn, error)
        return found

    def _by_filter(self, connection: Connection) -> Iterator[LdapEntry]:
        """The entries that the protected filter matches."""
        condition = self._config.protected_filter
        if condition:
            base, wanted = self._config.user_base, self._people(condition)
            for page in connection.pages(base, wanted, [self.names.identifier]):
                yield from (LdapEntry(dn, attributes) for dn, attributes in page)

    def _by_group(self, connection: Connection) -> Iterator[LdapEntry]:
        """The members of the groups. Reads each: a DN may be written in more than one way."""
        groups = [
            self._group(connection, group, "(objectClass=*)", "member") for group in self._config.protected_groups
        ]
        for member in dict.fromkeys(_members(groups)):
            try:
                entry = connection.read(member.decode(), [self.names.identifier])
            except DirectoryRefused as refused:
                if refused.is_busy:
                    raise
                continue  # it lies where the portal may not look, so no look-up finds it
            if entry:
                yield entry

    def _group(
        self, connection: Connection, group: tuple[str, str], condition: str, attribute: str
    ) -> LdapEntry | None:
        """A protected group if it matches. A group that can't be read protects no account, and the look-up goes on."""
        setting, dn = group
        try:
            found = connection.search(dn, condition, [attribute], scope=ldap.SCOPE_BASE)
        except DirectoryRefused as refused:
            if refused.is_busy:
                raise
            if time.monotonic() >= self._complain_from.get(setting, 0.0):
                self._complain_from[setting] = time.monotonic() + COMPLAIN_EVERY
                logger.error("%s can't be read, so that it protects nobody: %s", setting, refused)
            return None
        return found[0] if found else None


def _members(groups: Iterable[LdapEntry | None]) -> Iterator[bytes]:
    for group in groups:
        yield from group.attributes.get("member", []) if group else []


def pass_over(dn: str, error: Exception) -> None:
    """Logs an entry that can't be mapped. The other entries are still used."""
    logger.warning("directory entry %r is passed over: %s", dn, error)
