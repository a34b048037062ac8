"""All addresses. The paths are the outside's to rely on (design.md)."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView, TemplateView
from django.views.i18n import set_language

from idportal import health

handler400 = "idportal.middleware.bad_request"
handler500 = "idportal.middleware.server_error"


def _page(template: str) -> Callable[..., HttpResponseBase]:
    """A page that is words alone. Where there is no session it is the same for all, and nginx may keep it (seconds)."""
    words = TemplateView.as_view(template_name=template)

    def page(request: HttpRequest) -> HttpResponseBase:
        answer = words(request)
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            answer.headers["X-Accel-Expires"] = "10"
        return answer

    return require_safe(page)


urlpatterns: list[URLPattern | URLResolver] = [
    path("", _page("start.html"), name="start"),
    path("", include("accounts.urls")),
    path("", include("helpdesk.urls")),
    path("admin/", admin.site.urls),
    path("tillganglighet/", _page("pages/accessibility.html"), name="accessibility"),
    path("personuppgifter/", _page("pages/privacy.html"), name="privacy"),
    # Without a token, which would make the start page another one for each visitor: a forged post changes a language.
    path("sprak/", csrf_exempt(set_language), name="set_language"),
    # Browsers ask for it by this name, whatever the page says.
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}idportal/favicon.svg")),
    path("healthz/live", health.live),
    path("healthz/ready", health.ready),
    path("metrics", health.metrics),
]
