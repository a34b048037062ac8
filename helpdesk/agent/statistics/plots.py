"""Plots as SVG, of figures that a table beside them says as well.

A *plot* is geometry and words, ready for ``templates/helpdesk/plot.html``; it knows nothing of what it shows. Lengths
are in units of its own ``width``; they are text, since a template in Swedish would write decimals with a comma. Colours
are the style sheet's, so that they hold in the dark and where the system forces its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

WIDTH = 360  # on a narrow phone, a unit is three quarters of a pixel
_TOP, _LEFT, _RIGHT = 22, 34, 6
_HEIGHT, _FOOT = 150, 26  # of the columns, and of what is written below them
_GAP = 0.24  # of a day's width, between it and the next
_LABELLED = 5  # each so many days has its number below
_BAR = 13  # the thickness of a bar that lies
SHORT, LONG = 32, 42  # characters of a row's words, with others beside and without


@dataclass(frozen=True, slots=True)
class Series:
    """One value for each label. ``name``: what the key beside the plot calls it."""

    name: str
    values: Sequence[int]


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle. ``second``: of the second series, which has another colour and an outline."""

    x: str
    y: str
    width: str
    height: str
    second: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """``anchor``: which end of it lies at ``x``, in SVG's words."""

    x: str
    y: str
    words: str
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Line:
    """From left to right, at one height."""

    x1: str
    x2: str
    y: str


@dataclass(slots=True)
class Plot:
    """``key``: for ids on the page; ``title`` and ``description`` are read in place of it; ``names``: of its series,
    if there is more than one."""

    key: str
    title: str
    description: str
    height: str
    width: str = str(WIDTH)
    names: list[str] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)


def columns(key: str, title: str, description: str, labels: Sequence[str], series: Sequence[Series]) -> Plot:
    """Columns that stand, one for each label and series, on a scale that begins at 0. At most two series."""
    plot = Plot(key, title, description, str(_TOP + _HEIGHT + _FOOT), names=_names(series))
    steps = scale(max((value for each in series for value in each.values), default=0))
    for step in steps:
        y = _TOP + _HEIGHT * (1 - step / steps[-1])
        plot.lines.append(Line(_number(_LEFT), _number(WIDTH - _RIGHT), _number(y)))
        plot.texts.append(Text(_number(_LEFT - 6), _number(y + 5), str(step), "end"))
    each_label = (WIDTH - _LEFT - _RIGHT) / max(1, len(labels))
    thick = each_label * (1 - _GAP) / len(series)
    for place, label in enumerate(labels):
        left = _LEFT + place * each_label
        for nth, one in enumerate(series):
            height = _HEIGHT * one.values[place] / steps[-1]
            if height:
                x, y = left + each_label * _GAP / 2 + nth * thick, _TOP + _HEIGHT - height
                plot.bars.append(Bar(_number(x), _number(y), _number(thick), _number(height), second=nth > 0))
        if place == 0 or (place + 1) % _LABELLED == 0:
            middle = left + each_label / 2
            plot.texts.append(Text(_number(middle), _number(_TOP + _HEIGHT + 18), label, "middle"))
    return plot


@dataclass(frozen=True, slots=True)
class PlotRow:
    """``parts``: for each series how long its bar is, 0 to 1, and the words after it. ``aside``: more words, at the
    right end above the bars."""

    label: str
    parts: Sequence[tuple[float, str]]
    aside: str = ""


def rows(key: str, title: str, description: str, names: Sequence[str], found: Sequence[PlotRow]) -> Plot:
    """Bars that lie, below the words of their row. At most two series."""
    plot = Plot(key, title, description, "0", names=list(names) if len(names) > 1 else [])
    longest = WIDTH - 165  # room for what is written after a full bar
    y = 0.0
    for row in found:
        plot.texts.append(Text("0", _number(y + 15), _shortened(row.label, SHORT if row.aside else LONG)))
        if row.aside:
            plot.texts.append(Text(str(WIDTH), _number(y + 15), row.aside, "end"))
        y += 24  # clear of the tails of the letters above
        for nth, (share, words) in enumerate(row.parts):
            length = max(longest * min(1.0, share), 1.5)
            plot.bars.append(Bar("0", _number(y), _number(length), str(_BAR), second=nth > 0))
            plot.texts.append(Text(_number(length + 8), _number(y + 11.5), words))
            y += _BAR + 5
        y += 10
    plot.height = _number(y)
    return plot


def scale(most: int) -> list[int]:
    """Whole steps from 0 to no less than ``most``, at most five above 0: 0, 1 · 0, 2, 4, 6 · 0, 50, 100."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            step = size * factor
            if step * 5 >= most:
                return [step * place for place in range(max(1, -(-most // step)) + 1)]
        size *= 10


def _names(series: Sequence[Series]) -> list[str]:
    return [each.name for each in series] if len(series) > 1 else []


def _shortened(text: str, most: int) -> str:
    """As much as one line holds. The table has all of it."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
