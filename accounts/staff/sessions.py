"""The content of a browser session of staff, on the way in and signed in, beside ``accounts.sessions``.

Keys: ``signing_in`` (the user who typed the password, the next address, the app to connect), ``roles`` (those at
log-in), ``onward`` (the next address), ``codes_owed`` (recovery codes are still to be shown), ``factor_at`` (when the
second factor was last shown) and ``passkey`` (the challenge for a passkey; ``passkey_at``: since when).
"""

import time
from collections.abc import Collection

import django_otp
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django_otp.models import Device

from accounts import limits, sessions
from accounts.models import User


def begin_sign_in(request: HttpRequest, user: User, onward: str) -> None:
    """Notes the user who has typed the right password, and gives the session a new id. The second factor logs in."""
    sessions.renew(request)
    mark = {"user": user.pk, "hash": user.get_session_auth_hash(), "onward": onward, "app": None}
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


def app_begun(request: HttpRequest) -> int | None:
    """The id of the app that this sign-in has begun to connect."""
    found = request.session.get("signing_in", {}).get("app")
    return int(found) if found is not None else None


def log_in(request: HttpRequest, user: User, device: Device, roles: Collection[str]) -> None:
    """Ends a sign-in with the second factor; the session gets a new id once more."""
    sessions.log_in(request, user, sessions.password_at(request))
    django_otp.login(request, device)
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
