"""/stoppa/: stops a number that the helpdesk has just linked, for whoever was told of it and signed in or not (H4)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import limits, phones


@sensitive_post_parameters("nyckel")
@require_http_methods(["GET", "HEAD", "POST"])
@limits.posts_by_address
def stop(request: HttpRequest) -> HttpResponse:
    """What it does, and one button: a program that opens links stops nothing. The same page for any key."""
    if request.method != "POST":
        return _page(request, "ask", request.GET.get("nyckel", ""))
    key = request.POST.get("nyckel", "")
    if phones.stop(key, request.META["REMOTE_ADDR"]):
        return _page(request, "done")
    # Whoever reloads the page, or was told as well, must not be alarmed: it is stopped, as they wished.
    return _page(request, "already" if phones.is_stopped(key) else "late")


def _page(request: HttpRequest, outcome: str, key: str = "") -> HttpResponse:
    return render(request, "accounts/phone_link_stop.html", {"outcome": outcome, "key": key})
