"""Codes by SMS: asked for in a request, made and sent in a task, checked in a request (security.md K1 to K5).

A *challenge* is one browser session's way through one journey. The request does the same for every name
that is typed: one row, one task. Whether there is anyone to send a code to, the task finds out (E1, E2).
A code belongs to a user of the directory, or to an orderer, who has no account there.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from kombu.exceptions import OperationalError

from accounts import audit, limits
from accounts.codes import owners, texts
from accounts.codes.owners import Owner
from accounts.encryption import digest
from accounts.models import Challenge, Event, FailedTry, Orderer, Purpose, SendQuota, SmsDay, User
from idportal import sms

log = logging.getLogger("idportal.codes")

text = texts.text


def ask(
    purpose: Purpose,
    *,
    language: str,
    address: str | None,
    asked_for: str = "",
    browser: str = "",
    user: User | None = None,
    orderer: Orderer | None = None,
    number: str = "",
    actor: User | None = None,
) -> Challenge:
    """Begins a challenge and queues its first code, on commit. ``asked_for`` is what was typed as user name.

    ``browser``: a secret of a browser that may have no session yet. The second of two clicks gets the challenge of
    the first: its own would be another one, whose code is not the one in the SMS.
    ``actor``: the agent who asks, if not the owner does.

    An orderer's code goes to ``number`` (E.164) only as long as that is on file for them, and they are active.
    Raises kombu.exceptions.OperationalError if the queue is down.
    """
    fields = {"language": language, "address": address, "user": user, "orderer": orderer, "number": number}
    fields |= {"purpose": purpose, "asked_for": asked_for}
    begun_by = digest(f"{browser}/{asked_for}", "browser") if browser else None
    with transaction.atomic():
        challenge, made = _begin(fields, begun_by)
        if not made:
            return challenge
        owner = orderer or user
        asker = actor or owners.asker(owner, purpose)
        audit.record(Event.CODE_REQUESTED, owner, actor=asker, result=purpose, address=address)
        _queue(challenge)
    return challenge


def _begin(fields: dict[str, Any], begun_by: str | None) -> tuple[Challenge, bool]:
    """A new challenge; or, and False, that of the same click. A click is over when another code may be asked for."""
    if begun_by is None:
        return Challenge.objects.create(**fields), True
    try:
        with transaction.atomic():
            return Challenge.objects.create(**fields, begun_by=begun_by), True
    except IntegrityError:  # also by a click that was still under way, for which the unique field has waited
        since = timezone.now() - timedelta(seconds=limits.SEND_COOLDOWN)
        over = Q(asked_at__lte=since) | Q(verified_at__isnull=False)
        Challenge.objects.filter(over, begun_by=begun_by).update(begun_by=None)
        return Challenge.sealed().get_or_create(begun_by=begun_by, defaults=fields)


def ask_again(challenge: Challenge, address: str | None, asked_for: str = "") -> bool:
    """Queues another code for a challenge, if the last was asked for a while ago; says whether it did.

    What decides is the session's own clock, so that the answer says nothing of the account. A challenge that ended
    because the account's owner did something elsewhere begins anew. ``asked_for``: the name, if it was typed again.
    The SMS is in the language of the page.
    """
    with transaction.atomic():
        # As it is now: what ended since it was read, a right that was used, must not begin anew.
        challenge = _locked(challenge.pk)
        if challenge.verified_at or resend_in(challenge):
            return False
        challenge.asked_at = timezone.now()
        challenge.ended_at = None
        challenge.language = get_language() or settings.LANGUAGE_CODE
        fields = ["asked_at", "ended_at", "language"]
        if asked_for:
            challenge.asked_for, fields = asked_for, [*fields, "asked_for"]
        challenge.save(update_fields=fields)
        audit.record(Event.CODE_REQUESTED, owners.owner_of(challenge), result=challenge.purpose, address=address)
        _queue(challenge)
    return True


def resend_in(challenge: Challenge) -> int:
    """Seconds until another code can be asked for; 0 if now."""
    return max(0, math.ceil(limits.SEND_COOLDOWN - (timezone.now() - challenge.asked_at).total_seconds()))


def _queue(challenge: Challenge) -> None:
    from accounts.tasks import send_code

    def queue() -> None:
        try:
            # A code that comes when nobody waits for it any more only confuses.
            send_code.apply_async((challenge.pk,), expires=limits.CODE_LIFETIME)
        except OperationalError:
            # The next click begins anew, or it would be led on to wait for a code that is not on its way.
            Challenge.objects.filter(pk=challenge.pk).update(begun_by=None)
            raise

    transaction.on_commit(queue)


def deliver(challenge_id: int) -> None:
    """Makes a challenge's code and sends it, if there is someone to send it to and the limits allow it."""
    challenge = Challenge.objects.select_related("user", "orderer").get(pk=challenge_id)
    age = timezone.now() - challenge.asked_at
    if challenge.ended_at or challenge.verified_at or age > timedelta(seconds=limits.CODE_LIFETIME):
        return
    if challenge.purpose == Purpose.RESET and not owners.recognise(challenge):
        return
    owner = owners.owner_of(challenge)
    code = _make(challenge, owner) if owner else None
    if owner is None or code is None:
        return
    try:
        gateway = sms.send(challenge.number, text(code, Purpose(challenge.purpose), challenge.language))
    except sms.SmsError as error:
        log.error("a code for %s was not sent: %s", challenge.purpose, error)
        if not error.perhaps_sent:
            _give_back(challenge, owner)
        audit.record(Event.CODE_NOT_SENT, owner, result="no gateway took it")
        return
    audit.record(Event.CODE_SENT, owner, result=f"{challenge.purpose} by gateway {gateway}")


def _make(challenge: Challenge, person: Owner) -> str | None:
    """The code, with its hash on the challenge and the older codes dead; or None if a limit says no."""
    with transaction.atomic():
        owner = owners.lock(person)
        refusal = owners.gone(challenge, owner) or _limit_reached(challenge, owner)
        if refusal:
            audit.record(Event.CODE_WITHHELD, owner, result=refusal, address=challenge.address)
            return None
        # Others that wait for a code of this kind lose theirs; they may ask again, and this one then loses its own.
        theirs = Challenge.objects.filter(owners.theirs(owner), purpose=challenge.purpose)
        theirs.filter(verified_at=None, ended_at=None).exclude(pk=challenge.pk).update(token="")
        audit.record(Event.CODE_ATTEMPTED, owner, result=challenge.purpose, address=challenge.address)
        challenge = Challenge.objects.select_for_update().get(pk=challenge.pk)
        # While this waited for the account, its owner may have come to the end of another way.
        return None if challenge.ended_at or challenge.verified_at else challenge.make_code()


class _LimitReached(Exception):
    """Which limit says no to a code."""


def _limit_reached(challenge: Challenge, owner: Owner) -> str:
    """Counts a code against all its limits, or against none and says which one is reached."""
    if failures(owners.subject(owner, challenge.purpose)) >= limits.CODE_FAILURES_A_DAY:
        return "too many wrong codes in a day"
    try:
        with transaction.atomic():
            _count(challenge, owner)
    except _LimitReached as limit:
        return str(limit)
    if SmsDay.today() == limits.SMS_WARN_AT * settings.SMS_DAILY_LIMIT // 100:
        log.warning("%d %% of the daily limit of SMS is used", limits.SMS_WARN_AT)
    return ""


def used_up(orderer: Orderer, purpose: Purpose) -> bool:
    """Whether no code for this purpose would go to the orderer now. For the helpdesk alone: nobody else is to know."""
    if failures(owners.subject(orderer, purpose)) >= limits.CODE_FAILURES_A_DAY:
        return True
    return not SendQuota.has_room(digest(orderer.mobile, "number"), purpose, limits.SENDS)


def _quotas(challenge: Challenge, owner: Owner) -> Iterator[tuple[str, limits.Sends, str]]:
    """What a code counts against: the digest of each, how many it allows, and what is said when it is used up."""
    yield digest(challenge.number, "number"), limits.SENDS, "too many codes to this number"
    # All others go to the one number on file. To register goes to any that is typed: strangers' too.
    if challenge.purpose == Purpose.REGISTER:
        account = digest(owners.subject(owner, challenge.purpose), "account")
        yield account, limits.REGISTER_SENDS, "too many codes for this account"


def _count(challenge: Challenge, owner: Owner) -> None:
    for counted, allowed, words in _quotas(challenge, owner):
        if not SendQuota.take(counted, challenge.purpose, allowed):
            raise _LimitReached(words)
    if not SmsDay.take():
        log.error("the daily limit of SMS is reached: no more codes are sent today")
        raise _LimitReached("daily limit of SMS")


def _give_back(challenge: Challenge, owner: Owner) -> None:
    """A code that no gateway took is not one of the day's: an outage would use those up. The pauses stay."""
    with transaction.atomic():
        for counted, _, _ in _quotas(challenge, owner):
            SendQuota.give_back(counted, challenge.purpose)


def failures(subject: str) -> int:
    """Wrong codes for an account or an orderer (``code_owners.subject``) in a day, over all codes and sessions."""
    return FailedTry.count(subject, FailedTry.Secret.CODE, timedelta(seconds=limits.DAY))


def end_challenges(user: User) -> None:
    """Kills the account's open challenges, verified or not: codes under way, and rights not yet used."""
    Challenge.objects.filter(user=user, ended_at=None).update(token="", ended_at=timezone.now())


def _locked(challenge_id: int) -> Challenge:
    return Challenge.sealed().select_for_update(of=("self",)).get(pk=challenge_id)


def check(challenge_id: int, code: str, address: str | None, actor: User | None = None) -> Challenge | None:
    """The challenge if this is its code, which is then spent; else None, and the failure counts.

    ``actor``: the agent who enters it, if not the owner does. All callers see the same whether the code is wrong, old,
    spent or never existed, and the same is done for each.
    """
    with transaction.atomic():
        challenge = _locked(challenge_id)
        owner = owners.owner_of(challenge)
        nobody = f"challenge {challenge.pk}"  # a failure that counts against no account is noted all the same
        subject = owners.subject(owner, challenge.purpose) if owner else nobody
        live = challenge.live
        spent = failures(subject) >= limits.CODE_FAILURES_A_DAY
        if challenge.accept("" if spent else texts.plain(code)):
            asker = actor or owners.asker(owner, challenge.purpose)
            audit.record(Event.CODE_ACCEPTED, owner, actor=asker, result=challenge.purpose, address=address)
            return challenge
        FailedTry.objects.create(subject=subject if live else nobody, kind=FailedTry.Secret.CODE)
        audit.record(Event.CODE_REFUSED, owner, actor=actor, result=challenge.purpose, address=address)
    return None
