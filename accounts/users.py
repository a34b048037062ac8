"""The portal's records of directory accounts."""

import logging

from django.conf import settings

from accounts import audit, directory
from accounts.directory import Account, Served
from accounts.models import Event, User, statements

log = logging.getLogger("idportal.users")


def for_account(account: Account) -> User:
    """The record of an account, made if there is none, with the user name that the directory has now."""
    user, _made = User.objects.get_or_create(directory_id=account.id, defaults={"username": account.username})
    note_name(user, account)
    return user


def note_name(user: User, account: Account) -> None:
    """Keeps the user name that the directory has now."""
    if user.username != account.username:
        user.username = account.username
        user.save(update_fields=["username"])


def served(user: User) -> Served | None:
    """The user's account, if the directory still has it and the portal still serves it (S2). Raises DirectoryError."""
    return directory.connect().served(user.directory_id)


def account_to_tell(user: User, *, staff: bool = False) -> Account | None:
    """The account whose owner gets a notice. Call it before the change, so that no row is locked meanwhile.

    None, with a line in the log, if the directory can't tell: the change must not wait for it.
    """
    try:
        return (directory.connect_staff() if staff else directory.connect()).get(user.directory_id)
    except directory.DirectoryError as error:
        log.error("the directory does not say where to reach account %s: %s", user.directory_id, type(error).__name__)
        return None


def administrators_to_tell() -> list[Account]:
    """The administrators, who are told of staff's second factors and new browsers (A1). Call it before the change.

    None, with a line in the log, if the directory can't tell.
    """
    try:
        return directory.connect_staff().members_of(settings.DIRECTORY_ADMIN_GROUP)
    except directory.DirectoryError as error:
        log.error("the directory does not say who the administrators are: %s", type(error).__name__)
        return []


def end_sessions(user: User) -> None:
    """Ends every session of this user at its next request (security.md R4)."""
    audit.add(ended_sessions(user))


def ended_sessions(user: User) -> audit.NewEvent:
    """As ``end_sessions``, and leaves it to the caller to add the event to the trail."""
    statements.end_sessions(user.pk)
    return audit.new_event(Event.SESSIONS_ENDED, user)
