"""A municipality's two colours: what is refused, what is offered instead, and the dark scheme that follows."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from idportal.web.identity import colours
from idportal.web.identity.look import OWN_ACTION, OWN_ACTION_IN_THE_DARK

PORTAL_CSS = Path(colours.__file__).parents[2] / "static" / "idportal" / "portal.css"


def tokens(scheme: int) -> dict[str, str]:
    """Of the light (0) or the dark (1) scheme in portal.css."""
    block = PORTAL_CSS.read_text(encoding="utf-8").split(":root {")[scheme + 1].partition("}")[0]
    long = {name: "#" + "".join(c * 2 for c in value) for name, value in re.findall(r"--([\w-]+): #(\w{3});", block)}
    return long | {name: f"#{value}" for name, value in re.findall(r"--([\w-]+): #(\w{6});", block)}


@pytest.mark.parametrize(("scheme", "grounds"), [(0, colours.LIGHT_GROUNDS), (1, colours.DARK_GROUNDS)])
def test_the_grounds_are_those_of_the_style_sheet(scheme: int, grounds: tuple[str, ...]) -> None:
    assert grounds == tuple(tokens(scheme)[name] for name in ("paper", "tint", "bad-tint", "ok-tint"))
    assert tokens(0)["ink"] == colours.INK


def test_the_portals_own_colours_are_those_of_the_style_sheet_and_pass() -> None:
    assert [tokens(scheme)["action"] for scheme in (0, 1)] == [OWN_ACTION, OWN_ACTION_IN_THE_DARK]
    assert colours.can_be_header(tokens(0)["band"])
    assert colours.can_be_action(OWN_ACTION)


def test_contrast_is_that_of_wcag() -> None:
    assert colours.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colours.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert colours.contrast("#0b5a6f", "#0b5a6f") == 1


@pytest.mark.parametrize(
    ("colour", "header", "action"),
    [
        ("#ffcc00", "#ffcc00", "#876c00"),  # dark words on it can be read; as a link it can't
        ("#777777", "#757575", "#6f6f6f"),
        ("#ffffff", "#ffffff", "#6f6f6f"),
        ("#000000", "#000000", "#000000"),
    ],
)
def test_the_nearest_that_passes(colour: str, header: str, action: str) -> None:
    assert colours.nearest(colour, colours.can_be_header) == header
    assert colours.nearest(colour, colours.can_be_action) == action


def test_what_passes_can_be_read_in_both_schemes() -> None:
    for colour in (f"#{random.Random(4711 + each).randrange(1 << 24):06x}" for each in range(300)):
        header = colours.nearest(colour, colours.can_be_header)
        for band in colours.header(header):
            for words in ("band-ink", "band-soft"):
                assert colours.contrast(band[words], band["band"]) >= 4.5, colour
        light, dark = colours.action(colours.nearest(colour, colours.can_be_action))
        for scheme, grounds in ((light, colours.LIGHT_GROUNDS), (dark, colours.DARK_GROUNDS)):
            for name in ("action", "action-deep"):
                assert min(colours.contrast(scheme[name], ground) for ground in grounds) >= 4.5, colour
                assert colours.contrast(scheme["action-ink"], scheme[name]) >= 4.5, colour
        assert colours.contrast(colours.WHITE, light["action-solid"]) >= 4.5, colour


def test_what_is_no_colour() -> None:
    assert colours.is_colour("#0B5a6F")
    for text in ("", "0b5a6f", "#0b5", "teal", "#0b5a6f;", "#0b5a6g", "#0b5a6f\n", "var(--x)"):
        assert not colours.is_colour(text), text
