from typing import Any

from django.http import Http404, HttpRequest, HttpResponse


def phone(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def recipients(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404
