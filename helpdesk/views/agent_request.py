from typing import Any

from django.http import Http404, HttpRequest, HttpResponse


def show(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def take(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def give_back(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def note(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def send_code(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def enter_code(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def called_back(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def approve(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404


def reject(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404
