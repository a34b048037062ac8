"""Below /demo/, and only where ``settings.DEMO`` is on (``idportal/urls.py``)."""

from __future__ import annotations

from django.urls import path

from deploy.local import views

urlpatterns = [
    path("", views.index, name="demo"),
    path("mejl/<str:name>/", views.mail, name="demo-mail"),
]
