"""Look-ups by name and by id. The one place where an entry becomes an account."""

import abc
import copy
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Self, TypeVar

import ldap.dn
from django.conf import settings
from ldap.filter import escape_filter_chars

from accounts.directory.account import Account, read_as_they_stand
from accounts.directory.dialects.protection import PASSED_OVER, UNMAPPABLE, Protection, bracketed
from accounts.directory.ldap_client import conditions
from accounts.directory.ldap_client.answers import DirectoryRefused, LdapEntry
from accounts.directory.ldap_client.conditions import can_be_name, folded
from accounts.directory.ldap_client.connection import Connection
from accounts.directory.ldap_client.pool import Pool, logger, translated

T = TypeVar("T")

# A name matches one user name and a few mail addresses at most; more need not be told apart.
MATCHES = 10

Look = Callable[[LdapEntry], bool]
"""A quick look at an entry before it is mapped."""


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

    def find(self, name: str) -> Account | None:
        """The account with this user name, or with this e-mail address if it is the only one.

        Of ``DOMAIN\\name`` only the name counts. In Active Directory a user principal name counts as an address.
        Finds nothing for a text that can't be a name: empty, over 256 characters, or with control characters.
        """
        name = without_domain(name)
        return self._ask(lambda connection: self._find(connection, name)) if can_be_name(name) else None

    def get(self, account_id: str, *, listed: bool = False) -> Account | None:
        """The account with this immutable id. ``listed``: unless it is hidden, as in :meth:`accounts`."""
        condition = self._listed if listed else ""
        found = self._ask(lambda connection: self._get(connection, account_id, condition))
        return found[1] if found else None

    def can_apply(self, text: str) -> bool:
        """Whether the server can apply this filter: each entry either matches it or does not."""
        anybody = self._people(f"(|{bracketed(text)}(!{bracketed(text)}))" if text.strip() else "")
        return bool(self._ask(lambda connection: connection.first(self._base, anybody, ["1.1"], limit=1)))

    def staff_groups(self) -> dict[str, int | None]:
        """By setting, how many members of each staff group can't be read, so that those in them are not seen.

        None: the group itself can't be read, and everybody counts as protected.
        """

        def read(connection: Connection) -> dict[str, int | None]:
            found = {
                setting: self._read_family(connection, group, nested=True)
                for group, setting in self._staff_groups.items()
            }
            return {setting: family.hidden if family.groups else None for setting, family in found.items()}

        return self._ask(read)

    def unreadable_groups(self) -> list[str]:
        """The settings of the staff groups that are not there, or can't be read; as it was within FAMILY_FOR."""

        def read(connection: Connection) -> list[str]:
            groups = self._staff_groups.items()
            return [setting for group, setting in groups if not self._family(connection, group).groups]

        return self._ask(read)

    def of_staff(self) -> Self:
        """The same for the portal's own staff: with ``DIRECTORY_STAFF_BASE``, if set, in place of base and filter."""
        if not settings.DIRECTORY_STAFF_BASE:
            return self
        other = copy.copy(self)
        other._base, other._user_filter = settings.DIRECTORY_STAFF_BASE, ""
        return other

    def close(self) -> None:
        self._pool.close()

    def _ask(self, work: Callable[[Connection], T]) -> T:
        with translated():
            return self._pool.run(work)

    def _find(self, connection: Connection, name: str) -> Account | None:
        return self._one(connection, self._named(connection, name))

    def _named(self, connection: Connection, name: str, condition: str = "") -> LdapEntry | None:
        wanted = conditions.called(self.username, self.principal, name, self._base) + condition
        try:
            entries = connection.search(self._base, self._people(wanted), self._attributes, limit=MATCHES)
        except DirectoryRefused as refused:
            if refused.code != ldap.SIZELIMIT_EXCEEDED.errnum:
                raise
            by_name = f"({self.username}={escape_filter_chars(name)}){condition}"
            entries = connection.search(self._base, self._people(by_name), self._attributes, limit=MATCHES)
        if len(entries) > 1:
            # A user name wins over another account's mail address; an address of several accounts finds none.
            entries = [entry for entry in entries if folded(entry.text(self.username)) == folded(name)]
        return entries[0] if len(entries) == 1 else None

    def _get(self, connection: Connection, account_id: str, condition: str = "") -> tuple[LdapEntry, Account] | None:
        entry = self._entry(connection, account_id, condition=condition)
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


def without_domain(name: str) -> str:
    """A name as it was typed: of ``DOMAIN\\name`` the name."""
    domain, _, rest = name.strip().partition("\\")
    return rest if domain and rest else name.strip()
