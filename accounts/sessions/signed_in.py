"""What a browser session holds, and how long it lives (security.md S1 to S3).

Keys: ``challenge_<purpose>`` (the id of the challenge under way), ``word`` (a flash message), ``done`` (the journey
that was finished), ``journey_of`` (see ``browsers.remember``), ``link`` (the id of the hold of the number that was
registered here), ``password_at`` (when the password was typed), ``started`` and ``seen``. Times are seconds since 1970.
Of an orderer who is signed in: ``orderer`` (``id`` and a mark, see ``helpdesk.orderer.sessions``). Staff have more
keys, see ``accounts.sessions.staff``. A reset has no session: see ``accounts.sessions.journeys``.
"""

import time

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.http import HttpRequest

from accounts import audit, codes, limits
from accounts.models import Challenge, Event, Orderer, Purpose, StaffSession, User
from accounts.sessions import browsers, journeys
from accounts.sessions.journeys import Flash

ORDERER = "orderer"
SEEN_GRAIN = 30  # seconds: a page more does not write the session again

# Pages ask for these by themselves, whether or not somebody is there: they keep no session alive (S1).
UNATTENDED = ("/helpdesk/nya/",)


def log_in(request: HttpRequest, user: User, password_at: float | None = None) -> None:
    """Binds the session to a user who has typed the password, now or at ``password_at``; the session gets a new id."""
    _empty(request)
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
    journeys.abandon(request)
    logout(request)


def renew(request: HttpRequest) -> None:
    """Empties the session and gives it a new id, for an orderer, who is no user of the directory."""
    _empty(request)
    _mark_used(request.session)


def _empty(request: HttpRequest) -> None:
    journeys.abandon(request)
    request.session.flush()


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


def begin(request: HttpRequest, challenge: Challenge) -> None:
    """Ties a challenge to this session: only here can its code be entered (R2)."""
    if challenge.purpose != Purpose.OLD_NUMBER:  # which belongs to the journey that was finished
        request.session.pop("done", None)
    request.session[f"challenge_{challenge.purpose}"] = challenge.pk
    _mark_used(request.session)


def under_way(request: HttpRequest, purpose: Purpose) -> Challenge | None:
    """The challenge that this session has begun, unless its code was accepted."""
    challenge = challenge_of(request, purpose)
    return None if challenge is None or challenge.verified_at else challenge


def challenge_of(request: HttpRequest, purpose: Purpose) -> Challenge | None:
    """The challenge that this session has under way, with its number."""
    found: int | None = request.session.get(f"challenge_{purpose}")
    return None if found is None else Challenge.opened(found, purpose)


def ask_again(request: HttpRequest, challenge: Challenge) -> None:
    """Asks for another code; the next page says whether it is on its way, or was asked for too early."""
    asked = codes.ask_again(challenge, request.META["REMOTE_ADDR"], presented=browsers.presented(request))
    request.session["word"] = str(Flash.ASKED if asked else Flash.EARLY)


def pop_flash(request: HttpRequest) -> str:
    """The message of the page before, or ""; once."""
    return str(request.session.pop("word", ""))


def finish(request: HttpRequest, purpose: Purpose) -> None:
    """Ends the journey: its last page may be shown, and its challenge can't be used again."""
    request.session.pop(f"challenge_{purpose}", None)
    request.session["done"] = str(purpose)


def is_done(request: HttpRequest, purpose: Purpose) -> bool:
    return bool(request.session.get("done") == purpose)


def keep_or_end(session: SessionBase, *, used: bool = True) -> None:
    """Ends a session that is too old, and notes if it is used. Idle ones end by the date in their row."""
    now = time.time()
    if now - float(session.get("started", now)) > settings.SESSION_ABSOLUTE_AGE:
        session.flush()
        return
    if not used or not session.session_key or now - float(session.get("seen", 0)) <= SEEN_GRAIN:
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
