"""Counts of codes and tries against an account, an orderer or a number (security.md K1, K5, D1).

A stranger who knows a user name can ask for codes to the owner's telephone and mistype them, until none go out for a
day. So each count is kept twice: for *known* browsers (``accounts.sessions.browsers``), and for all others.
Neither stops the other, nor do the pauses between codes. An agent wipes both for an owner without a known browser.
"""

import logging
from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import limits
from accounts.models import (
    Challenge,
    FailedTry,
    Orderer,
    Purpose,
    SendQuota,
    SmsDay,
)
from accounts.models.codes import Owner, WrongCodes
from accounts.privacy.encryption import digest
from accounts.throttling import known_browsers

log = logging.getLogger("idportal.codes")

Secret = FailedTry.Secret

_DAY = timedelta(seconds=limits.DAY)


def subject(owner: Owner, purpose: str) -> str:
    """The key under which wrong codes are counted: the directory's id; or "orderer", its key, and the purpose."""
    # By purpose, so that a stranger who burns an orderer's sign-in codes does not stop the helpdesk's check.
    return f"orderer {owner.pk} {purpose!s}" if isinstance(owner, Orderer) else owner.directory_id


def browser_id(owner: Owner) -> str:
    """The id by which ``accounts.sessions.browsers`` knows the owner."""
    return known_browsers.orderer_id(owner.pk) if isinstance(owner, Orderer) else owner.directory_id


def kind(purpose: str) -> Secret:
    """The kind of failed try that a wrong code for this purpose is. The same for an unknown owner (E2)."""
    register, sign_in = Secret.REGISTER, Secret.SIGN_IN
    kinds = {Purpose.REGISTER: register, Purpose.OLD_NUMBER: register, Purpose.SIGN_IN: sign_in}
    return kinds.get(Purpose(purpose), Secret.CODE)


def failures(subject: str, purpose: str, known: bool = False) -> int:
    """Wrong codes (see ``subject``) in 24 hours, over all codes and sessions: of known browsers, or of all others."""
    return FailedTry.count(subject, kind(purpose), _DAY, known)


def of_a_day(subject: str, challenge: Challenge) -> WrongCodes:
    """The wrong codes of the last 24 hours (see ``subject``) that count where this one does."""
    return WrongCodes(subject, kind(challenge.purpose), timezone.now() - _DAY, challenge.known)


def number_key(number: str, known: bool = False) -> str:
    """The digest under which codes to a number (E.164) are counted."""
    return digest(number, "number, from known browsers" if known else "number")


def _pick(challenge: Challenge, owner: Owner) -> None:
    """Picks the counters of the challenge, by the browser that asks (D1)."""
    challenge.known = known_browsers.is_among(challenge.presented, browser_id(owner))


def _share(challenge: Challenge) -> str:
    """The purpose whose share of the day's SMS the code takes: no stranger uses up that of a known browser (D1, D2)."""
    return Purpose.REGISTER if challenge.known and challenge.purpose == Purpose.RESET else challenge.purpose


def refusal(challenge: Challenge, owner: Owner) -> str:
    """Why no code would go out now; "" if one would. Counts nothing: the task that sends it decides."""
    _pick(challenge, owner)
    if reason := _first_reason(challenge, owner, ""):
        return reason
    for key, most, why in _limits_of(challenge, owner):
        if not SendQuota.has_room(key, challenge.purpose, most):
            return why
    return "" if SmsDay.today() < limits.sms_today(_share(challenge)) else limits.TOO_MANY_SMS


def used_up(orderer: Orderer, purpose: Purpose) -> str:
    """Why no code for this purpose would go to the orderer now; "" if one would."""
    return refusal(Challenge(purpose=purpose, number=orderer.mobile), orderer)


class UsedUp(Exception):
    """A limit leaves no code; its text says which. What was counted meanwhile goes back with the transaction."""


def take(challenge: Challenge, owner: Owner) -> None:
    """Counts one more code against its limits. Raises UsedUp. Also decides whether the browser is known.

    Call it in a transaction.
    """
    _pick(challenge, owner)
    for key, most, why in _limits_of(challenge, owner):
        if not SendQuota.take(key, challenge.purpose, most):
            raise UsedUp(_first_reason(challenge, owner, why))


def take_sms(challenge: Challenge, owner: Owner) -> None:
    """Counts one more SMS of the day, unless there were too many wrong codes. Raises UsedUp.

    All codes wait for the row of the day, until the transaction ends: call it late.
    """
    sent = SmsDay.take(_share(challenge), of_a_day(subject(owner, challenge.purpose), challenge))
    if sent == limits.SMS_WARN_AT * settings.SMS_DAILY_LIMIT // 100:
        log.warning("%d %% of the daily limit of SMS is used", limits.SMS_WARN_AT)
    if sent:
        return
    why = _first_reason(challenge, owner, limits.TOO_MANY_SMS)
    if why == limits.TOO_MANY_SMS and limits.sms_today(_share(challenge)) < settings.SMS_DAILY_LIMIT:
        log.error("no more codes to %s are sent today: their share of SMS_DAILY_LIMIT is used", challenge.purpose)
    elif why == limits.TOO_MANY_SMS:
        log.error("the daily limit of SMS is reached: no more codes are sent today")
    raise UsedUp(why)


def _first_reason(challenge: Challenge, owner: Owner, why: str) -> str:
    """Wrong codes come before any other reason."""
    wrong = failures(subject(owner, challenge.purpose), challenge.purpose, challenge.known)
    return limits.TOO_MANY_WRONG_CODES if wrong >= limits.CODE_FAILURES_A_DAY else why


def _limits_of(challenge: Challenge, owner: Owner) -> Iterator[tuple[str, limits.Sends, str]]:
    """The limits of a code: the digest under which it is counted, how many are allowed, and the refusal."""
    yield number_key(challenge.number, challenge.known), limits.SENDS, limits.TOO_MANY_TO_NUMBER
    # Other codes go to the one number on file. To register, they go to any number that is typed: strangers' too.
    if challenge.purpose == Purpose.REGISTER:
        account = subject(owner, challenge.purpose)
        yield (
            digest(account, "account, from known browsers" if challenge.known else "account"),
            limits.REGISTER_SENDS,
            limits.TOO_MANY_FOR_ACCOUNT,
        )


def give_back(challenge: Challenge, owner: Owner) -> None:
    """Uncounts a code that no gateway took, or an outage would use up the day's codes. The pauses stay."""
    with transaction.atomic():
        for key, _, _ in _limits_of(challenge, owner):
            SendQuota.give_back(key, challenge.purpose)
