"""The portal's own staff in the directory: where they are looked up, and the groups that give them a role.

Our own search and not django-auth-ldap: its backend answers yes or no, where an expired password must be told of after
the right one only, and opens connections of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from ldap.filter import escape_filter_chars

from accounts.directory import connect
from accounts.directory.account import Account
from accounts.directory.connection import Connection
from accounts.directory.dialect import LdapDirectory


def people() -> LdapDirectory:
    """The directory where staff is looked up: as ``directory.connect()``, but under ``DIRECTORY_STAFF_BASE``."""
    return cast(LdapDirectory, connect()).of_staff()


def groups_of(account: Account, groups: Iterable[str]) -> frozenset[str]:
    """Which of these groups (DNs) have the account as a ``member``, at this moment. Raises DirectoryError.

    A group that is not there, or that the service account may not see, has no members.
    """
    where = people()

    def ask(connection: Connection) -> frozenset[str]:
        entry = where._entry(connection, account.id)
        if entry is None:
            return frozenset()
        member = f"(member={escape_filter_chars(entry.dn)})"
        return frozenset(group for group in groups if connection.read(group, ["1.1"], member))

    return where._ask(ask)
