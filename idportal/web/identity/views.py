"""Serves the municipality's own pictures, and the small style sheet with its colours."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from idportal.web.identity import look

# Where somebody opens a picture by its address: it runs and fetches nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'; base-uri 'none'"


@require_safe
def file(request: HttpRequest, name: str) -> HttpResponse:
    """Kept for good, as all files with a digest in their names."""
    found = look.current().files.get(name)
    if found is None:
        raise Http404
    headers = {"Cache-Control": "max-age=315360000, public, immutable", "Content-Security-Policy": _POLICY}
    return HttpResponse(found.data, content_type=found.content_type, headers=headers)


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask for it by this name, whatever the page says."""
    own = look.current().favicon
    return redirect(own.url if own else f"{settings.STATIC_URL}idportal/favicon.svg")
