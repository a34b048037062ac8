"""Ends sessions in time, and writes the cookies of resets and of known browsers."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from accounts.sessions import browsers, journeys, signed_in


class SessionLimits(MiddlewareMixin):
    """15 minutes without a click, 8 hours in all, whatever the browser does (security.md S1)."""

    def process_request(self, request: HttpRequest) -> None:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            signed_in.keep_or_end(request.session, used=request.path_info not in signed_in.UNATTENDED)


class Journeys(MiddlewareMixin):
    """Writes the cookie of a reset that is under way (security.md S1)."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        journeys.set_cookie(request, response)
        return response


class KnownBrowsers(MiddlewareMixin):
    """Makes the browser of a completed journey known to its account (security.md D1)."""

    def process_request(self, request: HttpRequest) -> None:
        if request.method == "POST":  # for the limits by address
            request.known_as = browsers.presented(request).partition(" ")[0]  # type: ignore[attr-defined]

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        browsers.set_cookie(request, response)
        return response
