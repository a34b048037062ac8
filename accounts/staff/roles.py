"""Staff of the portal itself: who they are by the directory's groups, and where each may go.

A *role* comes from a group of the directory and lasts for as long as the directory says so: it is asked at each
request (security.md S2). Nothing is kept here but two flags, which Django's admin wants to see.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings

from accounts import audit
from accounts.directory import CLOCKS_DIFFER, Account, Expiry, connect_staff
from accounts.models import Event, User
from accounts.passwords import sign_in
from accounts.passwords.sign_in import SignInOutcome

Roles = frozenset[str]
NONE: Roles = frozenset()


@dataclass(frozen=True, slots=True)
class Role:
    """``group``: the setting that names the directory's group; ``home``: the pages below are for this role alone."""

    name: str
    group: str
    home: str


ADMINISTRATOR = Role("administrator", "DIRECTORY_ADMIN_GROUP", "/admin/")
AGENT = Role("agent", "DIRECTORY_HELPDESK_GROUP", "/helpdesk/")

# In this order: the first that a person has says where they go after signing in. Who has both goes to the queue, which
# others wait for.
ROLES: tuple[Role, ...] = (AGENT, ADMINISTRATOR)


def check(name: str, password: str, address: str | None) -> tuple[SignInOutcome, User | None]:
    """Checks the user name and password of somebody who should have a role. The user comes with RIGHT only.

    Protected accounts are welcome here, as administrators' are, and agents' while HELPDESK_SMS_FACTOR is on. That
    somebody has no role is told after the right password only. Raises DirectoryError if the directory can't tell.
    """
    where = connect_staff()
    found = where.find(name)
    outcome, user = sign_in.try_password(where, found, found, username=name, password=password, address=address)
    if user is None or found is None:
        return outcome, None
    held = roles_of(found)
    _mirror(user, held)
    if not held:
        audit.record(Event.LOGIN_REFUSED, found, result="no role", address=address)
        return SignInOutcome.NO_ROLE, None
    return outcome, user


def roles_of(account: Account) -> Roles:
    """The names of the roles that the directory's groups give the account now. Raises DirectoryError."""
    groups = {role.name: getattr(settings, role.group) for role in ROLES}
    member_of = connect_staff().groups_of(account, {group for group in groups.values() if group})
    return frozenset(name for name, group in groups.items() if group in member_of)


def standing(user: User, had: Roles, password_at: float, address: str | None) -> Roles:
    """The roles that the person has now; none, and a word in the trail, if one that they ``had`` has ended.

    So a session goes on only with all that it began with: the password, too, must be the one that was typed at
    ``password_at`` (seconds since 1970). Raises DirectoryError if the directory can't tell.
    """
    account = connect_staff().get(user.directory_id)
    held = roles_of(account) if account and account.enabled else NONE
    _mirror(user, held)
    changed = account is not None and _changed_since(account, password_at)
    if held and had <= held and not changed:
        # A role that came meanwhile begins with a sign-in of its own: it may want another second factor.
        return held & had if had else held
    reason = "account gone" if account is None else "" if account.enabled else "account disabled"
    lost = reason or ", ".join(sorted(had - held))
    result = lost or ("password changed" if held else "no role")
    audit.record(Event.ROLE_ENDED, account or user, result=result, address=address)
    return NONE


def _changed_since(account: Account, password_at: float) -> bool:
    """Whether the directory has another password than the one typed then, or wants another (R4, S2).

    Within the seconds that the clocks may differ, a change is not told from one that came before.
    """
    if account.expires is Expiry.MUST_CHANGE:
        return True  # who has to change it can't sign in, so that this came afterwards
    last_set = account.password_last_set
    return last_set is not None and last_set > datetime.fromtimestamp(password_at, UTC) + CLOCKS_DIFFER


def role_at(path: str) -> Role | None:
    """The role that pages with this path are for; None for those that are for no role."""
    return next((role for role in ROLES if path.startswith(role.home)), None)


def destination(held: Roles, wanted: str) -> str:
    """Where to go after signing in: where the person wanted to, unless that is for a role that they lack."""
    role = role_at(urlsplit(wanted).path)
    if wanted and (role is None or role.name in held):
        return wanted
    return next(role.home for role in ROLES if role.name in held)


def _mirror(user: User, held: Roles) -> None:
    """Django's admin asks for flags: both follow the administrators' group, and are written alone."""
    flag = ADMINISTRATOR.name in held
    if (user.is_staff, user.is_superuser) != (flag, flag):
        User.objects.filter(pk=user.pk).update(is_staff=flag, is_superuser=flag)
        user.is_staff = user.is_superuser = flag
