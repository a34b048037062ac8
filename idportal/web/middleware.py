"""Middleware for every request: proxies, headers, language, outages, host names."""

import ipaddress
import logging
import sys
from collections.abc import Callable

import redis.exceptions
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseRedirect,
    HttpResponseServerError,
)
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.deprecation import MiddlewareMixin
from django.utils.log import log_response
from kombu.exceptions import OperationalError as QueueError

from idportal.web.hosts import audience, bare, journey_host, journey_url, portal
from idportal.web.identity import look

log = logging.getLogger("idportal.outage")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class TrustedProxies(MiddlewareMixin):
    """Believes X-Forwarded-For and X-Forwarded-Proto from TRUSTED_PROXIES only (security.md T2).

    The client is the last address in the list that is no trusted proxy. Clients can forge the addresses before it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        super().__init__(get_response)
        self.networks = [ipaddress.ip_network(each, strict=False) for each in settings.TRUSTED_PROXIES]

    def process_request(self, request: HttpRequest) -> None:
        hops = request.META.pop("HTTP_X_FORWARDED_FOR", "")
        peer = _address(request.META.get("REMOTE_ADDR", ""))
        if peer is not None:
            request.META["REMOTE_ADDR"] = str(peer)
        if not self._trusted(peer):
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
            return
        for hop in reversed([hop.strip() for hop in hops.split(",") if hop.strip()]):
            address = _address(hop)
            if address is None:
                break
            request.META["REMOTE_ADDR"] = str(address)
            if not self._trusted(address):
                break

    def _trusted(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self.networks)


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # A dual-stack socket shows 192.0.2.1 as ::ffff:192.0.2.1. That is in no IPv4 network, and the limits by address,
    # which count an IPv6 /64 as one client, would count all IPv4 clients as one.
    return getattr(address, "ipv4_mapped", None) or address


class OnlyUtf8(MiddlewareMixin):
    """A form in another character set gives 400. Browsers send none from a page in UTF-8, and some can't be decoded."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        charset = (request.content_params or {}).get("charset", "utf-8")
        if charset.lower() in ("utf-8", "utf8"):
            return None
        page = bad_request(request)
        # Django's own log line for a 400 does not say why.
        log_response("a form in another character set than UTF-8: %s", request.path, response=page, request=request)
        return page


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The 400 page. Django's own view reads the post for its CSRF token, and fails again if it can't be decoded."""
    return HttpResponseBadRequest(render_to_string("400.html", portal(request)))


class Headers(MiddlewareMixin):
    """Headers of every answer, also of errors (security.md S1, Y1). Pages are personal, so no cache may keep them."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if not request.path.startswith(settings.STATIC_URL) or response.status_code not in (200, 304):
            response.headers["Cache-Control"] = "no-store, private"
        # SecurityMiddleware does not set these on the answers to hosts that it refuses.
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", settings.SECURE_REFERRER_POLICY)
        response.headers.setdefault("Content-Security-Policy", settings.CONTENT_SECURITY_POLICY)
        response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=()"
        return response


class Language(MiddlewareMixin):
    """Swedish until a person presses the button. The browser's language does not count: the manual is in Swedish."""

    def process_request(self, request: HttpRequest) -> None:
        wanted = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        translation.activate(wanted if wanted in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE)
        request.LANGUAGE_CODE = translation.get_language()

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if not request.path.startswith(settings.STATIC_URL):
            patch_vary_headers(response, ("Cookie",))
        response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
        return response


class Outage(MiddlewareMixin):
    """When a part is down, the answer is a clear page and the log has a line; nothing typed is lost (U1, T1)."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return outage_page(request, exception)


_PARTS: dict[type[Exception], str] = {
    redis.exceptions.RedisError: "redis",
    QueueError: "queue",
    OperationalError: "database",
    InterfaceError: "database",
}


def outage_page(request: HttpRequest, error: BaseException | None) -> HttpResponse | None:
    """The 503 page if ``error`` means that a part of the portal is down, else None."""
    for kind, name in _PARTS.items():
        if isinstance(error, kind):
            log.error("%s is not available: %s: %s", name, kind.__name__, str(error).partition("\n")[0])
            return unavailable(request, "other")
    return None


def server_error(request: HttpRequest) -> HttpResponse:
    """The 500 page; or the 503 page, if a middleware raised because a part is down."""
    page = outage_page(request, sys.exc_info()[1])
    # Without the request's context, which may be what is broken.
    context = {"helpdesk": settings.HELPDESK_EMAIL, "audience": audience(request.path), "identity": look.current()}
    return page or HttpResponseServerError(render_to_string("500.html", context))


def unavailable(request: HttpRequest, reason: str) -> HttpResponse:
    """The 503 page. ``reason``: "directory"; "unsure": a password change broke off in the middle; "other"."""
    # Without the request's context: it reads the signed-in user from the database, which may be down.
    context = {"reason": reason, "path": request.path, **portal(request)}
    page = HttpResponse(render_to_string("503.html", context), status=503)
    page.headers["Retry-After"] = "120"  # seconds
    return page


class JourneyHosts(MiddlewareMixin):
    """The two host names of the manual: each leads to its journey, and each journey is on its host alone.

    Pages for staff and for orderers are on the portal's own host.
    """

    journeys = {"REGISTER_HOST": "/registrera/", "RESET_HOST": "/aterstall/"}
    own = ("/admin/", "/logga-in/", "/helpdesk/", "/bestallare/", "/stoppa/")

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        here = bare(request.get_host())
        hosts = {setting: bare(getattr(settings, setting)) for setting in self.journeys}
        for setting, path in self.journeys.items():
            if hosts[setting] and request.path == "/" and here == hosts[setting]:
                return HttpResponseRedirect(path)
            if all(hosts.values()) and request.path.startswith(path) and here != hosts[setting]:
                return HttpResponseRedirect(journey_url(setting, request.get_full_path()))
        if request.path.startswith(self.own) and here != journey_host(None) and here in hosts.values():
            return HttpResponseRedirect(settings.PORTAL_URL + request.get_full_path())
        return None
