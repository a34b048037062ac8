"""Limits by the client's address: posts, failed log-ins, and different names (security.md T1, D3)."""

import ipaddress
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods
from django_ratelimit.core import get_usage

from accounts.limits import LOGINS_FAILING, LOGINS_FAILING_PART, MINUTE
from accounts.throttling import places

# Different names that one address may type in this time: to be sent codes or a link, or to log in (D3).
NAMES_WINDOW = 10 * MINUTE
CODE_NAMES, LINK_NAMES, LOGIN_NAMES = "names for codes", "names for links", "names to log in"

AddressLimit = tuple[str, Callable[[], str]]
POSTS: AddressLimit = ("posts", lambda: f"{settings.LIMIT_ADDRESS_POSTS}/10m")
FAILED_LOGINS: AddressLimit = ("failed-logins", lambda: f"{settings.LIMIT_ADDRESS_FAILED_LOGINS}/10m")


def network_of(address: str) -> str:
    """An IPv4 address, or the /64 that an IPv6 client has to itself."""
    return str(ipaddress.ip_network((address, 64 if ":" in address else 32), strict=False).network_address)


def _counted_as(request: HttpRequest) -> str:
    """Whose request it is: the client address's, or a known browser's own, which strangers don't use up (D1, D3)."""
    known: str = getattr(request, "known_as", "")
    return f"browser {known}" if known else network_of(request.META["REMOTE_ADDR"])


def over_limit(request: HttpRequest, limit: AddressLimit, *, count: bool) -> HttpResponse | None:
    """The 429 page if the client's address has used up its limit, else None. ``count`` adds this request."""
    # Fails closed: without its store this raises, and the outage page follows (T1).
    group, rate = limit
    key = _counted_as(request)
    usage = get_usage(request, group=group, key=lambda *_: key, rate=rate(), method=["POST"], increment=count)
    if usage is None:
        return None
    most = usage["limit"]
    if limit is FAILED_LOGINS and not getattr(request, "known_as", "") and cache.get(LOGINS_FAILING):
        most = max(1, most // LOGINS_FAILING_PART)
    if not (usage["should_limit"] or (not count and usage["count"] >= most)):
        return None
    return _too_many(request, int(usage["time_left"]))


def over_names(request: HttpRequest, form: str, name: str) -> HttpResponse | None:
    """The 429 page if the client's address has typed its number of other names lately, else None. ``form``: *_NAMES."""
    typed = " ".join(name.split()).casefold()
    place = places.take(f"{form} {_counted_as(request)}", typed, settings.LIMIT_ADDRESS_NAMES, NAMES_WINDOW)
    return None if place.key else _too_many(request, place.wait)


def _too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    """The 429 page, with the wait in words."""
    minutes = max(1, -(-seconds // MINUTE))
    wait = ngettext("%(count)d minut", "%(count)d minuter", minutes) % {"count": minutes}
    page = render(request, "429.html", {"wait": wait}, status=429)
    page.headers["Retry-After"] = str(minutes * MINUTE)
    return page


def posts_by_address(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Guards a public form: POSTS from one address."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if request.method == "POST" and (page := over_limit(request, POSTS, count=True)):
            return page
        return view(request, *args, **kwargs)

    return guarded


def form_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Guards the page of a public form: GET, HEAD and POST, with the limit of ``posts_by_address``."""
    return require_http_methods(["GET", "HEAD", "POST"])(posts_by_address(view))
