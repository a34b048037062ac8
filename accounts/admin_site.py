# mypy: disallow-untyped-calls=False
"""The admin's site: who gets in."""

from __future__ import annotations

from typing import Any, NoReturn
from urllib.parse import urlencode

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from django_otp.admin import OTPAdminSite

from accounts import sessions
from accounts.companies.admin import overview
from accounts.companies.overview import counts
from accounts.staff.roles import ADMINISTRATOR


class PortalAdminSite(OTPAdminSite):
    """For administrators with a second factor. They come in at /logga-in/ and leave by /logga-ut/, as all staff do."""

    site_title = site_header = _("Lösenordsportalen")
    index_title = _("Administration")
    enable_nav_sidebar = False  # the header has the few links there are; lists need the room

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)

    def has_permission(self, request: HttpRequest) -> bool:
        """An administrator, says the directory at this request (``accounts.middleware.StaffRoles``), and verified."""
        return ADMINISTRATOR.name in getattr(request, "staff_roles", ()) and bool(super().has_permission(request))

    def get_urls(self) -> list[URLPattern | URLResolver]:
        def page(request: HttpRequest) -> HttpResponse:
            return overview.page(self, request)

        return [path("oversikt/", self.admin_view(page), name="overview"), *super().get_urls()]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """With what is to be looked at, as far as it is cheap to know."""
        page: TemplateResponse = super().index(request, {**(extra_context or {}), "overview_counts": counts()})
        return page

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Django's own page would ask past the portal's limits."""
        if self.has_permission(request):
            return redirect("admin:index")
        wanted = {REDIRECT_FIELD_NAME: request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index")}
        return redirect(f"{reverse('staff-login')}?{urlencode(wanted)}")

    @method_decorator(require_POST)
    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # type: ignore[override]
        sessions.log_out(request)
        return redirect("start")

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> NoReturn:
        raise Http404  # the password is the directory's

    def password_change_done(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> NoReturn:
        raise Http404
