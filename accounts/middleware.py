"""Ends sessions in time, and with the role they began with. Writes the cookies of resets and of known browsers.
Answers with an outage page if the directory is down.
"""

import logging

from django.conf import settings
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin

from accounts import browsers, journeys, sessions
from accounts.directory import DirectoryError
from accounts.models import User
from accounts.passwords.reset import OutcomeUnknown
from accounts.staff import roles
from accounts.staff import sessions as staff_sessions
from idportal.middleware import unavailable

log = logging.getLogger("idportal.outage")


class SessionLimits(MiddlewareMixin):
    """15 minutes without a click, 8 hours in all, whatever the browser does (security.md S1)."""

    def process_request(self, request: HttpRequest) -> None:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            sessions.keep_or_end(request.session, used=request.path_info not in sessions.UNATTENDED)


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


class DirectoryOutage(MiddlewareMixin):
    """The page for a directory that does not answer; nothing was half done (U1)."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return _outage_page(request, exception) if isinstance(exception, DirectoryError) else None


def _outage_page(request: HttpRequest, error: DirectoryError) -> HttpResponse:
    log.error("the directory is not available: %s (%s)", type(error).__name__, error)
    return unavailable(request, "unsure" if isinstance(error, OutcomeUnknown) else "directory")


class StaffRoles(MiddlewareMixin):
    """Asks the directory, at each request to the pages of a role, whether the user still has the role (S2).

    ``request.staff_roles`` are the user's roles; no page of a role opens without them. A user who is not signed in
    with both factors goes on without roles, and the page sends them to the log-in.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        role = roles.role_at(request.path_info)
        if not staff_sessions.follow(request) and isinstance(request.user, User):
            logout(request)
            return redirect(f"{reverse('staff-login')}?avslutad") if role else None
        user = sessions.verified(request) if role else None
        if role is None or user is None:
            return None
        try:
            began = staff_sessions.roles(request), sessions.password_at(request)
            held = roles.standing(user, *began, request.META["REMOTE_ADDR"])
        except DirectoryError as error:
            return _outage_page(request, error)
        if not held:
            staff_sessions.close(request)
            return redirect(f"{reverse('staff-login')}?slut")
        if role.name not in held:
            raise PermissionDenied
        request.staff_roles = held  # type: ignore[attr-defined]  # for accounts.admin_site and the agent's pages
        return None
