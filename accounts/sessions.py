"""What a browser session holds, and for how long (security.md S1 to S3).

Keys: ``challenge_<purpose>`` (the id of the challenge under way), ``asked_<purpose>`` (a digest of what it is
about), ``word`` (what the next page says of the last click), ``done`` (the journey that was finished),
``password_at`` (when the password was typed), ``started`` and ``seen``. Times are seconds since 1970.
"""

from __future__ import annotations

import enum
import time

from django.conf import settings
from django.contrib.auth import login
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.http import HttpRequest

from accounts import limits
from accounts.encryption import digest
from accounts.models import Challenge, Purpose, User

_SEEN_GRAIN = 30  # seconds: a page more does not write the session again


def log_in(request: HttpRequest, user: User) -> None:
    """Binds the session to a user who has just typed the password; the session gets a new id."""
    request.session.flush()
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session["password_at"] = time.time()
    _mark_used(request.session)


def password_is_fresh(request: HttpRequest, seconds: int = limits.PASSWORD_FRESH) -> bool:
    """Whether the password was typed within so many seconds (G2)."""
    return time.time() - float(request.session.get("password_at", 0)) < seconds


def begin(request: HttpRequest, challenge: Challenge, asked_for: str = "") -> None:
    """Ties a challenge to this session: there alone its code can be entered (R2).

    ``asked_for`` is what was asked about, a name or a number; a digest of it is kept, for ``under_way``.
    """
    request.session.pop("done", None)
    request.session[f"challenge_{challenge.purpose}"] = challenge.pk
    request.session[f"asked_{challenge.purpose}"] = digest(asked_for, "asked")
    _mark_used(request.session)


def under_way(request: HttpRequest, purpose: Purpose, asked_for: str) -> Challenge | None:
    """The challenge that this session has already begun for the same name or number, unless its code was accepted.

    Who goes back and presses the button again must still be able to use the code that is on its way.
    """
    if request.session.get(f"asked_{purpose}") != digest(asked_for, "asked"):
        return None
    challenge = challenge_of(request, purpose)
    return challenge if challenge and challenge.verified_at is None else None


def challenge_id(request: HttpRequest, purpose: Purpose) -> int | None:
    """The challenge that this session has under way."""
    found = request.session.get(f"challenge_{purpose}")
    return int(found) if found is not None else None


def challenge_of(request: HttpRequest, purpose: Purpose) -> Challenge | None:
    """The same, read. Who registers has logged in, and sees the number that is on its way."""
    found = challenge_id(request, purpose)
    rows = Challenge.sealed() if purpose == Purpose.RESET else Challenge.objects.select_related("user")
    return rows.filter(pk=found, purpose=purpose).first() if found is not None else None


class Word(enum.StrEnum):
    """What the next page is to say about the one before."""

    ASKED = "asked"  # another code was asked for
    EARLY = "early"  # …but it was too early for one
    LATE = "late"  # the right to set a password has run out


def leave_word(request: HttpRequest, word: Word) -> None:
    request.session["word"] = str(word)


def take_word(request: HttpRequest) -> str:
    """What the page before left to say, or ""; once."""
    return str(request.session.pop("word", ""))


def finish(request: HttpRequest, purpose: Purpose) -> None:
    """The journey is done: its page may be shown, and nothing of it be used again."""
    request.session.pop(f"challenge_{purpose}", None)
    request.session["done"] = str(purpose)


def is_done(request: HttpRequest, purpose: Purpose) -> bool:
    """Whether the last thing that this session did was to finish this journey."""
    return bool(request.session.get("done") == purpose)


def keep_or_end(session: SessionBase) -> None:
    """Ends a session that is too old, and notes that one is used. Idle ones end with their row's own date."""
    now = time.time()
    if now - float(session.get("started", now)) > settings.SESSION_ABSOLUTE_AGE:
        session.flush()
        return
    if not session.keys():
        return
    if now - float(session.get("seen", 0)) <= _SEEN_GRAIN:
        return
    _mark_used(session)
    try:
        # At once, which moves the row's end 15 minutes from now. Left to the end of the request, it would fail
        # for the second of two clicks on the same button, when the first has given the session a new id.
        session.save()
        session.modified = False
    except UpdateError:
        session.flush()


def _mark_used(session: SessionBase) -> None:
    now = time.time()
    session.setdefault("started", now)
    session["seen"] = now
