"""What pages of a signed-in person know besides."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from accounts import sessions


def session(request: HttpRequest) -> dict[str, object]:
    """``session_seconds``: how long the session lives on without a click, for the warning (security.md S3)."""
    return {"session_seconds": settings.SESSION_COOKIE_AGE} if sessions.is_signed_in(request) else {}
