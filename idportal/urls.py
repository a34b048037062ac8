"""All addresses. The paths are the outside's to rely on (design.md)."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from idportal import health, metrics, pages

handler400 = "idportal.middleware.bad_request"
handler500 = "idportal.pages.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.start, name="start"),
    path("", include("accounts.urls")),
    path("", include("helpdesk.urls")),
    path("admin/", admin.site.urls),
    path("tillganglighet/", pages.accessibility, name="accessibility"),
    path("personuppgifter/", pages.privacy, name="privacy"),
    path("sprak/", pages.set_language, name="set_language"),
    # Browsers ask for it by this name, whatever the page says.
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}idportal/favicon.svg")),
    path("healthz/live", health.live),
    path("healthz/ready", health.ready),
    path("metrics", metrics.metrics),
]
