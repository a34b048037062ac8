"""Protected accounts (``security.md`` R6): those that a filter matches, and the members of the protected groups."""

import abc
import time
import uuid
from collections.abc import Iterator

import ldap
from django.conf import settings
from ldap.filter import escape_filter_chars

from accounts.directory.answers import DirectoryRefused, LdapEntry
from accounts.directory.connection import Connection
from accounts.directory.pool import logger

# Seconds between two log lines about a group that can't be read.
COMPLAIN_EVERY = 300.0

# An entry that no dialect expects makes the mapping raise these. The other entries are still used.
UNMAPPABLE = (ValueError, LookupError, OverflowError)
PASSED_OVER = "directory entry %r is passed over: %s"


class Protection(abc.ABC):
    """Tells protected entries, one or all at once."""

    people: str  # the dialect's filter for people
    identifier: str  # the attribute of the immutable id
    identifier_is_guid: bool  # 16 bytes (MS-DTYP 2.3.4.2) instead of text

    def __init__(self) -> None:
        self._base: str = settings.DIRECTORY_USER_BASE
        self._user_filter = bracketed(settings.DIRECTORY_USER_FILTER)
        self._protected_filter = bracketed(settings.DIRECTORY_PROTECTED_FILTER)
        self._unprotected = f"(!{self._protected_filter})" if self._protected_filter else ""
        hidden = bracketed(settings.DIRECTORY_HIDDEN_FILTER)
        self._listed = f"(!{hidden})" if hidden else ""  # with what the server can't tell, nobody is listed
        # Agents are protected where a code by SMS is their second factor. Otherwise their telephone would be both
        # factors: one code sets the password, and the next one signs in.
        groups = {settings.DIRECTORY_HELPDESK_GROUP: "DIRECTORY_HELPDESK_GROUP"} if settings.HELPDESK_SMS_FACTOR else {}
        groups[settings.DIRECTORY_ADMIN_GROUP] = "DIRECTORY_ADMIN_GROUP"
        self._protected_groups = {dn: setting for dn, setting in groups.items() if dn}  # one that is both is asked once
        self._complain_from: dict[str, float] = {}

    def _identifier(self, entry: LdapEntry) -> str:
        """The immutable id of an entry. Raises :class:`ValueError` if it has none."""
        value = entry.raw(self.identifier) or b""
        return str(uuid.UUID(bytes_le=value) if self.identifier_is_guid else uuid.UUID(value.decode()))

    def _people(self, condition: str = "") -> str:
        return f"(&{self.people}{self._user_filter}{condition})"

    def _is_protected(self, connection: Connection, dn: str) -> bool:
        by_filter = self._protected_filter and connection.read(dn, ["1.1"], self._protected_filter) is not None
        # Asks for the groups also after a match: the number of queries must tell nothing (E2).
        return self._is_member(connection, dn) or bool(by_filter)

    def _is_member(self, connection: Connection, dn: str) -> bool:
        """Whether the entry is in a protected group. Asks for each of them."""
        member = f"(member={escape_filter_chars(dn)})"
        found = [self._group(connection, group, member, "1.1") for group in self._protected_groups]
        return any(found)

    def _all_protected(self, connection: Connection) -> set[str]:
        """The ids of all protected accounts. They are few: one query before a stream, instead of one for each entry."""
        found = set()
        for entry in self._protected_entries(connection):
            try:
                found.add(self._identifier(entry))
            except UNMAPPABLE as error:
                logger.warning(PASSED_OVER, entry.dn, error)
        return found

    def _protected_entries(self, connection: Connection) -> Iterator[LdapEntry]:
        if self._protected_filter:
            for page in connection.pages(self._base, self._people(self._protected_filter), [self.identifier]):
                yield from page
        members: dict[bytes, None] = {}
        for group in self._protected_groups:
            if found := self._group(connection, group, "(objectClass=*)", "member"):
                members |= dict.fromkeys(found.attributes.get("member", []))
        for member in members:
            try:
                # Reads each: a DN may be written in more than one way.
                entry = connection.read(member.decode(), [self.identifier])
            except DirectoryRefused as refused:
                if refused.is_busy:
                    raise
                continue  # it lies where the portal may not look, so no look-up finds it
            if entry:
                yield entry

    def _group(self, connection: Connection, dn: str, condition: str, attribute: str) -> LdapEntry | None:
        """A protected group if it matches. A group that can't be read protects no account, and the look-up goes on."""
        try:
            found = connection.search(dn, condition, [attribute], scope=ldap.SCOPE_BASE)
        except DirectoryRefused as refused:
            if refused.is_busy:
                raise
            setting = self._protected_groups[dn]
            if time.monotonic() >= self._complain_from.get(setting, 0.0):
                self._complain_from[setting] = time.monotonic() + COMPLAIN_EVERY
                logger.error("%s can't be read, so that it protects nobody: %s", setting, refused)
            return None
        return found[0] if found else None


def bracketed(text: str) -> str:
    """A filter with outer brackets, as RFC 4515 wants it."""
    text = text.strip()
    return text if not text or text.startswith("(") else f"({text})"
