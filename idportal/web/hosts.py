"""The host names of the two journeys (manual-sv.md: pwreg and pwreset), and the links that every page shows."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from idportal import env
from idportal.web.identity import look


def journey_url(setting: str, path: str) -> str:
    """The address of ``path`` on the host that the setting names, or on the portal's own if it names none."""
    host = getattr(settings, setting)
    return (env.beside(settings.PORTAL_URL, host) if host else settings.PORTAL_URL) + path


def journey_link(setting: str, path: str) -> str:
    """The same for a link on a page: without a host if the setting names none."""
    return journey_url(setting, path) if getattr(settings, setting) else path


def journey_host(setting: str | None) -> str:
    """The host name alone, as the last line of an SMS names it; the portal's own if no setting has one."""
    named = getattr(settings, setting) if setting else ""
    return bare(named or urlsplit(settings.PORTAL_URL).netloc)


def bare(host: str) -> str:
    """The host without its port."""
    return urlsplit(f"//{host}").hostname or ""


def audience(path: str) -> str:
    """Who turns elsewhere for help: "orderer"; "staff" of the municipality; "employee", and everybody else."""
    if path.startswith("/bestallare/"):
        return "orderer"
    return "staff" if path.startswith(("/admin/", "/helpdesk/", "/logga-in/")) else "employee"


def portal(request: HttpRequest) -> dict[str, object]:
    """The context of every page: the names and addresses that headers, footers and hints show."""
    apart = settings.PORTAL_URL if settings.REGISTER_HOST or settings.RESET_HOST else ""
    return {
        "portal": {
            "municipality": settings.MUNICIPALITY_NAME,
            "identity": look.current(),
            "helpdesk_email": settings.HELPDESK_EMAIL,
            "data_protection_officer": settings.DATA_PROTECTION_OFFICER,
            "audience": audience(request.path),
            "register_url": journey_link("REGISTER_HOST", "/registrera/"),
            "reset_url": journey_link("RESET_HOST", "/aterstall/"),
            "orderer_url": f"{apart}/bestallare/",
            "start_url": f"{apart}/",
        }
    }
