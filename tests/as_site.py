"""The suite's portal dressed as one of the demo's sites, as ``make demo SITE=…`` shows it."""

from __future__ import annotations

from pytest_django import Settings

from deploy.local import sites

MADE_UP = [name for name in sites.names() if name not in (sites.FIRST, "orebro")]  # with looks of their own


def dress(settings: Settings, site: str) -> dict[str, str]:
    """Returns what the site sets."""
    values = sites.settings_of(site)
    for name, value in {"MUNICIPALITY_SHORT_NAME": values["MUNICIPALITY_NAME"], **values}.items():
        setattr(settings, name, value)
    return values
