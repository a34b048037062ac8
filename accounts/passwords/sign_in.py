"""Logging in with the current password, to register a number; and the limits for staff's log-in too (``staff``).

Source: manual-sv.md; security.md T1, T3. A person whose password ran out is told just that, after the right password
only.
"""

from __future__ import annotations

import enum
from datetime import timedelta

from django.contrib.auth.backends import BaseBackend
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit, directory, limits, users
from accounts.directory import Account, Directory, Lockout, PasswordCheck
from accounts.encryption import digest
from accounts.models import Event, FailedTry, User

# The directory counts by its own clock, in whole seconds, and from when it answered: up to 5 s after the try was noted.
WINDOW_EDGE = timedelta(seconds=10)


class SignInOutcome(enum.Enum):
    """What a log-in came to. WRONG serves wrong, unknown, locked, protected and stopped alike."""

    RIGHT = "right"
    WRONG = "wrong"
    EXPIRED = "expired"
    MUST_CHANGE = "must_change"
    DISABLED = "disabled"
    NO_ROLE = "no_role"  # at staff's log-in alone


_TOLD = {
    PasswordCheck.RIGHT: SignInOutcome.RIGHT,
    PasswordCheck.EXPIRED: SignInOutcome.EXPIRED,
    PasswordCheck.MUST_CHANGE: SignInOutcome.MUST_CHANGE,
    PasswordCheck.DISABLED: SignInOutcome.DISABLED,
}


class SessionBackend(BaseBackend):
    """Finds the user of a session. It lets nobody in: the verbs of this module do."""

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()


def check(name: str, password: str, address: str | None) -> tuple[SignInOutcome, User | None]:
    """Checks a user name and password against the directory. The user comes with RIGHT only.

    Unknown names, and protected accounts, whose passwords are nobody's to try here, go the same way as all
    others to a bind that can't succeed. Raises DirectoryError if the directory can't tell.
    """
    people = directory.connect()
    found = people.find(name)
    account = found if found and not found.protected else None
    outcome, user = try_password(people, found, account, name=name, password=password, address=address)
    if user:
        audit.record(Event.LOGIN_DONE, account, actor=user, address=address)
    return outcome, user


def try_password(
    people: Directory, found: Account | None, account: Account | None, *, name: str, password: str, address: str | None
) -> tuple[SignInOutcome, User | None]:
    """Asks the directory for a password, within the limits of the account (T1, T3). The user comes with RIGHT only.

    ``found``: whom the name belongs to, for the trail; ``account``: the same, or None if no password is to be tried
    for them. The trail is told of the try and of a refusal; what follows a right password is the caller's. Raises
    DirectoryError if the directory can't tell.
    """
    subject = account.id if account else f"name {digest(name.casefold(), 'name')[:30]}"
    # For nobody, the same question to the database.
    user = users.for_account(account) if account else User.objects.filter(directory_id=subject).first()
    with transaction.atomic():
        # Noted before it is made, and one at a time for each account, so that none in parallel goes uncounted.
        User.objects.select_for_update().filter(directory_id=subject).first()
        before = list(FailedTry.objects.filter(subject=subject, kind=FailedTry.Secret.PASSWORD).order_by("-at"))
        noted: FailedTry | None = FailedTry.objects.create(subject=subject, kind=FailedTry.Secret.PASSWORD)
        audit.record(Event.LOGIN_ATTEMPTED, found, address=address)
    try:
        if not _may_try(before, people.lockout(account)):
            _forget(noted)
            noted = None
        answer = people.check_password(account if noted else None, password)
        if answer is PasswordCheck.UNAVAILABLE:
            raise directory.DirectoryUnavailable("no answer to a password check")
    except directory.DirectoryError:
        _forget(noted)
        raise
    outcome = _TOLD.get(answer, SignInOutcome.WRONG)
    if outcome is SignInOutcome.RIGHT and account and not account.enabled:
        outcome = SignInOutcome.DISABLED
    if outcome is SignInOutcome.RIGHT:
        # The directory forgets earlier failures now; the portal does so too, but not those that are under way.
        forgotten = FailedTry.objects.filter(subject=subject, kind=FailedTry.Secret.PASSWORD)
        forgotten.filter(Q(answered=True) | Q(pk=noted.pk if noted else None)).delete()
    elif outcome is not SignInOutcome.WRONG:
        _forget(noted)  # no failure; but Active Directory forgets none at a password that lets nobody in
    elif noted:
        FailedTry.objects.filter(pk=noted.pk).update(answered=True)
    if outcome is not SignInOutcome.RIGHT or user is None:
        result = answer.value if noted else "stopped before lock-out"
        audit.record(Event.LOGIN_REFUSED, found, result=result, address=address)
        return outcome, None
    return outcome, user


def _may_try(before: list[FailedTry], policy: Lockout) -> bool:
    """Whether one more wrong password would still not make the directory lock the account (T3).

    ``before``: the tries that were noted earlier, newest first. Those since the last pause as long as the window
    count: so Active Directory reckons, whose window begins anew with each failure (MS-SAMR 3.1.5.14.6); OpenLDAP,
    whose window slides, counts no more than that. What the directory has counted itself, at a workstation say, is
    more than the portal knows; what is under way at this moment comes on top.
    """
    if policy.threshold:
        # One below the directory's own threshold; a threshold of one leaves no room to be careful.
        room, window = max(1, policy.threshold - 1), policy.window
    else:
        room, window = limits.PASSWORD_TRIES, limits.PASSWORD_WINDOW
    later, answered, under_way = timezone.now(), 0, 0
    for tried in before:
        if later - tried.at > window + WINDOW_EDGE:
            break
        later = tried.at
        answered, under_way = answered + tried.answered, under_way + (not tried.answered)
    elsewhere = policy.failures if policy.threshold else 0  # what never locks may never forget either
    return under_way + max(answered, elsewhere) < room


def _forget(noted: FailedTry | None) -> None:
    if noted:
        FailedTry.objects.filter(pk=noted.pk).delete()


def still_served(user: User) -> Account | None:
    """The account of a session's user, if the directory still has it and the portal still serves it (S2)."""
    account = directory.connect().get(user.directory_id)
    return account if account and account.served else None
