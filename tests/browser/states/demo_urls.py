"""All addresses with the demo's beside them, as ``idportal.urls`` has them where ``settings.DEMO`` is on."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("demo/", include("deploy.local.urls")), path("", include("idportal.urls"))]
