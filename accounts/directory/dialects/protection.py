"""Protected accounts (``security.md`` R6, A2): those that match a filter, and the members of the staff groups.

A group's members are those of the groups in it, too. Active Directory resolves them itself. On OpenLDAP the portal
reads which groups are in a group once in FAMILY_FOR seconds, and asks each of them at each look-up.
"""

import abc
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import ldap
from django.conf import settings
from ldap.dn import dn2str, str2dn
from ldap.filter import escape_filter_chars

from accounts.directory.ldap_client.answers import DirectoryRefused, LdapEntry
from accounts.directory.ldap_client.connection import Connection
from accounts.directory.ldap_client.pool import logger
from idportal.channels.auth_ldap import IN_CHAIN

# Seconds for which it is not read again which groups are in a group, nor whether a group can be read at all.
FAMILY_FOR = 60.0
# Groups in a staff group, at any depth. With more it counts as one that can't be read.
FAMILY_MOST = 50
# Seconds between two log lines about a group that can't be read.
COMPLAIN_EVERY = 300.0

STAFF_GROUPS = ("DIRECTORY_HELPDESK_GROUP", "DIRECTORY_ADMIN_GROUP")

# The classes of groups. A groupOfNames must have a member (RFC 4519 3.5); the others may have none.
GROUPS = frozenset({b"group", b"groupOfNames", b"groupOfMembers"})

# An entry that no dialect expects makes the mapping raise these. The other entries are still used.
UNMAPPABLE = (ValueError, LookupError, OverflowError)
PASSED_OVER = "directory entry %r is passed over: %s"


@dataclass(frozen=True, slots=True)
class Family:
    """A group with the groups in it, each with the one that it was found in ("" for the first).

    ``groups`` is empty if the group can't be read. ``empty``: it can, and has no members. ``others``: the members that
    are no groups, if they were read; ``hidden``: how many members could not be read.
    """

    groups: dict[str, str]
    empty: bool = False
    others: list[LdapEntry] = field(default_factory=list)
    hidden: int = 0


class Protection(abc.ABC):
    """Tells protected entries, one or all at once."""

    people: str  # the dialect's filter for people
    identifier: str  # the attribute of the immutable id
    identifier_is_guid: bool  # 16 bytes (MS-DTYP 2.3.4.2) instead of text
    follows_groups = False  # whether the directory has the rule IN_CHAIN

    def __init__(self) -> None:
        self._base: str = settings.DIRECTORY_USER_BASE
        self._user_filter = bracketed(settings.DIRECTORY_USER_FILTER)
        self._protected_filter = bracketed(settings.DIRECTORY_PROTECTED_FILTER)
        self._unprotected = f"(!{self._protected_filter})" if self._protected_filter else ""
        hidden = bracketed(settings.DIRECTORY_HIDDEN_FILTER)
        self._listed = f"(!{hidden})" if hidden else ""  # with what the server can't tell, nobody is listed
        groups = {getattr(settings, setting): setting for setting in STAFF_GROUPS}
        self._staff_groups = {dn: setting for dn, setting in groups.items() if dn}  # one that is both is asked once
        self._families: dict[str, tuple[float, Family]] = {}  # by the group's DN; read again then
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
        return self._is_staff(connection, dn) or bool(by_filter)

    def _is_staff(self, connection: Connection, dn: str) -> bool:
        """Whether the entry is in a staff group, or one of these can't be read: then everybody counts as staff."""
        families = [self._family(connection, group) for group in self._staff_groups]
        member = self._members(dn)
        groups = {
            group: f"(!{member})" if family.empty else f"(member=*)(!{member})"
            for family in families
            for group in family.groups
        }
        # Each has to say that the entry is no member, so that one that says nothing protects everybody. All are asked,
        # whatever the first ones say (E2).
        without = self._that_match(connection, groups)
        return not all(family.groups for family in families) or not without.issuperset(groups)

    def _members(self, dn: str) -> str:
        """A filter for groups that have the entry as a member."""
        return f"(member{f':{IN_CHAIN}:' if self.follows_groups else ''}={escape_filter_chars(dn)})"

    @abc.abstractmethod
    def _has_none(self, connection: Connection, group: LdapEntry) -> bool:
        """Whether the entry is a group that has no members, rather than one that hides them."""

    def _holds(self, connection: Connection, top: str, dn: str) -> bool:
        """Whether the entry is a member of the group now: each step from it up to the group is asked anew (S2)."""
        groups = self._family(connection, top).groups or {top: ""}

        def reaches(group: str, member: str) -> bool:
            if connection.read(group, ["1.1"], self._members(member)) is None:
                return False
            return not groups[group] or reaches(groups[group], group)

        return any(reaches(group, dn) for group in groups)

    def _all_protected(self, connection: Connection) -> set[str] | None:
        """The ids of all protected accounts; None: everybody is. They are few, and read once before a stream."""
        found = set()
        entries = self._protected_entries(connection)
        for entry in entries or []:
            try:
                found.add(self._identifier(entry))
            except UNMAPPABLE as error:
                logger.warning(PASSED_OVER, entry.dn, error)
        return None if entries is None else found

    def _protected_entries(self, connection: Connection) -> list[LdapEntry] | None:
        families = [self._read_family(connection, group, nested=True) for group in self._staff_groups]
        if not all(family.groups for family in families):
            return None
        found = [entry for family in families for entry in family.others]
        if self._protected_filter:
            for page in connection.pages(self._base, self._people(self._protected_filter), [self.identifier]):
                found += page
        return found

    def _family(self, connection: Connection, group: str) -> Family:
        """The group and, unless the directory follows them itself, the groups in it."""
        until, family = self._families.get(group, (0.0, Family({})))
        if until <= time.monotonic():
            family = self._read_family(connection, group, nested=not self.follows_groups)
            seen = dict.fromkeys(family.groups, "(!(member=*))" if family.empty else "(member=*)")
            if not self._that_match(connection, seen).issuperset(seen):
                self._complain(group, "it or a group in it is not found by a search of where it is")
                family = Family({})
            self._families[group] = (time.monotonic() + FAMILY_FOR, family)
        return family

    def _read_family(self, connection: Connection, top: str, *, nested: bool) -> Family:
        groups: dict[str, str] = {}
        others: dict[str, LdapEntry] = {}
        hidden, blind, empty, level = 0, False, False, {top: ""}
        while level and len(groups) <= FAMILY_MOST:
            below: dict[str, str] = {}
            for dn, above in level.items():
                entry = self._group(connection, dn, "(objectClass=*)", "member", "objectClass", self.identifier)
                if entry is None:
                    hidden += 1
                elif members := entry.attributes.get("member"):
                    # A group may be in several, or in itself. The server writes each DN in one way.
                    if entry.dn not in groups:
                        groups[entry.dn] = above
                        below |= {member.decode(): entry.dn for member in members} if nested else {}
                elif not GROUPS.isdisjoint(entry.attributes.get("objectClass", [])):
                    none = self._has_none(connection, entry)
                    blind, empty = blind or not none, none and not above
                    groups.setdefault(entry.dn, above)
                else:
                    others[entry.dn] = entry
            level = below
        if not groups or level or blind:
            self._complain(top, "it is missing or no group, hides its members, or has too many groups in it")
            groups, empty = {}, False
        return Family(groups, empty, list(others.values()), hidden)

    def _that_match(self, connection: Connection, groups: Mapping[str, str]) -> set[str]:
        """The DNs of those groups that match their filters. Those in one place are asked with one request."""
        names: dict[str, str] = {}  # filters, by place
        for group, condition in groups.items():
            name, *above = str2dn(group)
            place, parts = dn2str(above), (f"({kind}={escape_filter_chars(value)})" for kind, value, _ in name)
            names[place] = f"{names.get(place, '')}(&{''.join(parts)}{condition})"
        return {
            entry.dn
            for place, either in names.items()
            for entry in self._seen(connection, place, f"(|{either})", "1.1", scope=ldap.SCOPE_ONELEVEL)
        }

    def _group(self, connection: Connection, dn: str, condition: str, *attributes: str) -> LdapEntry | None:
        """The entry with this DN if it matches and may be read."""
        return next(iter(self._seen(connection, dn, condition, *attributes, scope=ldap.SCOPE_BASE)), None)

    def _seen(self, connection: Connection, base: str, condition: str, *attributes: str, scope: int) -> list[LdapEntry]:
        """What a search finds: nothing, if the server refuses it."""
        try:
            return connection.search(base, condition, list(attributes), scope=scope)
        except DirectoryRefused as refused:
            if refused.is_busy:
                raise
            return []

    def _complain(self, group: str, why: str) -> None:
        if time.monotonic() >= self._complain_from.get(group, 0.0):
            self._complain_from[group] = time.monotonic() + COMPLAIN_EVERY
            setting = self._staff_groups.get(group, "a group")
            logger.error("%s can't be read, so that every account counts as protected: %s", setting, why)


def bracketed(text: str) -> str:
    """A filter with outer brackets, as RFC 4515 wants it."""
    text = text.strip()
    return text if not text or text.startswith("(") else f"({text})"
