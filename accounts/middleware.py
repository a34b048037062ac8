"""Sessions end in time; a directory that does not answer is said so."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts import sessions
from accounts.directory import DirectoryError
from accounts.reset import OutcomeUnknown
from idportal.middleware import unavailable

log = logging.getLogger("idportal.outage")


class SessionLimits:
    """15 minutes without a click, 8 hours in all: enforced here, whatever the browser does (security.md S1)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            sessions.keep_or_end(request.session)
        return self.get_response(request)


class DirectoryOutage:
    """No directory server answers: a page that says so, and nothing was half done (U1)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, DirectoryError):
            return None
        log.error("the directory is not available: %s (%s)", type(exception).__name__, exception)
        return unavailable(request, "unsure" if isinstance(exception, OutcomeUnknown) else "directory")
