"""Answers with an outage page if the directory is down."""

import logging

from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from accounts.directory.account import DirectoryError, OutcomeUnknown
from idportal.web.middleware import unavailable

log = logging.getLogger("idportal.outage")


class DirectoryOutage(MiddlewareMixin):
    """The page for a directory that does not answer; nothing was half done (U1)."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return outage_page(request, exception) if isinstance(exception, DirectoryError) else None


def outage_page(request: HttpRequest, error: DirectoryError) -> HttpResponse:
    """Says that nothing was half done; or, of a password that may have been set, that it is not known."""
    log.error("the directory is not available: %s (%s)", type(error).__name__, error)
    return unavailable(request, "unsure" if isinstance(error, OutcomeUnknown) else "directory")
