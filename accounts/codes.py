"""Codes by SMS: asked for in a request, made and sent in a task, checked in a request (security.md K1 to K5).

A *challenge* is one browser session's way through one journey. The request does the same for every name
that is typed: one row, one task. Whether there is anyone to send a code to, the task finds out (E1, E2).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext

from accounts import audit, directory, limits
from accounts.directory import Account
from accounts.encryption import digest
from accounts.models import Challenge, Event, FailedTry, Phone, Purpose, SendQuota, SmsDay, User
from idportal import sms
from idportal.hosts import journey_host

log = logging.getLogger("idportal.codes")

_HOSTS = {Purpose.REGISTER: "REGISTER_HOST", Purpose.RESET: "RESET_HOST"}


def ask(
    purpose: Purpose,
    *,
    language: str,
    address: str | None,
    asked_for: str = "",
    user: User | None = None,
    number: str = "",
) -> Challenge:
    """Begins a challenge and queues its first code, on commit. ``asked_for`` is what was typed as user name.

    Raises kombu.exceptions.OperationalError if the queue is down.
    """
    with transaction.atomic():
        challenge: Challenge = Challenge.objects.create(
            purpose=purpose, language=language, address=address, asked_for=asked_for, user=user, number=number
        )
        audit.record(Event.CODE_REQUESTED, user, actor=user, result=purpose, address=address)
        _queue(challenge)
    return challenge


def ask_again(challenge: Challenge, address: str | None) -> bool:
    """Queues another code for a challenge, if the last was asked for a while ago; says whether it did.

    What decides is the session's own clock, so that the answer says nothing of the account. A challenge that ended
    because the account's owner did something elsewhere begins anew.
    """
    with transaction.atomic():
        # As it is now: what ended since it was read, a right that was used, must not begin anew.
        challenge = _locked(challenge.pk)
        if not challenge.generate_is_allowed()[0]:
            return False
        challenge.cooldown_set(commit=False)
        if challenge.verified_at is None:
            challenge.ended_at = None
        challenge.save(update_fields=["last_generated_timestamp", "ended_at"])
        audit.record(Event.CODE_REQUESTED, challenge.user, result=challenge.purpose, address=address)
        _queue(challenge)
    return True


def resend_in(challenge: Challenge) -> int:
    """Seconds until another code can be asked for; 0 if now."""
    allowed, waiting = challenge.generate_is_allowed()
    return 0 if allowed else max(1, round((waiting["next_generation_at"] - timezone.now()).total_seconds()))


def _queue(challenge: Challenge) -> None:
    from accounts.tasks import send_code

    # A code that comes when nobody waits for it any more only confuses.
    transaction.on_commit(lambda: send_code.apply_async((challenge.pk,), expires=limits.CODE_LIFETIME))


def deliver(challenge_id: int) -> None:
    """Makes a challenge's code and sends it, if there is someone to send it to and the limits allow it."""
    challenge = Challenge.objects.select_related("user").get(pk=challenge_id)
    age = timezone.now() - challenge.last_generated_timestamp
    if challenge.ended_at or challenge.verified_at or age > timedelta(seconds=limits.CODE_LIFETIME):
        return
    if challenge.purpose == Purpose.RESET and not _recognise(challenge):
        return
    user = challenge.user
    code = _make(challenge, user) if user else None
    if user is None or code is None:
        return
    try:
        gateway = sms.send(challenge.number, text(code, Purpose(challenge.purpose), challenge.language))
    except sms.SmsError as error:
        log.error("a code for %s was not sent: %s", challenge.purpose, error)
        if not error.perhaps_sent:
            _give_back(challenge, user)
        audit.record(Event.CODE_NOT_SENT, user, result="no gateway took it")
        return
    audit.record(Event.CODE_SENT, user, result=f"{challenge.purpose} by gateway {gateway}")


def text(code: str, purpose: Purpose, language: str) -> str:
    """The SMS: one GSM-7 segment, whose last line binds the code to the host where it is entered (K4).

    Source of that line: WICG, Origin-bound one-time codes delivered via SMS.
    """
    with translation.override(language):
        words = gettext("Din säkerhetskod är %s. Den gäller i 10 minuter. Lämna aldrig ut koden till någon.") % code
    return f"{words}\n\n@{journey_host(_HOSTS.get(purpose))} #{code}"


def _recognise(challenge: Challenge) -> bool:
    """Finds the account and the number that belong to what was typed. False: there is nobody to send to."""
    known = challenge.user
    try:
        people = directory.connect()
        account = people.get(known.directory_id) if known else people.find(challenge.asked_for)
    except directory.DirectoryError as error:
        log.error("a code for %s was not sent: %s", challenge.purpose, type(error).__name__)
        audit.record(Event.CODE_WITHHELD, known, result="directory unavailable", address=challenge.address)
        return False
    phone = Phone.objects.select_related("user").filter(user__directory_id=account.id).first() if account else None
    challenge.asked_for = ""
    if account is None or not account.served or phone is None:
        challenge.save(update_fields=["asked_for"])
        audit.record(Event.CODE_WITHHELD, account, result=_why_not(account), address=challenge.address)
        return False
    challenge.user, challenge.number = phone.user, phone.number
    challenge.save(update_fields=["asked_for", "user", "number"])
    return True


def _why_not(account: Account | None) -> str:
    if account is None:
        return "no such account"
    if account.protected:
        return "protected account"
    return "no number" if account.enabled else "disabled account"


def _make(challenge: Challenge, person: User) -> str | None:
    """The code, with its hash on the challenge and the older codes dead; or None if a limit says no."""
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=person.pk)
        refusal = _limit_reached(challenge, user)
        if refusal:
            audit.record(Event.CODE_WITHHELD, user, result=refusal, address=challenge.address)
            return None
        # Others that wait for a code of this kind lose theirs; they may ask again, and this one then loses its own.
        waiting = Challenge.objects.filter(user=user, purpose=challenge.purpose, verified_at=None, ended_at=None)
        waiting.exclude(pk=challenge.pk).update(token="")
        audit.record(Event.CODE_ATTEMPTED, user, result=challenge.purpose, address=challenge.address)
        challenge = Challenge.objects.select_for_update().get(pk=challenge.pk)
        # While this waited for the account, its owner may have come to the end of another way.
        return None if challenge.ended_at or challenge.verified_at else challenge.generate_token()


class _LimitReached(Exception):
    """Which limit says no to a code."""


def _limit_reached(challenge: Challenge, user: User) -> str:
    """Counts a code against all its limits, or against none and says which one is reached."""
    if failures(user.directory_id) >= limits.CODE_FAILURES_A_DAY:
        return "too many wrong codes in a day"
    try:
        with transaction.atomic():
            _count(challenge, user)
    except _LimitReached as limit:
        return str(limit)
    if SmsDay.today() == limits.SMS_WARN_AT * settings.SMS_DAILY_LIMIT // 100:
        log.warning("%d %% of the daily limit of SMS is used", limits.SMS_WARN_AT)
    return ""


def _quotas(challenge: Challenge, user: User) -> Iterator[tuple[str, limits.Sends, str]]:
    """What a code counts against: the digest of each, how many it allows, and what is said when it is used up."""
    yield digest(challenge.number, "number"), limits.SENDS, "too many codes to this number"
    # To reset goes to the one number on file. To register goes to any that is typed: strangers' too.
    if challenge.purpose == Purpose.REGISTER:
        yield digest(user.directory_id, "account"), limits.REGISTER_SENDS, "too many codes for this account"


def _count(challenge: Challenge, user: User) -> None:
    for counted, allowed, words in _quotas(challenge, user):
        if not SendQuota.take(counted, challenge.purpose, allowed):
            raise _LimitReached(words)
    if not SmsDay.take():
        log.error("the daily limit of SMS is reached: no more codes are sent today")
        raise _LimitReached("daily limit of SMS")


def _give_back(challenge: Challenge, user: User) -> None:
    """A code that no gateway took is not one of the day's: an outage would use those up. The pauses stay."""
    with transaction.atomic():
        for counted, _, _ in _quotas(challenge, user):
            SendQuota.give_back(counted, challenge.purpose)


def failures(directory_id: str) -> int:
    """Wrong codes for the account in the last 24 hours, over all codes and sessions."""
    return FailedTry.count(directory_id, FailedTry.Kind.CODE, timedelta(seconds=limits.DAY))


def end_challenges(user: User) -> None:
    """Kills the account's open challenges, verified or not: codes under way, and rights not yet used."""
    Challenge.objects.filter(user=user, ended_at=None).update(token="", ended_at=timezone.now())


def _locked(challenge_id: int) -> Challenge:
    return Challenge.sealed().select_for_update(of=("self",)).get(pk=challenge_id)


def check(challenge_id: int, code: str, address: str | None) -> Challenge | None:
    """The challenge if this is its code, which is then spent; else None, and the failure counts.

    All callers see the same whether the code is wrong, old, spent or never existed, and the same is done for each.
    """
    digits = "".join(code.split())
    with transaction.atomic():
        challenge = _locked(challenge_id)
        user = challenge.user
        nobody = f"challenge {challenge.pk}"  # a failure that counts against no account is noted all the same
        subject = user.directory_id if user else nobody
        live = challenge.live
        spent = failures(subject) >= limits.CODE_FAILURES_A_DAY
        if challenge.verify_token("" if spent else digits):
            audit.record(Event.CODE_ACCEPTED, user, actor=user, result=challenge.purpose, address=address)
            return challenge
        FailedTry.objects.create(subject=subject if live else nobody, kind=FailedTry.Kind.CODE)
        audit.record(Event.CODE_REFUSED, user, result=challenge.purpose, address=address)
    return None
