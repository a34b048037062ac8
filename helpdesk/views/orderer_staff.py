from typing import Any

from django.http import Http404, HttpRequest, HttpResponse


def staff(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def refresh(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def export(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404
