"""Browsers that an account has used before: *known* ones (security.md D1).

A browser is known to an account, or to an orderer, once a journey was completed in it. A signed cookie says so. It
lets nobody in and proves nothing: it only picks the counter, so that what strangers use up does not stop the owner. A
thief of the cookie gets the owner's counters, and no more.

One cookie holds several accounts, for the computer of an office: of each a keyed digest and the day, so that a reader
of the cookie finds no names. Asking for a code reads it, in the same way for every name, and never sets it (E1, E2).
"""

import time

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.encryption import digest
from accounts.limits import BROWSER_ACCOUNTS, BROWSER_KNOWN, DAY

_SALT = "idportal.browsers"
_DIGEST_LENGTH = 32  # hexadecimal digits: 128 bits
PRESENTED_LENGTH = BROWSER_ACCOUNTS * (_DIGEST_LENGTH + 1)


def knows(request: HttpRequest, account_id: str) -> bool:
    """Whether a journey of this account was completed in this browser. ``account_id``: as in ``remember``."""
    return is_among(presented(request), account_id)


def remember(request: HttpRequest, account_id: str) -> None:
    """Makes this browser known, with the response to this request. Call it when a journey is completed.

    ``account_id``: the directory's immutable id, or what ``orderer_id`` makes of an orderer's key.
    """
    request.journey_of = account_id  # type: ignore[attr-defined]  # for set_cookie


def orderer_id(orderer_pk: int) -> str:
    """An orderer's id, who has no account in the directory."""
    return f"orderer {orderer_pk}"


def presented(request: HttpRequest) -> str:
    """What the browser shows of the accounts that know it, to be kept until the account is found; "" if nothing."""
    return " ".join(_entries(request))


def is_among(presented: str, account_id: str) -> bool:
    """Whether the account is among those that a browser has presented."""
    return _digest(account_id) in presented.split()


def set_cookie(request: HttpRequest, response: HttpResponse) -> None:
    """Makes the browser known if a journey was completed at this request. For the middleware."""
    account_id = getattr(request, "journey_of", None)
    if account_id is None:
        return
    entries = _entries(request)
    entries.pop(_digest(account_id), None)
    newest = [(_digest(account_id), _today()), *entries.items()][:BROWSER_ACCOUNTS]
    response.set_signed_cookie(
        settings.BROWSER_COOKIE_NAME,
        ".".join(f"{key}-{day}" for key, day in newest),
        salt=_SALT,
        max_age=BROWSER_KNOWN,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _entries(request: HttpRequest) -> dict[str, int]:
    """The digests of the cookie, newest first, each with its day; without those whose time is over."""
    value = request.get_signed_cookie(settings.BROWSER_COOKIE_NAME, "", salt=_SALT, max_age=BROWSER_KNOWN) or ""
    pairs = (entry.partition("-") for entry in value.split("."))
    days = {key: int(day) for key, _, day in pairs if day}
    return {key: day for key, day in days.items() if _today() - day < BROWSER_KNOWN // DAY}


def _digest(account_id: str) -> str:
    return digest(account_id, "browser")[:_DIGEST_LENGTH]


def _today() -> int:
    """Days since 1970."""
    return int(time.time() // DAY)
