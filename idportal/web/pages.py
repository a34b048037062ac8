"""Pages that hold nothing but words: the start page and the two statements."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def page(request: HttpRequest, template: str) -> HttpResponse:
    """The page. Where there is no session, it is the same for all: nginx may keep it."""
    answer = render(request, template)
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        answer.headers["X-Accel-Expires"] = "10"  # seconds
    return answer
