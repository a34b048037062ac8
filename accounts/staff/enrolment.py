"""Enrolment codes: a password alone connects no second factor (security.md A1).

Another administrator, or the shell, issues a code to a person; the person enters it after the password, once, and may
then connect a factor in that sign-in. After a removal a new code is needed. ``second_factor`` connects and removes.
"""

import enum
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from accounts import audit, codes, limits, signals, users
from accounts.directory import connect_staff
from accounts.models import EnrolmentCode, Event, User
from accounts.staff import roles, second_factor


class Unissued(enum.Enum):
    """Why a person gets no code."""

    UNKNOWN = "unknown"  # nobody of staff has the name
    DISABLED = "disabled"
    NO_ROLE = "no role"
    OWN = "own"  # nobody issues one to themselves
    CONNECTED = "connected"  # there is a second factor already


@dataclass(frozen=True, slots=True)
class Issued:
    """``code`` is kept nowhere: show it once."""

    username: str
    code: str
    valid_until: datetime


@sensitive_variables()
def issue(name: str, *, actor: User | None = None, address: str | None = None) -> Issued | Unissued:
    """Makes a code for the member of staff who has this user name, and ends an earlier one. Tells the person.

    ``actor`` None: a command. Raises DirectoryError if the directory can't tell.
    """
    account = connect_staff().find(name)
    if account is None:
        return Unissued.UNKNOWN
    if actor and actor.directory_id == account.id:
        return Unissued.OWN
    if not account.enabled:
        return Unissued.DISABLED
    if not roles.roles_of(account):
        return Unissued.NO_ROLE
    user = users.for_account(account)
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=user.pk)
        if second_factor.is_enrolled(person):
            return Unissued.CONNECTED
        row, code = EnrolmentCode.make(person)
        audit.record(Event.ENROLMENT_CODE_ISSUED, account, actor=actor, address=address)
        signals.enrolment_code_issued.send(EnrolmentCode, user=person, account=account)
    return Issued(account.username, code, row.valid_until)


@sensitive_variables()
def enter(user: User, code: str, address: str | None) -> int | None:
    """The id of this code, which is then spent and lets this sign-in connect a factor; else None.

    After ENROLMENT_TRIES wrong ones the code is dead; the person and the administrators are told. The answer is the
    same for every reason.
    """
    account, administrators = users.account_to_tell(user, staff=True), users.administrators_to_tell()
    with transaction.atomic():
        # One at a time for each user, so that of two right ones one is first, and each sees the count of the last.
        person = User.objects.select_for_update().get(pk=user.pk)
        row = EnrolmentCode.objects.filter(user=person).first()
        live = row is not None and row.live
        if row and live and row.accept(codes.plain(code)):
            audit.record(Event.ENROLMENT_CODE_ACCEPTED, person, actor=person, address=address)
            return row.pk
        audit.record(Event.ENROLMENT_CODE_REFUSED, person, result="wrong" if live else "no valid code", address=address)
        if row and live and row.failures >= limits.ENROLMENT_TRIES:
            # Robustly: a failed notice must not undo the count, or guesses would have no end.
            signals.enrolment_stopped.send_robust(
                EnrolmentCode, user=person, account=account, administrators=administrators
            )
    return None
