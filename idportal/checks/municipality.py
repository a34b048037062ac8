"""Checks that the municipality is named and that its look can be shown."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error

from idportal.web.identity import colours, pictures

_WHAT = {
    "MUNICIPALITY_NAME": "Write the municipality's name: pages and messages would not say whose they are.",
    "HELPDESK_EMAIL": "Write the helpdesk's address, which messages name and to which what concerns it is mailed.",
    "HELPDESK_PHONE": "Write the helpdesk's telephone number: who writes no mail would have no way to it.",
    "DATA_PROTECTION_OFFICER": "Write how to reach the data protection officer (GDPR art. 13.1 b).",
    "EXAMPLE_USERNAME": "Write a user name as the municipality makes them, for the hints beside fields.",
}
# Characters of each: the header of a telephone and a line of a mail have to hold them.
_LONGEST = {
    "MUNICIPALITY_NAME": 60,
    "MUNICIPALITY_SHORT_NAME": 40,
    "SERVICE_NAME": 40,
    "HELPDESK_PHONE": 30,
    "HELPDESK_HOURS": 60,
    "DATA_PROTECTION_OFFICER": 120,
    "EXAMPLE_USERNAME": 40,
}


def unset() -> Iterator[CheckMessage]:
    """A default for all would be wrong for each."""
    for name in settings.NOT_SAID:
        yield Error(f"{name} is not set.", hint=_WHAT[name], id="idportal.E070")


def words() -> Iterator[CheckMessage]:
    for name, longest in _LONGEST.items():
        value = getattr(settings, name)
        if len(value) > longest or not value.isprintable():
            yield Error(
                f"{name} is {value!r}, which is too long or no single line.",
                hint=f"Write at most {longest} characters in one line.",
                id="idportal.E071",
            )
    if settings.MUNICIPALITY_KIND not in ("kommun", "region"):
        yield Error(
            f"MUNICIPALITY_KIND is {settings.MUNICIPALITY_KIND!r}.", hint="Write kommun or region.", id="idportal.E078"
        )
    if settings.HELPDESK_PHONE and not re.fullmatch(r"\+?[0-9][0-9 ()-]{3,}", settings.HELPDESK_PHONE):
        yield Error(
            f"HELPDESK_PHONE is {settings.HELPDESK_PHONE!r}, which no telephone can call.",
            hint="Write digits, spaces and hyphens alone: 08-465 004 50. Words go to HELPDESK_HOURS.",
            id="idportal.E072",
        )
    if settings.MUNICIPALITY_URL and not _is_address(settings.MUNICIPALITY_URL):
        yield Error(
            f"MUNICIPALITY_URL is {settings.MUNICIPALITY_URL!r}, which is no address of a site.",
            hint="Write it whole: https://www.kommunen.example",
            id="idportal.E073",
        )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and url.isprintable() and " " not in url


def look() -> Iterator[CheckMessage]:
    for name, passes, where in (
        ("HEADER_COLOUR", colours.can_be_header, "neither white nor dark words on it have"),
        ("ACTION_COLOUR", colours.can_be_action, "links of it, or white words on a button of it, lack"),
    ):
        colour = getattr(settings, name)
        if colour and not colours.is_colour(colour):
            yield Error(f"{name} is {colour!r}.", hint="Write it as #rrggbb, in quotes.", id="idportal.E074")
        elif colour and not passes(colour):
            yield Error(
                f"{name} is {colour}: {where} the contrast of {colours.LEAST}:1 that eyes need.",
                hint=f"The nearest of its hue that passes is {colours.nearest(colour, passes)}.",
                id="idportal.E075",
            )
    for name, largest in (
        ("LOGO_FILE", pictures.LARGEST_LOGO),
        ("LOGO_DARK_FILE", pictures.LARGEST_LOGO),
        ("FAVICON_FILE", pictures.LARGEST_FAVICON),
    ):
        path = getattr(settings, name)
        if path and (problem := pictures.problem(path, largest)):
            yield Error(
                f"{name} is {path!r}, which {problem}.",
                hint="Name a PNG, or an SVG of shapes alone, that the portal may read.",
                id="idportal.E076",
            )
    if settings.LOGO_DARK_FILE and not settings.LOGO_FILE:
        yield Error(
            "LOGO_DARK_FILE is set and LOGO_FILE is not: light pages would have no logo.",
            hint="Name the logo for a white ground, too.",
            id="idportal.E077",
        )
