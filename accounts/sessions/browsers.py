"""Known browsers: those that an account has used before (security.md D1).

A browser is known to an account, or to an orderer, once a journey was completed in it. A signed cookie says so. It
lets nobody in and proves nothing: it only picks the counter, so that what strangers use up does not stop the owner. A
thief of the cookie gets the owner's counters, and no more.

One cookie holds several accounts, for the computer of an office: of each a keyed digest and the day, so that a reader
of the cookie finds no names. Asking for a code reads it, in the same way for every name, and never sets it (E1, E2).

A __Host- cookie is one host's own. Where the two journeys have hosts apart, the last page of one has a picture from the
other, which sets the cookie there, too: who registers today resets at the other host, weeks later. Without it, or while
that host is away, nothing else changes.
"""

import time
from contextlib import suppress
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.limits import BROWSER_ACCOUNTS, BROWSER_KNOWN, DAY, MINUTE
from accounts.throttling import known_browsers
from idportal.web.hosts import journey_host, journey_url

_SALT = "idportal.browsers"


def knows(request: HttpRequest, account_id: str) -> bool:
    """Whether a journey of this account was completed in this browser. ``account_id``: as in ``remember``."""
    return known_browsers.is_among(presented(request), account_id)


def remember(request: HttpRequest, account_id: str) -> str:
    """Makes this browser known, with the response to this request. Call it when a journey is completed.

    ``account_id``: the directory's immutable id, or what ``known_browsers.orderer_id`` makes of an orderer's key.
    Returns the name by which ``picture`` makes the browser known at the other host, too.
    """
    key = known_browsers.mark(account_id)
    request.journey_of = key  # type: ignore[attr-defined]  # for set_cookie
    return key


def picture(key: str | None, there: str) -> str:
    """The address of a picture for the last page of a journey; "" if both journeys are at one host.

    ``key``: by ``remember``. ``there``: the setting of the other journey's host, which makes the browser known when the
    picture is loaded.
    """
    hosts = {journey_host(setting) for setting in ("REGISTER_HOST", "RESET_HOST")}
    apart = settings.REGISTER_HOST and settings.RESET_HOST and len(hosts) > 1
    if not apart or not key:
        return ""
    return f"{journey_url(there, reverse('browser'))}?{urlencode({'intyg': signing.dumps(key, salt=_SALT)})}"


@require_safe
@never_cache
def carried(request: HttpRequest) -> HttpResponse:
    """/webblasare/: the picture, which shows nothing. A made-up or old address makes no browser known."""
    with suppress(signing.BadSignature):
        key = signing.loads(request.GET.get("intyg", ""), salt=_SALT, max_age=MINUTE)
        request.journey_of = key  # type: ignore[attr-defined]
    return HttpResponse(status=204)


def presented(request: HttpRequest) -> str:
    """What the browser shows of the accounts that know it, to be kept until the account is found; "" if nothing."""
    return " ".join(_entries(request))


def set_cookie(request: HttpRequest, response: HttpResponse) -> None:
    """Makes the browser known if a journey was completed at this request. For the middleware."""
    key = getattr(request, "journey_of", None)
    if key is None:
        return
    entries = _entries(request)
    entries.pop(key, None)
    newest = [(key, _today()), *entries.items()][:BROWSER_ACCOUNTS]
    response.set_signed_cookie(
        settings.BROWSER_COOKIE_NAME,
        ".".join(f"{each}-{day}" for each, day in newest),
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


def _today() -> int:
    """Days since 1970."""
    return int(time.time() // DAY)
