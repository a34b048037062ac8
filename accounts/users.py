"""The portal's records of directory accounts."""

from django.db.models import F

from accounts import audit, directory
from accounts.directory import Account
from accounts.models import Event, User


def for_account(account: Account) -> User:
    """The record of an account, made if there is none, with the user name that the directory has now."""
    user, _made = User.objects.get_or_create(directory_id=account.id, defaults={"username": account.username})
    if user.username != account.username:
        user.username = account.username
        user.save(update_fields=["username"])
    return user


def served_account(user: User) -> Account | None:
    """The user's account, if the directory still has it and the portal still serves it (S2). Raises DirectoryError."""
    account = directory.connect().get(user.directory_id)
    return account if account and account.served else None


def end_sessions(user: User) -> None:
    """Ends every session of this user at its next request (security.md R4)."""
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
    audit.record(Event.SESSIONS_ENDED, user)
