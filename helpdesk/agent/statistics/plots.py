"""Plots as SVG. A table beside each plot says the same in words.

A *plot* is geometry and words for ``templates/helpdesk/plot.html``; it knows nothing of the figures' meaning. Lengths
are in units of its own ``width``. The colours are the style sheet's, so that they fit dark and forced colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

WIDTH = 360  # on a narrow phone, a unit is three quarters of a pixel
_TOP, _LEFT, _RIGHT = 22, 34, 6
_HEIGHT, _FOOT = 150, 26  # of the columns, and of the labels below them
_GAP = 0.24  # between two labels' columns, as a share of a label's width
_LABELLED = 5  # every fifth label is written
_BAR = 13  # the thickness of a lying bar
SHORT, LONG = 32, 42  # characters of a row's label, with and without words at the right end


class Series(NamedTuple):
    """One value for each label. ``name``: its name in the key beside the plot."""

    name: str
    values: Sequence[int]


class Bar(NamedTuple):
    """A rectangle. ``second``: of the second series, which has another colour and an outline."""

    x: str
    y: str
    width: str
    height: str
    second: bool = False


class Text(NamedTuple):
    """``anchor``: which end of the text lies at ``x``, as SVG calls it."""

    x: str
    y: str
    words: str
    anchor: str = "start"


class Line(NamedTuple):
    """A level line from left to right."""

    x1: str
    x2: str
    y: str


@dataclass(slots=True)
class Plot:
    """``key``: for ids on the page. A screen reader reads ``title`` and ``description``. ``names``: of two series."""

    key: str
    title: str
    description: str
    height: float
    width: int = WIDTH
    names: Sequence[str] = ()
    bars: list[Bar] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)

    @property
    def view_box(self) -> str:
        """As SVG writes it."""
        return f"0 0 {self.width} {_length(self.height)}"


def columns(key: str, title: str, description: str, labels: Sequence[str], series: Sequence[Series]) -> Plot:
    """Standing columns, one for each label and series, on a scale that begins at 0. At most two series."""
    names = [each.name for each in series] if len(series) > 1 else ()
    plot = Plot(key, title, description, _TOP + _HEIGHT + _FOOT, names=names)
    steps = scale(max((value for each in series for value in each.values), default=0))
    for step in steps:
        y = _TOP + _HEIGHT * (1 - step / steps[-1])
        plot.lines.append(Line(_length(_LEFT), _length(WIDTH - _RIGHT), _length(y)))
        plot.texts.append(Text(_length(_LEFT - 6), _length(y + 5), str(step), "end"))
    label_width = (WIDTH - _LEFT - _RIGHT) / max(1, len(labels))
    thick = label_width * (1 - _GAP) / len(series)
    for place, label in enumerate(labels):
        left = _LEFT + place * label_width
        for nth, one in enumerate(series):
            if height := round(_HEIGHT * one.values[place] / steps[-1], 1):
                x, y = left + label_width * _GAP / 2 + nth * thick, _TOP + _HEIGHT - height
                plot.bars.append(Bar(_length(x), _length(y), _length(thick), _length(height), second=nth > 0))
        if place == 0 or (place + 1) % _LABELLED == 0:
            plot.texts.append(Text(_length(left + label_width / 2), _length(_TOP + _HEIGHT + 18), label, "middle"))
    return plot


class PlotRow(NamedTuple):
    """``parts``: for each series the length of its bar, 0 to 1, and the words after it. ``aside``: words at the right
    end above the bars."""

    label: str
    parts: Sequence[tuple[float, str]]
    aside: str = ""


def rows(key: str, title: str, description: str, found: Sequence[PlotRow], names: Sequence[str] = ()) -> Plot:
    """Lying bars, below the label of their row. At most two series, whose ``names`` the key shows."""
    plot = Plot(key, title, description, 0, names=names)
    longest = WIDTH - 165  # leaves room for the words after a full bar
    for row in found:
        top = _length(plot.height + 15)
        plot.texts.append(Text("0", top, _shortened(row.label, SHORT if row.aside else LONG)))
        if row.aside:
            plot.texts.append(Text(_length(WIDTH), top, row.aside, "end"))
        plot.height += 24  # clear of the tails of the letters above
        for nth, (share, words) in enumerate(row.parts):
            length = max(longest * min(1.0, share), 1.5)
            plot.bars.append(Bar("0", _length(plot.height), _length(length), _length(_BAR), second=nth > 0))
            plot.texts.append(Text(_length(length + 8), _length(plot.height + 11.5), words))
            plot.height += _BAR + 5
        plot.height += 10
    return plot


def scale(most: int) -> list[int]:
    """Whole steps from 0 to at least ``most``, at most five above 0: 0, 1 · 0, 2, 4, 6 · 0, 50, 100."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            step = size * factor
            if step * 5 >= most:
                return [step * place for place in range(max(1, -(-most // step)) + 1)]
        size *= 10


def _length(value: float) -> str:
    """As text: a template formats each number by the language, which takes longer than all else on the page."""
    return f"{value:.1f}".removesuffix(".0")


def _shortened(text: str, most: int) -> str:
    """Cut to one line. The table has the whole text."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
