from typing import Any

from django.http import Http404, HttpRequest, HttpResponse


def search(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def account(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def unlock(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def forget_tries(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404
