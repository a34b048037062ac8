"""Staff keep the role that they came in with, or are signed out."""

from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin

from accounts import sessions
from accounts.directory import DirectoryError
from accounts.directory.middleware import outage_page
from accounts.models import User
from accounts.sessions import staff as staff_sessions
from accounts.staff import roles


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
            return outage_page(request, error)
        if not held:
            staff_sessions.close(request)
            return redirect(f"{reverse('staff-login')}?slut")
        if role.name not in held:
            raise PermissionDenied
        request.staff_roles = held  # type: ignore[attr-defined]  # for accounts.admin_site and the agent's pages
        return None
