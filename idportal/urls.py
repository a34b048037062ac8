"""All URLs. Outsiders rely on the paths (design.md)."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.i18n import set_language

from idportal.web import health
from idportal.web.identity import views as identity
from idportal.web.identity.look import FOLDER

handler400 = "idportal.web.middleware.bad_request"
handler500 = "idportal.web.middleware.server_error"


urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("accounts.urls")),
    path("", include("helpdesk.urls")),
    path("admin/", admin.site.urls),
    # Without a token, which would make the start page another one for each visitor: a forged post changes a language.
    path("sprak/", csrf_exempt(set_language), name="set_language"),
    path("favicon.ico", identity.favicon),
    path(f"{settings.STATIC_URL.lstrip('/')}{FOLDER}<str:name>", identity.file, name="municipality-file"),
    path("healthz/live", health.live),
    path("healthz/ready", health.ready),
    path("metrics", health.metrics),
]
