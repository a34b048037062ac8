# mypy: disallow-untyped-calls=False
"""The admin site, and who may use it."""

from functools import wraps
from typing import Any, NoReturn
from urllib.parse import urlencode

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.decorators import method_decorator
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from django_otp.admin import OTPAdminSite

from accounts import audit, sessions
from accounts.admin.base import actor, address
from accounts.companies import overview
from accounts.staff.proof import Proof
from accounts.staff.roles import ADMINISTRATOR
from idportal.web.identity import look


class PortalAdminSite(OTPAdminSite):
    """For administrators with a second factor. They come in at /logga-in/ and leave by /logga-ut/, as all staff do."""

    site_title = site_header = lazy(lambda: look.current().service, str)()
    index_title = _("Administration")
    enable_nav_sidebar = False  # the header has the few links; lists need the room

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)

    def has_permission(self, request: HttpRequest) -> bool:
        """An administrator by the directory at this request (``accounts.staff.middleware``), and verified."""
        return ADMINISTRATOR.name in getattr(request, "staff_roles", ()) and bool(super().has_permission(request))

    def proof(self, request: HttpRequest) -> Proof:
        """For ``accounts.admin.proven``, whose pages are in packages that know nothing of staff."""
        return Proof.of(request)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [path("oversikt/", self.admin_view(self.overview_page), name="overview"), *super().get_urls()]

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Leaves an event of each search in a list, too (security.md H11)."""

        @wraps(view)
        def noted(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            text, name = request.GET.get("q", "").strip(), request.resolver_match and request.resolver_match.url_name
            if text and name and name.endswith("_changelist"):
                where, whom = name.split("_")[-2], audit.named(text)
                audit.record_search(where, actor=actor(request), subject=whom, address=address(request))
            return view(request, *args, **kwargs)

        return super().admin_view(noted, cacheable)

    def overview_page(self, request: HttpRequest) -> HttpResponse:
        """Reads the whole directory: some seconds for a large one."""
        report = {"title": _("Översikt"), **overview.report()}
        return TemplateResponse(request, "admin/overview.html", {**self.each_context(request), **report})

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        page: TemplateResponse = super().index(request, {**(extra_context or {}), "overview_counts": overview.counts()})
        return page

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Leads to the portal's own log-in, as Django's page has none of its limits."""
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

    password_change_done = password_change
