from typing import Any

from django.http import Http404, HttpRequest, HttpResponse


def queue(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    raise Http404
