"""Contrast by WCAG 2, and the two schemes that follow from a municipality's two colours. Colours are ``#rrggbb``."""

import colorsys
import re
from collections.abc import Callable

LEAST = 4.5  # to one, of text and its ground (WCAG 2.2, 1.4.3)
COMFORTABLE = 7.0  # what is derived is no closer to the limit than it has to be

# The grounds on which links stand, and the dark ink: tokens of portal.css, where no municipality changes them.
LIGHT_GROUNDS = ("#ffffff", "#eef4f5", "#fdf1f0", "#edf7f0")
DARK_GROUNDS = ("#0f191e", "#182830", "#341a1c", "#14301f")
WHITE, INK = "#ffffff", "#13242b"
PAPER_IN_THE_DARK, TINT_IN_THE_DARK = DARK_GROUNDS[:2]

_STEPS = 200  # of lightness
_GREY = 0.15  # saturation up to which a colour has no hue of its own


def is_colour(text: str) -> bool:
    return re.fullmatch(r"#[0-9a-fA-F]{6}", text) is not None


def contrast(one: str, other: str) -> float:
    """From 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def ink_on(band: str) -> str:
    """White if it can be read there, or else the dark ink."""
    return WHITE if contrast(WHITE, band) >= LEAST else INK


def can_be_header(colour: str) -> bool:
    """Whether words can be read on it, white or dark."""
    return contrast(ink_on(colour), colour) >= LEAST


def can_be_action(colour: str) -> bool:
    """Whether it can be read as a link on each light ground, and white words on it as a button."""
    return _least(colour, LIGHT_GROUNDS) >= LEAST


def nearest(colour: str, passes: Callable[[str], bool]) -> str:
    """The colour of this hue that passes and differs least in lightness. Black or white has to pass."""
    hue, lightness, saturation = _hls(colour)
    tries = sorted((step / _STEPS for step in range(_STEPS + 1)), key=lambda light: abs(light - lightness))
    return next(found for light in tries if passes(found := _colour(hue, light, saturation)))


def header(colour: str) -> tuple[dict[str, str], dict[str, str]]:
    """The tokens of the band, in the light and in the dark scheme."""
    hue, lightness, saturation = _hls(colour)
    dark = _colour(hue, min(lightness * 0.8, 0.16), min(saturation, 0.75))
    return _band(colour), _band(dark if saturation > _GREY else TINT_IN_THE_DARK)


def action(colour: str) -> tuple[dict[str, str], dict[str, str]]:
    """The tokens of buttons and links, in the light and in the dark scheme."""
    hue, lightness, saturation = _hls(colour)
    in_the_dark = _lighter(hue, max(lightness, 0.7), min(saturation, 0.65))
    light = {"action": colour, "action-deep": _colour(hue, lightness * 0.7, saturation), "action-ink": WHITE}
    dark = {
        "action": in_the_dark,
        "action-deep": _mixed(WHITE, in_the_dark, 0.4),
        "action-ink": PAPER_IN_THE_DARK,
    }
    # Where a scheme of Django's admin has white words on its buttons, in the dark, too.
    return {**light, "action-solid": colour}, dark


def _band(colour: str) -> dict[str, str]:
    ink = ink_on(colour)
    soft = _mixed(ink, colour, 0.8)
    return {"band": colour, "band-ink": ink, "band-soft": soft if contrast(soft, colour) >= LEAST else ink}


def _lighter(hue: float, lightness: float, saturation: float) -> str:
    """As light as it has to be to be read in the dark."""
    while _least(_colour(hue, lightness, saturation), DARK_GROUNDS) < COMFORTABLE:
        lightness += 1 / _STEPS
    return _colour(hue, lightness, saturation)


def _least(colour: str, grounds: tuple[str, ...]) -> float:
    return min(contrast(colour, ground) for ground in grounds)


def _luminance(colour: str) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - of sRGB
        for part in _parts(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mixed(one: str, other: str, share: float) -> str:
    """``share``: of the first."""
    pairs = zip(_parts(one), _parts(other), strict=True)
    return _written(*(a * share + b * (1 - share) for a, b in pairs))


def _hls(colour: str) -> tuple[float, float, float]:
    return colorsys.rgb_to_hls(*_parts(colour))


def _colour(hue: float, lightness: float, saturation: float) -> str:
    return _written(*colorsys.hls_to_rgb(hue, min(lightness, 1.0), saturation))


def _parts(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def _written(*parts: float) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)
