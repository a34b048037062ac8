"""What a browser session holds, and for how long (security.md S1 to S3).

Keys: ``challenge_<purpose>`` (the id of the challenge under way), ``asked_<purpose>`` (a digest of what it is
about), ``entered`` (the id of the challenge whose code was accepted here), ``word`` (what the next page says of the
last click), ``done`` (the journey that was finished), ``password_at`` (when the password was typed), ``started`` and
``seen``. Times are seconds since 1970.
Of an orderer who is signed in: ``orderer`` (``id`` and a mark, see ``helpdesk.orderer.sessions``).
Of staff: ``signing_in`` (who typed the password, to what end, with which app), ``roles`` (what they had at log-in),
``onward`` (where to go next) and ``codes_owed`` (recovery codes are still to be shown).
"""

from __future__ import annotations

import enum
import time
from collections.abc import Collection

import django_otp
from django.conf import settings
from django.contrib.auth import login
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django_otp.middleware import is_verified
from django_otp.models import Device

from accounts import limits
from accounts.encryption import digest
from accounts.models import Challenge, Orderer, Purpose, User

ORDERER = "orderer"
_SEEN_GRAIN = 30  # seconds: a page more does not write the session again


def log_in(request: HttpRequest, user: User, password_at: float | None = None) -> None:
    """Binds the session to a user who has typed the password, now or then; the session gets a new id."""
    request.session.flush()
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session["password_at"] = password_at or time.time()
    _mark_used(request.session)


def renew(request: HttpRequest) -> None:
    """Empties the session and gives it a new id, for somebody who is no user of the directory."""
    request.session.flush()
    _mark_used(request.session)


def begin_sign_in(request: HttpRequest, user: User, onward: str) -> None:
    """Notes who has typed the right password; nobody is logged in before the second factor. A new id."""
    request.session.flush()
    mark = {"user": user.pk, "hash": user.get_session_auth_hash(), "onward": onward, "app": None}
    request.session["signing_in"], request.session["password_at"] = mark, time.time()
    _mark_used(request.session)


def signing_in(request: HttpRequest) -> User | None:
    """Who has typed the right password, unless that is too long ago or their sessions were ended meanwhile (R4)."""
    mark = request.session.get("signing_in")
    if not mark or not password_is_fresh(request, limits.SIGN_IN_LIFETIME):
        return None
    user = User.objects.filter(pk=mark["user"], is_active=True).first()
    return user if user and constant_time_compare(user.get_session_auth_hash(), mark["hash"]) else None


def wanted(request: HttpRequest) -> str:
    """Where the person who is signing in asked to go, or ""."""
    return str(request.session.get("signing_in", {}).get("onward", ""))


def app_begun(request: HttpRequest) -> int | None:
    """The app that this sign-in has begun to connect (its id)."""
    found = request.session.get("signing_in", {}).get("app")
    return int(found) if found is not None else None


def begin_app(request: HttpRequest, app_id: int) -> None:
    """Ties an app that is to be connected to this sign-in."""
    if app_begun(request) != app_id:
        request.session["signing_in"] = {**request.session["signing_in"], "app": app_id}


def log_in_staff(request: HttpRequest, user: User, device: Device, roles: Collection[str]) -> None:
    """Ends a sign-in with the second factor; the session gets a new id once more."""
    log_in(request, user, float(request.session["password_at"]))
    django_otp.login(request, device)
    request.session["roles"] = sorted(roles)


def show_recovery_codes_next(request: HttpRequest, onward: str) -> None:
    """The recovery codes are still to be shown; then the person goes on to ``onward``."""
    request.session["codes_owed"], request.session["onward"] = True, onward


def recovery_codes_pending(request: HttpRequest) -> bool:
    """Whether the recovery codes are still to be shown."""
    return bool(request.session.get("codes_owed"))


def recovery_codes_shown(request: HttpRequest) -> None:
    """They were, and are not shown again."""
    request.session.pop("codes_owed", None)


def next_page(request: HttpRequest) -> str:
    """Where the person goes on to after the recovery codes, or ""."""
    return str(request.session.get("onward", ""))


def verified(request: HttpRequest) -> User | None:
    """Who is logged in with both factors."""
    user = request.user
    return user if isinstance(user, User) and is_verified(user) else None


def roles(request: HttpRequest) -> frozenset[str]:
    """The roles that the person had when logging in."""
    return frozenset(request.session.get("roles", ()))


def is_signed_in(request: HttpRequest) -> bool:
    """Whether the session is a signed-in person's, a user's or an orderer's, and its end is to be warned of (S3)."""
    return isinstance(getattr(request, "user", None), User) or ORDERER in getattr(request, "session", ())


def signed_in_as(request: HttpRequest) -> User | Orderer | None:
    """Whose session it is, for the trail. That an orderer's still holds is for ``helpdesk.orderer.sessions`` to say."""
    if isinstance(request.user, User):
        return request.user
    kept = request.session.get(ORDERER)
    return Orderer.objects.filter(pk=kept["id"]).first() if kept else None


def password_at(request: HttpRequest) -> float:
    """When the password was typed; long ago if none was."""
    return float(request.session.get("password_at", 0))


def password_is_fresh(request: HttpRequest, seconds: int = limits.PASSWORD_FRESH) -> bool:
    """Whether the password was typed within so many seconds (G2)."""
    return time.time() - password_at(request) < seconds


def begin(request: HttpRequest, challenge: Challenge, asked_for: str = "") -> None:
    """Ties a challenge to this session: there alone its code can be entered (R2).

    ``asked_for`` is what was asked about, a name or a number; a digest of it is kept, for ``under_way``.
    """
    request.session.pop("done", None)
    request.session[f"challenge_{challenge.purpose}"] = challenge.pk
    request.session[f"asked_{challenge.purpose}"] = digest(asked_for, "asked")
    _mark_used(request.session)


def browser(request: HttpRequest) -> str:
    """A secret of the browser, which it has before its first session; "" if it keeps no cookies."""
    return request.COOKIES.get(settings.CSRF_COOKIE_NAME, "")


def under_way(request: HttpRequest, purpose: Purpose, asked_for: str) -> Challenge | None:
    """The challenge that this session has already begun for the same name or number, unless its right is gone.

    Whoever goes back and presses the button again can still use the code, or the right that it gave."""
    if request.session.get(f"asked_{purpose}") != digest(asked_for, "asked"):
        return None
    challenge = challenge_of(request, purpose)
    if challenge is None or (challenge.verified_at and not (challenge.verified and challenge.pk == entered(request))):
        return None
    return challenge


def enter(request: HttpRequest, challenge: Challenge) -> None:
    """The code of a challenge was accepted in this session, which gets a new id."""
    request.session.cycle_key()
    request.session["entered"] = challenge.pk


def entered(request: HttpRequest) -> int | None:
    """The challenge to reset whose code was accepted in this session. Its right is nobody else's (R2)."""
    found = challenge_id(request, Purpose.RESET)
    return found if found == request.session.get("entered") else None


def challenge_id(request: HttpRequest, purpose: Purpose) -> int | None:
    """The challenge that this session has under way."""
    found = request.session.get(f"challenge_{purpose}")
    return int(found) if found is not None else None


def challenge_of(request: HttpRequest, purpose: Purpose) -> Challenge | None:
    """The same, read. Who registers has logged in, and sees the number that is on its way."""
    found = challenge_id(request, purpose)
    rows = Challenge.sealed() if purpose == Purpose.RESET else Challenge.objects.select_related("user")
    return rows.filter(pk=found, purpose=purpose).first() if found is not None else None


class Flash(enum.StrEnum):
    """What the next page is to say about the one before."""

    ASKED = "asked"  # another code was asked for
    EARLY = "early"  # …but it was too early for one
    LATE = "late"  # the right to set a password has run out


def set_flash(request: HttpRequest, word: Flash) -> None:
    request.session["word"] = str(word)


def pop_flash(request: HttpRequest) -> str:
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
