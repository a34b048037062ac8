"""The context of every page."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from idportal.hosts import journey_url


def portal(request: HttpRequest) -> dict[str, object]:
    """The names and addresses that headers, footers and hints show."""
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
