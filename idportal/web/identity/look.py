"""What pages and mails show of the municipality, built once from the settings."""

import logging
import re
from dataclasses import astuple, dataclass
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext, pgettext

from idportal.web.identity import colours, pictures
from idportal.web.identity.pictures import Picture

log = logging.getLogger("idportal.web.identity")

FOLDER = "kommun/"  # below STATIC_URL, where browsers and nginx keep what they got
OWN_ACTION, OWN_ACTION_IN_THE_DARK = "#0b5a6f", "#8ad6ea"  # of portal.css
WORDMARK = 2.0  # a logo so many times as wide as high has the name in it
HIGHEST, WIDEST = 40, 168  # px, of a logo in the header

_LOGO = (
    "@media screen{.logo{display:block;box-sizing:content-box;max-width:38vw;height:auto;padding:3px 5px;"
    "border-radius:4px;background:#fff;forced-color-adjust:none}.site-header__name{flex:1 1 11rem}}"
)
_LINE = "@media screen{.site-header,#header{border-bottom:1px solid var(--edge)}}"  # below a band as light as the page
_WORDMARK = (  # the service's name below it, where both have too little room
    "@media screen and (max-width:30rem){.site-header__name:has(.logo--name)"
    "{flex-direction:column;align-items:flex-start;gap:.2rem;font-size:.9rem}}"
)
_LOGO_IN_THE_DARK = "@media screen and (prefers-color-scheme:dark){.logo--two{padding:0;background:none}}"


@dataclass(frozen=True)
class File:
    """Served below ``FOLDER``. Another content has another address."""

    name: str
    kind: str
    data: bytes
    width: int = 0  # px, if it is a picture
    height: int = 0

    @cached_property
    def file_name(self) -> str:
        return f"{self.name}.{pictures.digest(self.data)}.{self.kind}"

    @property
    def url(self) -> str:
        return f"{settings.STATIC_URL}{FOLDER}{self.file_name}"

    @property
    def content_type(self) -> str:
        return {"svg": "image/svg+xml", "png": "image/png", "css": "text/css; charset=utf-8"}[self.kind]


@dataclass(frozen=True, repr=False)
class Identity:
    """``portal.identity`` in templates. It is written as a digest of its values: pages that are kept depend on them.

    Each file is read once. One that the checks refuse is left out: a broken logo keeps nobody from a new password.
    """

    short_name: str
    named: str  # SERVICE_NAME
    site: str  # the municipality's, or ""
    phone: str
    hours: str
    example: str
    header_colour: str
    action_colour: str
    logo_file: str
    logo_dark_file: str
    favicon_file: str

    def __repr__(self) -> str:
        return self._digest

    @cached_property
    def _digest(self) -> str:
        return pictures.digest(str(astuple(self)).encode())

    @cached_property
    def logo(self) -> File | None:
        return _file("logo", self.logo_file, pictures.LARGEST_LOGO)

    @cached_property
    def logo_dark(self) -> File | None:
        return _file("logo-dark", self.logo_dark_file, pictures.LARGEST_LOGO) if self.logo else None

    @cached_property
    def favicon(self) -> File | None:
        return _file("favicon", self.favicon_file, pictures.LARGEST_FAVICON)

    @property
    def service(self) -> str:
        """In the active language, where it has no name of its own."""
        return self.named or gettext("Lösenordsportalen")

    @property
    def service_in_a_sentence(self) -> str:
        """In English it does not begin with a capital there."""
        return self.named or pgettext("within a sentence", "Lösenordsportalen")

    @property
    def service_on_devices(self) -> str:
        """The same in each language: apps and browsers keep it."""
        return self.named or "Lösenordsportalen"

    @property
    def site_name(self) -> str:
        return urlsplit(self.site).netloc

    @property
    def phone_digits(self) -> str:
        return re.sub(r"[^0-9+]", "", self.phone)

    @property
    def logo_has_the_name(self) -> bool:
        return self.logo is not None and self.logo.width >= WORDMARK * self.logo.height

    @cached_property
    def sheet(self) -> File | None:
        """None: the portal's own look, which portal.css has already."""
        rules = _LOGO * bool(self.logo) + _LOGO_IN_THE_DARK * bool(self.logo_dark) + _WORDMARK * self.logo_has_the_name
        if any(self._schemes):
            rules += _LINE * (self._schemes[0].get("band-ink") == colours.INK)
            light, dark = map(_tokens, self._schemes)
            # Django's admin has a button for the scheme, which names it in data-theme.
            rules += (
                f"@media screen{{:root,html[data-theme=light]{{{light}}}html[data-theme=dark]{{{dark}}}}}"
                f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"
            )
        return File("look", "css", rules.encode()) if rules else None

    @property
    def action(self) -> str:
        """The colour of buttons and links, for mails, which know no tokens; on them stands white."""
        return self._schemes[0].get("action", OWN_ACTION)

    @property
    def action_in_the_dark(self) -> str:
        return self._schemes[1].get("action", OWN_ACTION_IN_THE_DARK)

    @cached_property
    def _schemes(self) -> tuple[dict[str, str], dict[str, str]]:
        """The tokens that are not those of portal.css, in the light and in the dark scheme."""
        light: dict[str, str] = {}
        dark: dict[str, str] = {}
        for colour, tokens in ((self.header_colour, colours.header), (self.action_colour, colours.action)):
            if colours.is_colour(colour):
                in_the_light, in_the_dark = tokens(colour)
                light |= in_the_light
                dark |= in_the_dark
        return light, dark

    @cached_property
    def files(self) -> dict[str, File]:
        return {each.file_name: each for each in (self.logo, self.logo_dark, self.favicon, self.sheet) if each}


def current() -> Identity:
    """That of the settings."""
    return _made(
        settings.MUNICIPALITY_SHORT_NAME,
        settings.SERVICE_NAME,
        settings.MUNICIPALITY_URL,
        settings.HELPDESK_PHONE,
        settings.HELPDESK_HOURS,
        settings.EXAMPLE_USERNAME,
        settings.HEADER_COLOUR,
        settings.ACTION_COLOUR,
        settings.LOGO_FILE,
        settings.LOGO_DARK_FILE,
        settings.FAVICON_FILE,
    )


_made = lru_cache(maxsize=8)(Identity)


def _file(name: str, path: str, largest: int) -> File | None:
    if not path:
        return None
    try:
        picture = pictures.read(path, largest)
    except ValueError as error:
        log.error("%s, the %s, %s", path, name, error)
        return None
    return File(name, picture.kind, picture.data, *_shown_size(picture))


def _shown_size(picture: Picture) -> tuple[int, int]:
    scale = min(HIGHEST / picture.height, WIDEST / picture.width)
    return round(picture.width * scale), round(picture.height * scale)


def _tokens(tokens: dict[str, str]) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in tokens.items())


def with_example(sentence: Any) -> Any:
    """With ``{username}`` as the municipality makes them."""
    return format_lazy(sentence, username=settings.EXAMPLE_USERNAME)
