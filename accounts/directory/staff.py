# mypy: disallow-untyped-calls=False
"""Staff of the portal itself, through django-auth-ldap: their passwords, and the groups that give them a role.

django-auth-ldap brings the order of things: look up as the service account, bind as the person, ask the groups. It
does so over the portal's own connections, and so after the portal's own settings: the servers in their order, trust,
time limits, and errors that it would swallow. It never sees the name that was typed, only an account that was found.

Not in AUTHENTICATION_BACKENDS: Django would ask it past the limits of ``accounts.sign_in``.
"""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Iterable
from contextlib import closing
from typing import Any, cast

import ldap
from django.views.decorators.debug import sensitive_variables
from django_auth_ldap.backend import LDAPBackend, _LDAPUser
from django_auth_ldap.config import GroupOfNamesType, LDAPGroupQuery, LDAPSearch, LDAPSettings
from ldap.filter import escape_filter_chars

from accounts import users
from accounts.directory import connect
from accounts.directory.account import Account, DirectoryMisconfigured, DirectoryUnavailable, PasswordCheck
from accounts.directory.connection import Broken, Connection, Refused
from accounts.directory.dialect import STEP, LdapDirectory
from accounts.directory.pool import translated
from accounts.models import User


def people() -> LdapDirectory:
    """The directory where staff is looked up: as ``directory.connect()``, but under ``DIRECTORY_STAFF_BASE``."""
    return cast(LdapDirectory, connect()).of_staff()


@sensitive_variables("password")
def check_password(account: Account | None, password: str) -> PasswordCheck:
    """Bind as the account, protected ones too. An empty password is WRONG and is not sent (``security.md`` P4).

    For ``None`` the same is done with a name and a password that nobody has. Raises DirectoryError.
    """
    if not password:
        return PasswordCheck.WRONG
    started = time.monotonic()
    where = people()
    with translated(), closing(where._service.connect()) as connection:
        backend = StaffBackend(where, account, connection)
        name = account.username if account else "nobody"
        backend.authenticate(None, username=name, password=password if account else secrets.token_hex(8))
    if backend.wire.answer in (PasswordCheck.WRONG, PasswordCheck.LOCKED):
        time.sleep((started - time.monotonic()) % STEP)
    return backend.wire.answer


def groups_of(account: Account, groups: Iterable[str]) -> frozenset[str]:
    """Which of these groups (DNs) have the account as a ``member``, at this moment. Raises DirectoryError."""
    where = people()

    def ask(connection: Connection) -> frozenset[str]:
        person = _LDAPUser(StaffBackend(where, account, connection), username=account.username)
        if person.dn is None:
            return frozenset()
        return frozenset(group for group in groups if LDAPGroupQuery(group).resolve(person))

    return where._ask(ask)


class StaffBackend(LDAPBackend):
    """django-auth-ldap for one account, on one connection. It keeps no flags: those are ``accounts.staff``'s.

    Its own way to keep them would write the whole row of the user back, and with it what others changed meanwhile.
    """

    def __init__(self, people: LdapDirectory, account: Account | None, connection: Connection) -> None:
        self._account = account
        self.wire = _Wire(people, connection, somebody=account is not None)
        config = people._config
        wanted = people._identifier_filter(uuid.UUID(account.id) if account else uuid.uuid4())
        found_by = people._people(wanted).replace("%", "%%")  # django-auth-ldap fills in %(user)s, which is not there
        anything = LDAPSearch(config.user_base, ldap.SCOPE_SUBTREE)
        # Under a prefix that no setting has, so that nothing but this counts.
        self.settings = LDAPSettings(
            "DIRECTORY_STAFF_",
            {
                "BIND_DN": config.bind_dn,
                "BIND_PASSWORD": config.bind_password,
                "USER_SEARCH": LDAPSearch(config.user_base, ldap.SCOPE_SUBTREE, found_by, ["1.1"]),
                "GROUP_TYPE": GroupOfNamesType(),
                "GROUP_SEARCH": anything,  # must be there, and is not used: each group is asked for itself
                "ALWAYS_UPDATE_USER": False,
            },
        )

    @property
    def ldap(self) -> _Wire:
        return self.wire

    def get_or_build_user(self, username: str, ldap_user: _LDAPUser) -> tuple[User, bool]:
        """The portal's record of the account, which is known by its immutable id and no name."""
        if self._account is None:
            raise DirectoryMisconfigured("the directory let nobody in")
        return users.of(self._account), False


class _Wire:
    """One of the portal's connections, as django-auth-ldap wants one. ``answer``: what the person's bind said.

    It raises the portal's own errors for what is no answer about the person; django-auth-ldap lets those pass.
    """

    def __init__(self, people: LdapDirectory, connection: Connection, *, somebody: bool) -> None:
        self._people = people
        self._connection = connection
        self._somebody = somebody
        self.answer = PasswordCheck.WRONG

    def initialize(self, *_: Any, **__: Any) -> _Wire:
        """Open already, by the portal."""
        return self

    @sensitive_variables("password")
    def simple_bind_s(self, dn: str, password: str) -> None:
        if dn == self._people._config.bind_dn:
            self._connection.bind(dn, password)
            return
        self.answer = self._bind(dn, password)
        if self.answer is not PasswordCheck.RIGHT:
            raise ldap.INVALID_CREDENTIALS

    @sensitive_variables("password")
    def _bind(self, dn: str, password: str) -> PasswordCheck:
        try:
            policy = self._connection.bind(dn, password)
        except UnicodeEncodeError:
            return PasswordCheck.WRONG  # half a surrogate pair is in nobody's password
        except Broken as broken:
            # Not tried again elsewhere: it may have been counted as a wrong password already.
            self._people._servers.mark_dead(self._connection.server, str(broken))
            raise DirectoryUnavailable("the directory did not answer a bind") from None
        except Refused as refused:
            outcome = self._people._outcome(refused)
            if outcome is None:
                raise DirectoryUnavailable(f"a person's bind was refused: {refused}") from None
            return outcome
        return PasswordCheck.RIGHT if policy is None else self._people._outcome_of(policy)

    def search_s(self, base: str, scope: int, condition: str, attributes: list[str]) -> list[tuple[str, Any]]:
        found = self._connection.search(base, condition, attributes, scope=scope)
        if self._somebody:
            return [(entry.dn, entry.attributes) for entry in found]
        return [(f"cn={secrets.token_hex(8)},{base}", {})]

    def compare_s(self, dn: str, name: str, value: bytes) -> bool:
        """By a search, which needs no more than to read. A group that is not there has no members."""
        return self._connection.read(dn, ["1.1"], f"({name}={escape_filter_chars(value.decode())})") is not None
