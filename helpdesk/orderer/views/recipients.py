"""A new recipient of the daily mail confirms the address here. The link is enough: no one signs in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts import limits
from helpdesk.tickets import recipients

DONE = "klart"


@limits.form_page
def confirm(request: HttpRequest) -> HttpResponse:
    """GET shows the company and a button, so that a program that opens links confirms nothing. POST confirms."""
    if request.method == "POST":
        if recipients.confirm(request.POST.get("nyckel", ""), request.META["REMOTE_ADDR"]):
            return redirect(f"{reverse('recipient-confirm')}?{DONE}")
        return _page(request, waiting=None)
    if DONE in request.GET:
        return _page(request, done=True)
    token = request.GET.get("nyckel", "")
    return _page(request, waiting=recipients.find(token), token=token)


def _page(request: HttpRequest, **context: object) -> HttpResponse:
    return render(request, "helpdesk/recipient_confirm.html", context)
