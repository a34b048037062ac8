"""Pages that are the same for everybody but for a few words: rendered once in each language, and then filled in."""

from collections.abc import Callable

from django import shortcuts
from django.conf import settings
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from accounts import sessions
from idportal import frames
from idportal.hosts import portal


def render(
    request: HttpRequest, template: str, context: dict[str, object], *, state: object, **personal: str
) -> HttpResponse:
    """The page as Django's ``render`` makes it. One with a form that holds what somebody has typed is never kept.

    ``state`` is all else of the context that may differ from page to page, and is compared as text. ``personal``: words
    of the context that are about a person; they are not kept.
    """
    form = context.get("form")
    if (isinstance(form, Form) and (form.is_bound or any(form.initial.values()))) or sessions.is_signed_in(request):
        return shortcuts.render(request, template, {**context, **personal})
    personal["language_next"] = request.get_full_path()
    parts = frames.parts(
        template,
        (get_language(), state, portal(request)),
        (*personal, "csrf_token"),
        lambda words: render_to_string(template, {**context, **words}, request),
    )
    if "csrf_token" in parts[1::2]:  # a page without a form gets no cookie
        personal["csrf_token"] = get_token(request)
    parts[1::2] = [escape(personal[name]) for name in parts[1::2]]
    return HttpResponse("".join(parts))


def page(template: str, **words: object) -> Callable[[HttpRequest], HttpResponse]:
    """The view of a page that is words alone. Where there is no session, it is the same for all: nginx may keep it."""

    def view(request: HttpRequest) -> HttpResponse:
        answer = render(request, template, words, state="")
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            answer.headers["X-Accel-Expires"] = "10"  # seconds
        return answer

    return require_safe(view)
