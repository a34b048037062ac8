"""The content of a browser session, and how long it lives (security.md S1 to S3).

Keys: ``challenge_<purpose>`` (the id of the challenge under way), ``entered`` (the id of the challenge whose code was
accepted here), ``word`` (a flash message), ``done`` (the journey that was finished), ``password_at`` (when the password
was typed), ``started`` and ``seen``. Times are seconds since 1970.
``link``: the id of the hold of the number that was registered here. ``typed``: the user name as it was typed to reset,
until that is done; sealed, since some people type a password there, and a row is not encrypted. ``again_at``: from when
another code to reset may be asked for, so that the page that waits for one asks the database nothing.
All but what belongs to somebody who is signed in may be carried by the cookie alone (``session_store.CARRIED``).
Of an orderer who is signed in: ``orderer`` (``id`` and a mark, see ``helpdesk.orderer.sessions``). Staff have more
keys, see ``accounts.staff.sessions``.
"""

import enum
import math
import time
from contextlib import suppress
from typing import cast

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.http import HttpRequest

from accounts import audit, browsers, codes, limits
from accounts.encryption import seal, unseal
from accounts.models import Challenge, Event, Orderer, Purpose, StaffSession, User
from accounts.session_store import SEEN_GRAIN, SessionStore, clock

ORDERER = "orderer"
_TYPED = "user name, as typed to reset"


# Pages ask for these by themselves, whether or not somebody is there: they keep no session alive (S1).
UNATTENDED = ("/helpdesk/nya/",)


def log_in(request: HttpRequest, user: User, password_at: float | None = None) -> None:
    """Binds the session to a user who has typed the password, now or at ``password_at``; the session gets a new id."""
    request.session.flush()
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session["password_at"] = password_at or time.time()
    _mark_used(request.session)


def log_out(request: HttpRequest) -> None:
    """Ends the session, on the server too, and leaves an audit event."""
    who: User | Orderer | None = request.user if isinstance(request.user, User) else None
    if row := row_of(request):
        row.delete()
    if kept := request.session.get(ORDERER):  # whether it still holds, ``helpdesk.orderer.sessions`` decides
        who = who or Orderer.objects.filter(pk=kept["id"]).first()
    if who:
        audit.record(Event.LOGGED_OUT, who, actor=who, address=request.META["REMOTE_ADDR"])
    logout(request)


def renew(request: HttpRequest) -> None:
    """Empties the session and gives it a new id, for an orderer, who is no user of the directory."""
    request.session.flush()
    _mark_used(request.session)


def verified(request: HttpRequest) -> User | None:
    """The user who is logged in with both factors."""
    user = request.user
    return user if isinstance(user, User) and row_of(request) else None


def row_of(request: HttpRequest) -> StaffSession | None:
    """The row of this session, if a user is logged in here with both factors, and nobody has ended it (A4)."""
    row = getattr(request.user, "otp_device", None)
    return row if isinstance(row, StaffSession) else None


def is_signed_in(request: HttpRequest) -> bool:
    """Whether a user or an orderer is signed in, so that the page warns of the session's end (S3)."""
    return isinstance(getattr(request, "user", None), User) or ORDERER in getattr(request, "session", ())


def context(request: HttpRequest) -> dict[str, object]:
    """For all templates. ``session_seconds``: the session's life without a click, for the warning of its end (S3)."""
    return {"session_seconds": settings.SESSION_COOKIE_AGE if is_signed_in(request) else 0}


def password_at(request: HttpRequest) -> float:
    """When the password was typed; long ago if none was."""
    return float(request.session.get("password_at", 0))


def password_is_fresh(request: HttpRequest, seconds: int = limits.PASSWORD_FRESH) -> bool:
    """Whether the password was typed within so many seconds (G2)."""
    return time.time() - password_at(request) < seconds


def begin(request: HttpRequest, challenge: Challenge, typed: str = "") -> None:
    """Ties a challenge to this session: only here can its code be entered (R2). ``typed``: the user name, to reset."""
    if challenge.purpose != Purpose.OLD_NUMBER:  # which belongs to the journey that was finished
        request.session.pop("done", None)
    request.session[f"challenge_{challenge.purpose}"] = challenge.pk
    if typed:
        request.session["typed"] = seal(typed, _TYPED)
        _note_asked(request, challenge)
    _mark_used(request.session)


def _note_asked(request: HttpRequest, challenge: Challenge) -> None:
    wait = codes.resend_in(challenge)
    request.session["again_at"] = math.ceil(clock() + wait) if wait else 0


def still_waits(request: HttpRequest) -> bool:
    """Whether the code to reset that is under way here may still come, as far as the cookie knows; notes its use.

    A cookie that is some time old asks the challenge: its code may have been entered in another session, or the answer
    that said so was lost.
    """
    if not store(request).is_stale:
        return True
    challenge = challenge_of(request, Purpose.RESET)
    if challenge is None or challenge.verified_at:
        return False
    _note_asked(request, challenge)
    return True


def resend_in(request: HttpRequest) -> int:
    """As ``codes.resend_in``, of the code to reset that is under way here."""
    again_at: int = request.session.get("again_at", 0)
    return min(limits.SEND_COOLDOWN, max(0, math.ceil(again_at - clock())))


def typed_name(request: HttpRequest) -> str:
    """The user name for which a code was asked here, as it was typed; "" if there is none, or no key opens it."""
    if sealed := request.session.get("typed"):
        with suppress(InvalidToken):
            return unseal(sealed, _TYPED)
    return ""


def under_way(request: HttpRequest, purpose: Purpose) -> Challenge | None:
    """The challenge that this session has begun, unless its right is gone: users go back, and press a button again."""
    challenge = challenge_of(request, purpose)
    if challenge is None or not challenge.verified_at:
        return challenge
    right = entered(request)
    return challenge if challenge.verified and right and right[0] == challenge.pk else None


def enter(request: HttpRequest, challenge: Challenge) -> None:
    """The code of a challenge was accepted in this session, which gets a new id."""
    request.session.cycle_key()
    request.session["entered"] = [challenge.pk, challenge.bearer]


def entered(request: HttpRequest) -> tuple[int, str] | None:
    """The challenge to reset whose code was accepted in this session, by its id, and whose it was then.

    No other session has its right (R2).
    """
    found, bearer = request.session.get("entered", (None, ""))
    return (found, bearer) if found is not None and found == begun(request, Purpose.RESET) else None


def begun(request: HttpRequest, purpose: Purpose) -> int | None:
    """The id of the challenge that this session has under way. Its row may be gone."""
    found: int | None = request.session.get(f"challenge_{purpose}")
    return found


def challenge_of(request: HttpRequest, purpose: Purpose) -> Challenge | None:
    """The challenge that this session has under way; with its number, except for a reset, before which no log-in is."""
    found = begun(request, purpose)
    if found is None:
        return None
    if purpose != Purpose.RESET:
        return Challenge.opened(found, purpose)
    challenge = Challenge.under_way(found, purpose)
    # After a faster click, whose code was accepted, there is a newer cookie, which this answer leaves alone.
    if challenge and not challenge.verified_at:
        store(request).touch()
    return challenge


def store(request: HttpRequest) -> SessionStore:
    """The session, with what Django's own have not."""
    return cast(SessionStore, request.session)


class Flash(enum.StrEnum):
    ASKED = "asked"  # another code was asked for
    EARLY = "early"  # …but it was too early for one
    LATE = "late"  # the right to set a password has run out


def set_flash(request: HttpRequest, word: Flash) -> None:
    request.session["word"] = str(word)


def ask_again(request: HttpRequest, challenge: Challenge) -> None:
    """Asks for another code; the next page says whether it is on its way, or was asked for too early."""
    asked = codes.ask_again(challenge, request.META["REMOTE_ADDR"], presented=browsers.presented(request))
    if challenge.purpose == Purpose.RESET:
        _note_asked(request, challenge)
    set_flash(request, Flash.ASKED if asked else Flash.EARLY)


def pop_flash(request: HttpRequest) -> str:
    """The message of the page before, or ""; once."""
    return str(request.session.pop("word", ""))


def finish(request: HttpRequest, purpose: Purpose) -> None:
    """Ends the journey: its last page may be shown, and its challenge can't be used again."""
    for key in (f"challenge_{purpose}", "typed"):
        request.session.pop(key, None)
    request.session["done"] = str(purpose)


def is_done(request: HttpRequest, purpose: Purpose) -> bool:
    return bool(request.session.get("done") == purpose)


def keep_or_end(session: SessionStore, *, used: bool = True) -> None:
    """Ends a session that is too old, and notes if it is used. Idle ones end by the date in their row or cookie."""
    now = time.time()
    if now - float(session.get("started", now)) > settings.SESSION_ABSOLUTE_AGE:
        session.flush()
        return
    if not used or not session.has_row:  # the use of a reset's is noted by its pages: see ``SessionStore.is_stale``
        return
    if now - float(session.get("seen", 0)) <= SEEN_GRAIN:
        return
    _mark_used(session)
    try:
        # At once, which moves the row's end 15 minutes on. At the end of the request it would fail for the second
        # of two clicks on the same button, when the first has given the session a new id.
        session.save()
        session.modified = False
    except UpdateError:
        session.flush()


def _mark_used(session: SessionBase) -> None:
    now = int(time.time())
    session.setdefault("started", now)
    session["seen"] = now
