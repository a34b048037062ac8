"""Lets only agents see their pages, and finds the ticket that a page shows."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from accounts import sessions
from accounts.staff.roles import AGENT
from helpdesk.models import Ticket


def agent_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Calls the view with ``agent``: past both factors, and an agent in the directory now (S2). Others log in first."""

    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        user = sessions.verified(request)
        if user is None or AGENT.name not in getattr(request, "staff_roles", ()):
            onward = {REDIRECT_FIELD_NAME: request.path if request.method == "GET" else reverse("helpdesk-queue")}
            return redirect(reverse("staff-login", query=onward))
        return view(request, agent=user, **kwargs)

    return guarded


def ticket_or_404(number: str) -> Ticket:
    """The ticket with this number, with its company, orderer and agents. Raises Http404."""
    return get_object_or_404(Ticket.objects.select_related("company", "orderer", "agent", "decided_by"), number=number)
