"""The host names of the two journeys (manual-sv.md: pwreg and pwreset)."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings


def journey_url(setting: str, path: str) -> str:
    """The address of ``path`` on the host that the setting names, or on the portal's own if it names none."""
    portal = urlsplit(settings.PORTAL_URL)
    host = getattr(settings, setting)
    if not host:
        return f"{settings.PORTAL_URL}{path}"
    port = f":{portal.port}" if portal.port and ":" not in host else ""
    return f"{portal.scheme}://{host}{port}{path}"


def journey_host(setting: str) -> str:
    """The host name alone, as the last line of an SMS names it."""
    return bare(getattr(settings, setting) or urlsplit(settings.PORTAL_URL).netloc)


def bare(host: str) -> str:
    """The host without its port."""
    return urlsplit(f"//{host}").hostname or ""
