"""The portal's addresses, and the demo's own below /demo/."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, re_path
from django.views.defaults import page_not_found

from deploy.local import views
from idportal import urls

handler500 = urls.handler500


def not_found(request: HttpRequest) -> HttpResponse:
    """The portal's 404 page, where DEBUG would show a programmer's."""
    return page_not_found(request, Http404())


urlpatterns = [
    path("demo/", views.index, name="demo"),
    path("demo/mejl/<str:name>/", views.mail, name="demo-mail"),
    *urls.urlpatterns,
]

if settings.DEBUG:
    urlpatterns.append(re_path("", not_found))
