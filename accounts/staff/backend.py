"""Signs staff in: django-auth-ldap binds with the password and asks for the groups (settings AUTH_LDAP_*).

The portal's limits come before it and the trail after it (``accounts.passwords.sign_in``). It can't tell an expired
password from a wrong one, and nor does the page.
"""

import secrets
import time
import uuid
from contextlib import suppress
from functools import partial
from typing import Any

import ldap
from django.conf import settings
from django.contrib.auth import authenticate
from django.dispatch import receiver
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables
from django_auth_ldap.backend import LDAPBackend, ldap_error

from accounts.directory import Account, Expiry, PasswordCheck, connect_staff, converted, full_steps, translated
from accounts.models import User
from accounts.passwords import sign_in
from accounts.passwords.sign_in import Knows, SignInOutcome
from accounts.staff import roles
from idportal.channels.auth_ldap import PEOPLE, NoRole


class StaffBackend(LDAPBackend):
    """Knows a user by the immutable id: a name that somebody else has now is not the person who had it."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """The user with this name in the directory, if the password is right and the account is in a staff group.

        Raises NoRole if it is in none, and DirectoryError. libldap would pass over a server that is down, but not one
        that is silent after it has been connected to: so the portal chooses among them.
        """
        self.settings.SERVER_URI, self.settings.START_TLS = connect_staff().server()
        found: User | None = super().authenticate(request, username, password, **kwargs)
        return found

    @sensitive_variables("password")
    def authenticate_ldap_user(self, ldap_user: Any, password: str) -> User | None:
        """A name that nobody has takes a bind, too (E2). The connection ends with this."""
        with translated(), converted():
            connection = ldap_user.connection
        try:
            if ldap_user.dn:
                found: User | None = super().authenticate_ldap_user(ldap_user, password)
                return found
            nobody = f"cn={secrets.token_hex(8)},{self.settings.USER_SEARCH.base_dn}"
            with translated(), converted(), suppress(ldap.INVALID_CREDENTIALS):
                connection.simple_bind_s(nobody, secrets.token_hex(8))
            return None
        finally:
            connection.unbind_ext()

    def get_or_build_user(self, username: str, ldap_user: Any) -> tuple[User, bool]:
        """The row of the immutable id, made if there is none, with the name that the directory has now."""
        _people, named, identifier = PEOPLE[settings.DIRECTORY_KIND]
        name, value = ldap_user.attrs[named][0], ldap_user.attrs[identifier][0]
        raw = value.encode() if isinstance(value, str) else value  # bytes that happen to be a text come as one
        found = uuid.UUID(raw.decode()) if settings.DIRECTORY_KIND == "openldap" else uuid.UUID(bytes_le=raw)
        # What is not read here is not saved either: a session that is ended meanwhile stays ended (R4).
        rows = User.objects.only("directory_id", "username", "is_staff", "is_superuser")
        user, _made = rows.get_or_create(directory_id=str(found), defaults={"username": name})
        user.username = name
        user.is_staff = user.is_superuser = False  # AUTH_LDAP_USER_FLAGS_BY_GROUP comes next
        return user, False


@receiver(ldap_error, sender=StaffBackend)
def is_an_outage(exception: ldap.LDAPError, **_: Any) -> None:
    """Where django-auth-ldap would say that the password is wrong."""
    with translated(), converted():
        raise exception


def check(
    request: HttpRequest, name: str, password: str, address: str | None, knows: Knows
) -> tuple[SignInOutcome, User | None]:
    """Checks the user name and password of a member of staff. Returns the user with RIGHT only.

    Accepts protected accounts: all staff have them. NO_ROLE comes after the right password only. Raises
    DirectoryError if the directory can't tell.
    """
    where = connect_staff()
    found = where.find(name)
    ask = partial(_ask, request)
    return sign_in.try_password(
        where, found, found, username=name, password=password, address=address, knows=knows, ask=ask
    )


@sensitive_variables("password")
def _ask(request: HttpRequest, account: Account | None, password: str) -> PasswordCheck:
    started = time.monotonic()
    name = account.username if account else secrets.token_hex(8)
    try:
        user = authenticate(request, username=name, password=password)
    except NoRole:
        if account:
            roles.roles_of(account)  # raises if a group can't be read
        return PasswordCheck.NO_ROLE
    except UnicodeEncodeError:
        user = None  # no password has half a surrogate pair
    # slapd lets in who must change the password, and nothing more.
    if user and account and account.enabled and account.expires is not Expiry.MUST_CHANGE:
        return PasswordCheck.RIGHT
    full_steps(started)
    return PasswordCheck.WRONG
