"""Pages without personal data: the start page, the two statements, and the error pages."""

from __future__ import annotations

import sys

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe
from django.views.i18n import set_language as django_set_language

from idportal.middleware import outage_page


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Links to both journeys, at the portal's own address."""
    return render(request, "start.html")


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """The accessibility statement, lagen (2018:1937)."""
    return render(request, "pages/accessibility.html")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """The privacy notice, GDPR article 13."""
    return render(request, "pages/privacy.html")


def set_language(request: HttpRequest) -> HttpResponse:
    """Django's, which redirects to ``next`` only on this host."""
    response: HttpResponse = django_set_language(request)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """The 500 page; or the 503 page, if a middleware raised because a part is down."""
    page = outage_page(request, sys.exc_info()[1])
    # Without the request's context, which may be what is broken.
    return page or HttpResponseServerError(render_to_string("500.html", {"helpdesk": settings.HELPDESK_EMAIL}))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The 403 page for a form from an old page, or from another site. Nothing was done."""
    return render(request, "403_csrf.html", status=403)
