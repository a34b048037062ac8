"""Checking a code, and ending the challenges of an account."""

from __future__ import annotations

import unicodedata

from django.db import transaction
from django.utils import timezone

from accounts import audit, limits
from accounts.codes import counts
from accounts.models import Challenge, Event, FailedTry, User


def check(challenge_id: int, code: str, address: str | None, actor: User | None = None) -> Challenge | None:
    """The challenge if this is its code, which is then spent; else None, and the failure counts.

    ``actor``: the agent, if an agent enters the code. The answer and the work are the same for a code that is wrong,
    old, spent, or was never sent.
    """
    with transaction.atomic():
        challenge = Challenge.locked(challenge_id)
        owner = challenge.owner
        nobody = f"challenge {challenge.pk}"  # a failure that counts against no account is noted all the same
        subject = counts.subject(owner, challenge.purpose) if owner else nobody
        live = challenge.live
        stopped = counts.failures(subject) >= limits.CODE_FAILURES_A_DAY
        if challenge.accept("" if stopped else plain(code)):
            entered_by = actor or challenge.actor
            audit.record(Event.CODE_ACCEPTED, owner, actor=entered_by, result=challenge.purpose, address=address)
            return challenge
        FailedTry.objects.create(subject=subject if live else nobody, kind=FailedTry.Secret.CODE)
        audit.record(Event.CODE_REFUSED, owner, actor=actor, result=challenge.purpose, address=address)
    return None


def plain(code: str) -> str:
    """The digits of a code that was typed in groups, with dashes or full-width."""
    characters = (character for character in unicodedata.normalize("NFKC", code) if not character.isspace())
    # Dashes, and invisible characters: marks of direction come along when a code is copied.
    return "".join(character for character in characters if unicodedata.category(character) not in ("Pd", "Cf"))


def end_challenges(user: User) -> None:
    """Ends the account's open challenges, verified or not: codes under way, and rights not yet used."""
    Challenge.objects.filter(user=user, ended_at=None).update(token="", ended_at=timezone.now())
