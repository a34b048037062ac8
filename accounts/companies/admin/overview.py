"""The overview's page, and what the admin's first page says of it."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from accounts.companies import overview


def page(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Everything that would otherwise be silent. Reads the whole directory: some seconds for a large one."""
    context = {
        **site.each_context(request),
        "title": _("Översikt"),
        "report": overview.report(),
        "listed": overview.LISTED,
    }
    return TemplateResponse(request, "admin/overview.html", context)
