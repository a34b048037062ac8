"""Template context of all pages."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from accounts import sessions


def session(request: HttpRequest) -> dict[str, object]:
    """``session_seconds``: the session's life without a click, for the warning of a signed-in user (security.md S3)."""
    return {"session_seconds": settings.SESSION_COOKIE_AGE} if sessions.is_signed_in(request) else {}
