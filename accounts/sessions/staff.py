"""The part of a browser session that belongs to staff, while signing in and afterwards; beside ``accounts.sessions``.

Keys: ``signing_in`` (the user who typed the password, the next address, the enrolment code that was entered, the app to
connect), ``roles`` (those at log-in), ``onward`` (the next address), ``codes_owed`` (recovery codes are still to be
shown), ``factor_at`` (when the second factor was last shown) and ``passkey`` (the challenge for a passkey;
``passkey_at``: since when). Each signed-in session has a row, by which it is seen and ended from elsewhere
(security.md A4).
"""

import time
from collections.abc import Collection
from datetime import timedelta

import django_otp
from django.conf import settings
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts import audit, limits, sessions, signals, users
from accounts.models import Event, StaffSession, User
from accounts.sessions import browsers
from idportal.web import user_agent


def begin_sign_in(request: HttpRequest, user: User, onward: str) -> None:
    """Notes the user who has typed the right password, and gives the session a new id. The second factor logs in."""
    sessions.renew(request)
    mark = {"user": user.pk, "hash": user.get_session_auth_hash(), "onward": onward}
    request.session["signing_in"], request.session["password_at"] = mark, time.time()


def signing_in(request: HttpRequest) -> User | None:
    """The user who has typed the right password, unless it was too long ago or their sessions were ended (R4)."""
    mark = request.session.get("signing_in")
    if not mark or not sessions.password_is_fresh(request, limits.SIGN_IN_LIFETIME):
        return None
    user = User.objects.filter(pk=mark["user"], is_active=True).first()
    return user if user and constant_time_compare(user.get_session_auth_hash(), mark["hash"]) else None


def wanted(request: HttpRequest) -> str:
    """The address that the user who is signing in asked for, or ""."""
    return str(request.session.get("signing_in", {}).get("onward", ""))


def note(request: HttpRequest, **marks: int) -> None:
    """Notes ``code`` (the id of the enrolment code that was entered) or ``app`` (that of the app) in this sign-in."""
    request.session["signing_in"] = {**request.session["signing_in"], **marks}


def code_entered(request: HttpRequest) -> int | None:
    """The id of the enrolment code that this sign-in has entered."""
    found = request.session.get("signing_in", {}).get("code")
    return int(found) if found is not None else None


def app_begun(request: HttpRequest) -> int | None:
    """The id of the app that this sign-in has begun to connect."""
    found = request.session.get("signing_in", {}).get("app")
    return int(found) if found is not None else None


def log_in(request: HttpRequest, user: User, roles: Collection[str], *, told: bool = False) -> None:
    """Ends a sign-in with the second factor; the session gets a new id once more, and its row.

    A browser that the user has not used before is told to the user and the administrators (A1), unless ``told``: they
    hear of this sign-in already, by the app that was connected in it.
    """
    browser, address = user_agent.in_words(request.headers.get("User-Agent", "")), request.META["REMOTE_ADDR"]
    known = told or browsers.knows(request, user.directory_id)
    account = None if known else users.account_to_tell(user, staff=True)
    administrators = [] if known else users.administrators_to_tell()
    sessions.log_in(request, user, sessions.password_at(request))
    with transaction.atomic():
        row = StaffSession.objects.create(user=user, name=browser, address=address, epoch=user.session_epoch)
        audit.record(Event.LOGIN_DONE, user, actor=user, result=", ".join(sorted(roles)), address=address)
        if not known:
            signals.signed_in_anew.send(
                StaffSession, user=user, account=account, administrators=administrators, browser=browser
            )
    django_otp.login(request, row)
    browsers.remember(request, user.directory_id)
    request.session["roles"] = sorted(roles)
    note_factor(request)


def roles(request: HttpRequest) -> frozenset[str]:
    """The roles at log-in."""
    return frozenset(request.session.get("roles", ()))


def note_factor(request: HttpRequest) -> None:
    """The second factor was shown just now."""
    request.session["factor_at"] = time.time()


def factor_is_fresh(request: HttpRequest) -> bool:
    """Whether the second factor was shown within FACTOR_FRESH (A3)."""
    return time.time() - float(request.session.get("factor_at", 0)) < limits.FACTOR_FRESH


def begin_passkey(request: HttpRequest, challenge: str) -> None:
    request.session["passkey"], request.session["passkey_at"] = challenge, time.time()


def end_passkey(request: HttpRequest) -> str:
    """The challenge under way, which is then spent; "" if there is none, or it is too old."""
    challenge, since = str(request.session.pop("passkey", "")), float(request.session.get("passkey_at", 0))
    return challenge if time.time() - since < limits.PASSKEY_LIFETIME else ""


def follow(request: HttpRequest) -> bool:
    """Notes that this session of staff is used, once in SESSION_SEEN seconds. False if it was ended elsewhere.

    True, and nothing is read, if it is no session of staff.
    """
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or django_otp.DEVICE_ID_SESSION_KEY not in request.session:
        return True
    row = sessions.row_of(request)
    used = request.path_info not in sessions.UNATTENDED
    if row and used and timezone.now() - row.seen_at > timedelta(seconds=limits.SESSION_SEEN):
        StaffSession.objects.filter(pk=row.pk).update(seen_at=timezone.now())
    return row is not None


def close(request: HttpRequest) -> None:
    """Ends this session, signed in or on its way, with its row. ``accounts.sessions.log_out`` has the audit event."""
    if row := sessions.row_of(request):
        row.delete()
    logout(request)


def end(row: StaffSession, *, actor: User, address: str | None) -> None:
    """Ends a session at its next request, by its user or an administrator. The second factor stays."""
    if StaffSession.objects.filter(pk=row.pk).delete()[0]:
        audit.record(Event.SESSION_ENDED, row.user, actor=actor, result=row.name, address=address)
