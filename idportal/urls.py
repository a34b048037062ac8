"""All addresses. The paths are the outside's to rely on (design.md)."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from idportal import health, pages

handler500 = "idportal.pages.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.start, name="start"),
    path("", include("accounts.urls")),
    path("tillganglighet/", pages.accessibility, name="accessibility"),
    path("personuppgifter/", pages.privacy, name="privacy"),
    path("sprak/", pages.set_language, name="set_language"),
    path("healthz/live", health.live),
    path("healthz/ready", health.ready),
]

if settings.DEMO:
    urlpatterns.append(path("demo/", include("accounts.demo.urls")))
