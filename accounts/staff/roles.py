"""The roles of staff: groups of the directory, read at each request (S2). The database has two flags, for the admin."""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings

from accounts import audit
from accounts.directory import CLOCKS_DIFFER, Account, DirectoryMisconfigured, Expiry, connect_staff
from accounts.models import Event, User

Roles = frozenset[str]
NONE: Roles = frozenset()


@dataclass(frozen=True, slots=True)
class Role:
    """``group``: the setting with the directory's group; ``home``: the pages below it are for this role alone."""

    name: str
    group: str
    home: str


ADMINISTRATOR = Role("administrator", "DIRECTORY_ADMIN_GROUP", "/admin/")
AGENT = Role("agent", "DIRECTORY_HELPDESK_GROUP", "/helpdesk/")

# The first role that a user has decides the page after the sign-in: with both, the queue, where orderers wait.
ROLES: tuple[Role, ...] = (AGENT, ADMINISTRATOR)


def roles_of(account: Account) -> Roles:
    """The roles that the directory's groups give the account now.

    Raises DirectoryError, also if the account has no role that can be read, and a group that can't be.
    """
    groups, where = {role.name: getattr(settings, role.group) for role in ROLES}, connect_staff()
    member_of = where.groups_of(account, {group for group in groups.values() if group})
    if not member_of and (unreadable := where.unreadable_groups()):
        raise DirectoryMisconfigured(f"{' and '.join(unreadable)}: the group is not there, or can't be read")
    return frozenset(name for name, group in groups.items() if group in member_of)


def standing(user: User, had: Roles, password_at: float, address: str | None) -> Roles:
    """The roles that the user has now; none, with an audit event, if one that the user ``had`` has ended.

    A session needs all that it began with, also the password that was typed at ``password_at`` (seconds since 1970).
    Raises DirectoryError if the directory can't tell.
    """
    account = connect_staff().get(user.directory_id)
    held = roles_of(account) if account and account.enabled else NONE
    _mirror(user, held)
    # CLOCKS_DIFFER is the tolerance. If the password must be changed, it was not so at the sign-in (R4, S2).
    latest = datetime.fromtimestamp(password_at, UTC) + CLOCKS_DIFFER
    last_set = account.password_last_set if account else None
    changed = (account and account.expires is Expiry.MUST_CHANGE) or (last_set is not None and last_set > latest)
    if held and had <= held and not changed:
        # A role that came meanwhile needs a sign-in of its own: it may want another second factor.
        return held & had if had else held
    reason = "account gone" if account is None else "" if account.enabled else "account disabled"
    lost = reason or ", ".join(sorted(had - held))
    result = lost or ("password changed" if held else "no role")
    audit.record(Event.ROLE_ENDED, account or user, result=result, address=address)
    return NONE


def role_at(path: str) -> Role | None:
    """The role that may see this path; None if all may."""
    return next((role for role in ROLES if path.startswith(role.home)), None)


def destination(held: Roles, wanted: str) -> str:
    """The page after the sign-in: the wanted one, unless it is for a role that the user lacks."""
    role = role_at(urlsplit(wanted).path)
    if wanted and (role is None or role.name in held):
        return wanted
    return next(role.home for role in ROLES if role.name in held)


def _mirror(user: User, held: Roles) -> None:
    """Sets the two flags of Django's admin by the administrators' group."""
    flag = ADMINISTRATOR.name in held
    if (user.is_staff, user.is_superuser) != (flag, flag):
        User.objects.filter(pk=user.pk).update(is_staff=flag, is_superuser=flag)
        user.is_staff = user.is_superuser = flag
