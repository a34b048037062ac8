"""Asking for a code and checking it. Asking does the same work for every user name: one row, one task (E1, E2)."""

import math
import unicodedata
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from kombu.exceptions import OperationalError

from accounts import audit, limits
from accounts.codes.delivery import send_code
from accounts.models import Challenge, Event, FailedTry, Orderer, Purpose, User, statements
from accounts.models.codes import about
from accounts.privacy.encryption import digest
from accounts.throttling import counts
from idportal.runtime import written_sql


def ask(
    purpose: Purpose,
    *,
    address: str | None,
    language: str = "",
    username: str = "",
    browser: str = "",
    presented: str = "",
    user: User | None = None,
    orderer: Orderer | None = None,
    number: str = "",
    actor: User | None = None,
) -> Challenge:
    """Begins a challenge and queues its first code, on commit.

    ``language``: if not the page's. ``username``: as typed, to reset. ``number``: E.164; an orderer's code goes there
    only while the register has it for the orderer. ``browser``: a secret of the browser, which may have no session yet;
    the second of two clicks gets the challenge of the first, whose code is the one in the SMS. ``presented``: by
    ``accounts.sessions.browsers``, for the counters (D1). ``actor``: the agent, if an agent asks. Raises
    kombu.exceptions.OperationalError if the queue is down.
    """
    language = language or get_language() or settings.LANGUAGE_CODE
    fields = {"language": language, "address": address, "user": user, "orderer": orderer, "number": number}
    fields |= {"purpose": purpose, "username": username, "about": about(username), "presented": presented}
    if owner := user or orderer:  # its next page says at once if no code would go out; the task has the last word
        fields["withheld"] = counts.refusal(Challenge(**fields), owner)
    begun_by = digest(f"{browser}/{username}", "browser") if browser else None
    try:
        with transaction.atomic():
            challenge = Challenge(**fields, begun_by=begun_by)
            written_sql.add(challenge)
            return _begun(challenge, actor)
    except IntegrityError:  # the first click may still be under way: the unique field has waited for it
        if begun_by is None:
            raise
        return _same_click(fields, begun_by)


def _same_click(fields: dict[str, Any], begun_by: str) -> Challenge:
    """The challenge of the first click; a new one if that is over, as when another code may be asked for."""
    since = timezone.now() - timedelta(seconds=limits.SEND_COOLDOWN)
    over = Q(asked_at__lte=since) | Q(verified_at__isnull=False)
    with transaction.atomic():
        Challenge.objects.filter(over, begun_by=begun_by).update(begun_by=None)
        challenge, made = Challenge.sealed().get_or_create(begun_by=begun_by, defaults=fields)
        return _begun(challenge) if made else challenge


def _begun(challenge: Challenge, actor: User | None = None) -> Challenge:
    """Leaves the event of a new challenge, and queues its code."""
    owner, asker = challenge.owner, actor or challenge.actor
    audit.record(Event.CODE_REQUESTED, owner, actor=asker, result=challenge.purpose, address=challenge.address)
    _queue(challenge)
    return challenge


def ask_again(asked: Challenge, address: str | None, username: str = "", presented: str = "") -> bool:
    """Queues another code, in the language of the page; False if the cooldown is not over or the code was accepted.

    The session's own clock decides, so the answer says nothing about the account. A challenge that was ended by
    something that the owner did elsewhere begins anew. ``username``: as typed again. ``presented``: as in ``ask``.
    Notes on ``asked`` when the last code was asked for.
    """
    with transaction.atomic():
        # Read anew: a right that was used since must not begin again.
        challenge = Challenge.locked(asked.pk)
        if challenge is None:
            return False
        asked.asked_at = challenge.asked_at
        if challenge.verified_at or resend_in(challenge):
            return False
        challenge.asked_at = asked.asked_at = timezone.now()
        challenge.ended_at = None
        challenge.language = get_language() or settings.LANGUAGE_CODE
        challenge.presented = presented
        fields = ["asked_at", "ended_at", "language", "presented"]
        if username:
            challenge.username, fields = username, [*fields, "username"]
        if challenge.purpose != Purpose.RESET and challenge.owner:
            challenge.withheld, fields = counts.refusal(challenge, challenge.owner), [*fields, "withheld"]
        challenge.save(update_fields=fields)
        audit.record(Event.CODE_REQUESTED, challenge.owner, result=challenge.purpose, address=address)
        _queue(challenge)
    return True


def resend_in(challenge: Challenge) -> int:
    """Seconds until another code can be asked for; 0 if now."""
    return max(0, math.ceil(limits.SEND_COOLDOWN - (timezone.now() - challenge.asked_at).total_seconds()))


def _queue(challenge: Challenge) -> None:
    def queue() -> None:
        try:
            # A code that comes after its page has expired only confuses.
            send_code.apply_async((challenge.pk,), expires=limits.CODE_LIFETIME)
        except OperationalError:
            # The next click begins anew. It would else wait for a code that is not on its way.
            Challenge.objects.filter(pk=challenge.pk).update(begun_by=None)
            raise

    transaction.on_commit(queue)


def check(challenge_id: int, code: str, address: str | None, actor: User | None = None) -> Challenge | None:
    """The challenge if this is its code, which is then spent; else None, and the failure counts.

    ``actor``: the agent, if an agent enters the code. The answer and the work are the same for a code that is wrong,
    old, spent, or was never sent.
    """
    with transaction.atomic():
        challenge = Challenge.locked(challenge_id)
        if challenge is None:
            return None
        owner = challenge.owner
        nobody = f"challenge {challenge.pk}"  # a failure that counts against no account is noted all the same
        subject, live = counts.subject(owner, challenge.purpose) if owner else nobody, challenge.live
        wrong = counts.of_a_day(subject, challenge)
        if challenge.accept(plain(code), wrong):
            entered_by = actor or challenge.actor
            audit.record(Event.CODE_ACCEPTED, owner, actor=entered_by, result=challenge.purpose, address=address)
            return challenge
        FailedTry.objects.create(subject=subject if live else nobody, kind=wrong.kind, known=wrong.known)
        audit.record(Event.CODE_REFUSED, owner, actor=actor, result=challenge.purpose, address=address)
    return None


def plain(code: str) -> str:
    """The digits of a code that was typed in groups, with dashes or full-width."""
    characters = (character for character in unicodedata.normalize("NFKC", code) if not character.isspace())
    # Dashes, and invisible characters: marks of direction come along when a code is copied.
    return "".join(character for character in characters if unicodedata.category(character) not in ("Pd", "Cf"))


def end_challenge(challenge_id: int) -> None:
    """Ends one challenge: its code under way, or its right not yet used."""
    Challenge.objects.filter(pk=challenge_id, ended_at=None).update(ended_at=timezone.now(), token="")


def end_challenges(user: User) -> None:
    """Ends the account's open challenges, verified or not: codes under way, and rights not yet used."""
    statements.end_challenges(user.pk, timezone.now())
