"""Setting a new password with a code. Source: manual-sv.md, "Återställa/byta lösenord"; security.md R1 to R8."""

import enum
import logging
from dataclasses import dataclass
from datetime import timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from accounts import audit, codes, directory, limits, users
from accounts.directory import Account, OutcomeUnknown, PasswordChange, Served
from accounts.models import Challenge, Event, Purpose, User, statements
from accounts.passwords.policy import Owner, broken_rules
from accounts.signals import password_reset

log = logging.getLogger("idportal.reset")

DATABASE_DOWN = (OperationalError, InterfaceError)


class ResetOutcome(enum.Enum):
    """The outcome of a new password. The directory's refusals have their names in ``PasswordChange``."""

    DONE = "done"
    BROKEN_RULES = "broken rules"
    IN_HISTORY = "in history"
    TOO_WEAK = "too weak"
    TOO_YOUNG = "too young"
    NOT_ALLOWED = "not allowed"
    BUSY = "busy"
    NOT_VERIFIED = "not verified"


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome; for BROKEN_RULES with the keys of the rules."""

    outcome: ResetOutcome
    broken: tuple[str, ...] = ()


def verified(right: tuple[int, str] | None) -> Challenge | None:
    """The challenge of a session's right, if its code was accepted, and the right is still good and of this person."""
    challenge = Challenge.opened(right[0], Purpose.RESET) if right else None
    if challenge is None or right is None or not (challenge.verified and challenge.user):
        return None
    return challenge if challenge.bearer == right[1] else None


def extend(challenge: Challenge, address: str | None) -> None:
    """Gives the right VERIFIED_LIFETIME anew, from now, at the press of its owner; EXTENSIONS times at most (R3)."""
    now = timezone.now()
    since = [now - timedelta(seconds=length) for length in (limits.VERIFIED_LIFETIME, limits.EXTENSION_PAUSE)]
    good = Challenge.objects.filter(pk=challenge.pk, ended_at=None, verified_at__gt=since[0], verified_at__lt=since[1])
    with transaction.atomic():
        if good.filter(extensions__lt=limits.EXTENSIONS).update(verified_at=now, extensions=F("extensions") + 1):
            audit.record(Event.TIME_EXTENDED, challenge.owner, actor=challenge.user, address=address)


def set_password(challenge: Challenge, found: Served, password: str, address: str | None) -> Result:
    """Sets the account's password once, if the rules and the directory accept it. A refusal leaves the right as it was.

    Records the attempt before it touches the directory, and DONE only after the directory said yes (R8). Raises
    OutcomeUnknown if the directory broke off, DirectoryError if it was not reached; the right then stays.
    """
    user, account = challenge.user, found.account
    if user is None:
        return Result(ResetOutcome.NOT_ALLOWED)
    owner = Owner(account.username, account.given_name, account.surname, account.company)
    broken = tuple(rule.key for rule in broken_rules(password, owner))
    if broken:
        return _refuse(challenge, account, Result(ResetOutcome.BROKEN_RULES, broken), address)
    with transaction.atomic():  # without its row in the trail, the right is not taken
        if not _claim(challenge):
            return Result(
                ResetOutcome.BUSY if verified((challenge.pk, challenge.bearer)) else ResetOutcome.NOT_VERIFIED
            )
        audit.record(Event.PASSWORD_ATTEMPTED, account, actor=user, address=address)
    try:
        change = directory.connect().set_password(found, password)
        if change is PasswordChange.UNAVAILABLE:
            raise OutcomeUnknown("no answer to a password change")
    except directory.DirectoryError as error:
        try:
            _release(challenge)
            if isinstance(error, OutcomeUnknown):
                users.end_sessions(user)  # it may be in place
            audit.record(Event.PASSWORD_REFUSED, account, actor=user, result="outcome not known", address=address)
        except DATABASE_DOWN as down:  # the page must still speak of the password
            log.error("the outcome of a new password is not known, nor noted: %s", type(down).__name__)
        raise
    if change is not PasswordChange.DONE:
        _release(challenge)
        return _refuse(challenge, account, Result(ResetOutcome[change.name]), address)
    _note_done(challenge, user, account, address)
    return Result(ResetOutcome.DONE)


def _note_done(challenge: Challenge, user: User, account: Account, address: str | None) -> None:
    """Ends codes and sessions, records the event and tells the owner: all or nothing, and in up to three attempts.

    The directory can't take a password back. Raises OutcomeUnknown if the database fails three times: the page then
    asks the person to try whether the password works.
    """
    for last in (False, False, True):
        try:
            with transaction.atomic():
                ended = users.ended_sessions(user)  # locks the user before its challenges, as everywhere
                codes.end_challenges(user)
                statements.forget_wrong_passwords(account.id)
                audit.add(ended, audit.new_event(Event.PASSWORD_DONE, account, actor=user, address=address))
                password_reset.send(sender=Challenge, user=user, account=account, number=challenge.number)
        except DATABASE_DOWN as error:
            log.error("a new password is in place, but the database did not take note: %s", type(error).__name__)
            if last:
                raise OutcomeUnknown("a new password was not noted") from error
        else:
            return


def _claim(challenge: Challenge) -> bool:
    """Takes the right for one write. One of several parallel posts gets it. After a crash, the lease ends."""
    now = timezone.now()
    since, until = now - timedelta(seconds=limits.VERIFIED_LIFETIME), now + timedelta(seconds=limits.SETTING_LEASE)
    return statements.claim_right(challenge.pk, now, since, until)


def _release(challenge: Challenge) -> None:
    Challenge.objects.filter(pk=challenge.pk).update(setting_until=None)


def _refuse(challenge: Challenge, account: Account, result: Result, address: str | None) -> Result:
    with transaction.atomic():
        Challenge.objects.filter(pk=challenge.pk).update(refusals=F("refusals") + 1)
        why = ", ".join((result.outcome.value, *result.broken))
        audit.record(Event.PASSWORD_REFUSED, account, actor=challenge.user, result=why, address=address)
    return result
