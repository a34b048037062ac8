"""The host names of the two journeys (manual-sv.md: pwreg and pwreset), and the addresses that each page shows."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from idportal import env


def journey_url(setting: str, path: str) -> str:
    """The address of ``path`` on the host that the setting names, or on the portal's own if it names none."""
    host = getattr(settings, setting)
    return (env.beside(settings.PORTAL_URL, host) if host else settings.PORTAL_URL) + path


def journey_host(setting: str | None) -> str:
    """The host name alone, as the last line of an SMS names it; the portal's own if no setting has one."""
    named = getattr(settings, setting) if setting else ""
    return bare(named or urlsplit(settings.PORTAL_URL).netloc)


def bare(host: str) -> str:
    """The host without its port."""
    return urlsplit(f"//{host}").hostname or ""


def portal(request: HttpRequest) -> dict[str, object]:
    """The context of every page: the names and addresses that headers, footers and hints show."""
    elsewhere = settings.REGISTER_HOST or settings.RESET_HOST
    return {
        "portal": {
            "municipality": settings.MUNICIPALITY_NAME,
            "helpdesk_email": settings.HELPDESK_EMAIL,
            "register_url": journey_url("REGISTER_HOST", "/registrera/") if settings.REGISTER_HOST else "/registrera/",
            "reset_url": journey_url("RESET_HOST", "/aterstall/") if settings.RESET_HOST else "/aterstall/",
            "orderer_url": f"{settings.PORTAL_URL if elsewhere else ''}/bestallare/",
        }
    }
