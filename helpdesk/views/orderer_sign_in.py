from typing import Any

from django.http import Http404, HttpRequest, HttpResponse


def start(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def sent(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def link(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def code(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def code_again(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def log_out(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def company(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404
