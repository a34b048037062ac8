"""Whom the portal does nothing for (``security.md`` R6): whom a filter matches, and who is in one of the groups."""

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
from accounts.directory.connection import Connection, DirectoryRefused
from accounts.directory.entry import LdapEntry
from accounts.directory.pool import NOT_NOW, TOO_MUCH

logger = logging.getLogger("idportal.directory")

# Seconds between two complaints about a group that can't be read.
COMPLAIN_EVERY = 300.0

# What an entry that no dialect thought of makes the mapping raise.
UNMAPPABLE = (ValueError, LookupError, OverflowError)


class Protection(abc.ABC):
    """What a look-up asks besides, for one entry or for all at once."""

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
        # Each group is asked, also after one has said yes: how much is asked must tell nothing (E2).
        member = f"(member={escape_filter_chars(dn)})"
        by_group = [self._group(connection, group, member, "1.1") for group in self._config.protected_groups]
        return by_filter or any(by_group)

    def _all_protected(self, connection: Connection) -> set[str]:
        """The ids of the protected: few, and asked for once, before all others, instead of once for each."""
        found = set()
        for entry in chain(self._by_filter(connection), self._by_group(connection)):
            try:
                found.add(self._identifier(entry))
            except UNMAPPABLE as error:
                pass_over(entry.dn, error)
        return found

    def _by_filter(self, connection: Connection) -> Iterator[LdapEntry]:
        """Whom the protected filter matches."""
        condition = self._config.protected_filter
        if condition:
            base, wanted = self._config.user_base, self._people(condition)
            for page in connection.pages(base, wanted, [self.names.identifier]):
                yield from (LdapEntry(dn, attributes) for dn, attributes in page)

    def _by_group(self, connection: Connection) -> Iterator[LdapEntry]:
        """The members of the groups, each read: a DN may be written in more than one way."""
        groups = [
            self._group(connection, group, "(objectClass=*)", "member") for group in self._config.protected_groups
        ]
        for member in dict.fromkeys(_members(groups)):
            try:
                entry = connection.read(member.decode(), [self.names.identifier])
            except DirectoryRefused as refused:
                _raise_if_busy(refused)
                continue  # it lies where the portal may not look, and so is nobody whom it would come across
            if entry:
                yield entry

    def _group(
        self, connection: Connection, group: tuple[str, str], condition: str, attribute: str
    ) -> LdapEntry | None:
        """A protected group if it matches. One that can't be read protects nobody, and stops nobody."""
        setting, dn = group
        try:
            found = connection.search(dn, condition, [attribute], scope=ldap.SCOPE_BASE)
        except DirectoryRefused as refused:
            _raise_if_busy(refused)
            if time.monotonic() >= self._complain_from.get(setting, 0.0):
                self._complain_from[setting] = time.monotonic() + COMPLAIN_EVERY
                logger.error("%s can't be read, so that it protects nobody: %s", setting, refused)
            return None
        return found[0] if found else None


def _members(groups: Iterable[LdapEntry | None]) -> Iterator[bytes]:
    for group in groups:
        yield from group.attributes.get("member", []) if group else []


def _raise_if_busy(refused: DirectoryRefused) -> None:
    """A server that would answer another time has not said that there is nothing."""
    if refused.code in NOT_NOW or refused.code in TOO_MUCH:
        raise refused


def pass_over(dn: str, error: Exception) -> None:
    """One entry that can't be mapped is no reason to fail at all the others."""
    logger.warning("directory entry %r is passed over: %s", dn, error)
