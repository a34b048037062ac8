"""Who may see the staff's pages below /logga-in/, and the way back to the log-in."""

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts import sessions
from accounts.models import User
from accounts.sessions import staff as staff_sessions
from accounts.staff import roles

StaffView = Callable[[HttpRequest, User, roles.Roles], HttpResponse]


def log_in_again(why: str, wanted: str = "") -> HttpResponse:
    """``why``: the word of the address by which the log-in says it; ``wanted``: the address to come back to."""
    query = urlencode({REDIRECT_FIELD_NAME: wanted}) if wanted else ""
    return redirect(f"{reverse('staff-login')}?{'&'.join(filter(None, (why, query)))}")


def signed_in(view: StaffView) -> Callable[[HttpRequest], HttpResponse]:
    """For users with both factors, and the roles of their sign-in (S2)."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        user, held = sessions.verified(request), staff_sessions.roles(request)
        if user is None:
            return log_in_again("", request.path)
        if not roles.standing(user, held, sessions.password_at(request), request.META["REMOTE_ADDR"]):
            staff_sessions.close(request)
            return log_in_again("slut")
        return view(request, user, held)

    return guarded
