"""A reset's way through its pages, which signs nobody in: one cookie, signed and encrypted (security.md R2, S1, X2).

The cookie names the challenge that this browser has begun. What may be done with it stands in the challenge's row,
which ends the right to set a password, and is ended with it: an old copy of the cookie opens nothing.

Keys: ``challenge_reset`` (the challenge's id), ``username`` (as it was typed: some people type a password there),
``entered`` (the challenge whose code was accepted here, and whose it was), ``word`` (a flash message), ``done`` (the
reset was finished), ``journey_of`` (see ``browsers.remember``) and ``started``. Times are seconds since 1970.
"""

import enum
import json
from contextlib import suppress
from time import time
from typing import Any

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts import codes
from accounts.models import Challenge, Purpose
from accounts.privacy.encryption import seal_token, unseal_token
from accounts.sessions import browsers

# What the ciphertext is bound to. The session's cookie had it until a reset got a cookie of its own.
_CONTEXT = "session in its cookie"


class Flash(enum.StrEnum):
    ASKED = "asked"  # another code was asked for
    EARLY = "early"  # …but it was too early for one
    LATE = "late"  # the right to set a password has run out


class Journey(dict[str, Any]):
    """What the cookie holds. ``used``: it is written with the answer, and its idle time begins anew."""

    used = False

    def note(self, **values: object) -> None:
        self.update(values)
        self.used = True

    def take(self, key: str) -> Any:
        """The value, which is then gone; "" if there was none."""
        self.used |= key in self
        return self.pop(key, "")

    def end(self) -> None:
        self.used |= bool(self)
        self.clear()


def journey(request: HttpRequest) -> Journey:
    """The journey of this browser; empty if it has begun none, or was idle or under way for too long (S1)."""
    found: Journey | None = getattr(request, "journey", None)
    if found is None:
        found = _opened(request.COOKIES.get(settings.JOURNEY_COOKIE_NAME, ""))
        if not found:  # one that was begun before the upgrade to this cookie goes on, until it is idle for too long
            found = _opened(request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""))
            found.used = bool(found)
        request.journey = found  # type: ignore[attr-defined]
    return found


def _opened(cookie: str) -> Journey:
    with suppress(InvalidToken):
        written, held = json.loads(unseal_token(cookie, _CONTEXT))
        idle, in_all = time() - written, time() - held.get("started", written)
        if idle < settings.SESSION_COOKIE_AGE and in_all < settings.SESSION_ABSOLUTE_AGE:
            return Journey(held)
    return Journey()


def set_cookie(request: HttpRequest, response: HttpResponse) -> None:
    """Writes what the request has noted. For the middleware."""
    held = journey(request)
    if not held.used:
        return
    if not held:
        response.delete_cookie(settings.JOURNEY_COOKIE_NAME, samesite="Lax")
        return
    now = int(time())
    held.setdefault("started", now)
    response.set_cookie(
        settings.JOURNEY_COOKIE_NAME,
        seal_token(json.dumps([now, held]), _CONTEXT),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def begin(request: HttpRequest, challenge: Challenge, username: str) -> None:
    """Ties a challenge to this browser: only here can its code be entered (R2)."""
    held, right = journey(request), entered(request)
    if right and right[0] != challenge.pk:
        codes.end_challenge(right[0])
    held.pop("done", None)
    held.note(challenge_reset=challenge.pk, username=username)


def begun(request: HttpRequest) -> int | None:
    """The id of the challenge that is under way here. Its row may be gone."""
    return journey(request).get("challenge_reset")


def is_too_late(request: HttpRequest) -> bool:
    """Whether this browser had begun a journey that is over."""
    return begun(request) is None and settings.JOURNEY_COOKIE_NAME in request.COOKIES


def typed_name(request: HttpRequest) -> str:
    """The user name for which a code was asked here, as it was typed, or ""."""
    return str(journey(request).get("username", ""))


def challenge_of(request: HttpRequest) -> Challenge | None:
    """The challenge that is under way here. To ask for it is to use the journey."""
    found = begun(request)
    challenge = Challenge.under_way(found, Purpose.RESET) if found is not None else None
    # After a faster click, whose code was accepted, there is a newer cookie, which this answer leaves alone.
    if challenge and not challenge.verified_at:
        journey(request).note()
    return challenge


def under_way(request: HttpRequest) -> Challenge | None:
    """The challenge, unless its right is gone: people go back, and press a button again."""
    challenge = challenge_of(request)
    if challenge is None or not challenge.verified_at:
        return challenge
    return challenge if challenge.verified and entered(request) else None


def enter(request: HttpRequest, challenge: Challenge) -> None:
    """The code of a challenge was accepted in this browser. No other has its right (R2)."""
    journey(request).note(entered=[challenge.pk, challenge.bearer])


def entered(request: HttpRequest) -> tuple[int, str] | None:
    """The challenge whose code was accepted in this browser, by its id, and whose it was then."""
    found, bearer = journey(request).get("entered", (None, ""))
    return (found, bearer) if found is not None and found == begun(request) else None


def ask_again(request: HttpRequest, challenge: Challenge) -> None:
    """Asks for another code; the next page says whether it is on its way, or was asked for too early."""
    asked = codes.ask_again(challenge, request.META["REMOTE_ADDR"], presented=browsers.presented(request))
    set_flash(request, Flash.ASKED if asked else Flash.EARLY)


def set_flash(request: HttpRequest, word: Flash) -> None:
    journey(request).note(word=word)


def pop_flash(request: HttpRequest) -> str:
    """The message of the page before, or ""; once."""
    return str(journey(request).take("word"))


def abandon(request: HttpRequest) -> None:
    """Ends the journey, and its challenge with it: a copy of the cookie opens nothing either (S1)."""
    challenge_id = begun(request)
    if challenge_id is not None:
        codes.end_challenge(challenge_id)
    journey(request).end()


def finish(request: HttpRequest, account_id: str) -> None:
    """Ends the reset of this account: its last page may be shown, and the browser is known to the account (D1)."""
    held = journey(request)
    held.end()
    held.note(done=True, journey_of=browsers.remember(request, account_id))
