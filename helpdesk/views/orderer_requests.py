from typing import Any

from django.http import Http404, HttpRequest, HttpResponse


def requests(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def request(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def withdraw(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404
