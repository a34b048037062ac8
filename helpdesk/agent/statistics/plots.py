"""Plots as SVG: geometry and words for ``templates/helpdesk/plot.html``. Lengths are in units of WIDTH."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

WIDTH = 360  # on a narrow phone, a unit is three quarters of a pixel
_TOP, _LEFT, _RIGHT = 10, 34, 6
_HEIGHT, _FOOT = 88, 26  # of the columns, and of the labels below them
_GAP = 0.24  # between two labels' columns, as a share of a label's width
_LABELLED = 5  # every fifth label is written


@dataclass(slots=True)
class Plot:
    """``names``: of two series, whose second has another colour.

    Lengths are text. ``bars``: x, y, width, height, and whether it is of the second series; ``lines``: level ones from
    x1 to x2, at y; ``texts``: x, y, the end that lies at x, as SVG calls it, and the words.
    """

    height: float
    names: Sequence[str] = ()
    bars: list[tuple[str, str, str, str, bool]] = field(default_factory=list)
    lines: list[tuple[str, str, str]] = field(default_factory=list)
    texts: list[tuple[str, str, str, str]] = field(default_factory=list)

    @property
    def view_box(self) -> str:
        return f"0 0 {WIDTH} {length(self.height)}"


def columns(labels: Sequence[str], series: Mapping[str, Sequence[int]]) -> Plot:
    """Standing columns, one for each label and series, on a scale that begins at 0. At most two series."""
    plot = Plot(_TOP + _HEIGHT + _FOOT, names=list(series) if len(series) > 1 else ())
    steps = scale(max((value for values in series.values() for value in values), default=0))
    for step in steps:
        y = _TOP + _HEIGHT * (1 - step / steps[-1])
        plot.lines.append((length(_LEFT), length(WIDTH - _RIGHT), length(y)))
        plot.texts.append((length(_LEFT - 6), length(y + 5), "end", str(step)))
    label_width = (WIDTH - _LEFT - _RIGHT) / max(1, len(labels))
    thick = label_width * (1 - _GAP) / len(series)
    for place, label in enumerate(labels):
        left = _LEFT + place * label_width
        for nth, values in enumerate(series.values()):
            if height := round(_HEIGHT * values[place] / steps[-1], 1):
                x, y = left + label_width * _GAP / 2 + nth * thick, _TOP + _HEIGHT - height
                plot.bars.append((length(x), length(y), length(thick), length(height), nth > 0))
        if place == 0 or (place + 1) % _LABELLED == 0:
            plot.texts.append((length(left + label_width / 2), length(_TOP + _HEIGHT + 18), "middle", label))
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


def length(value: float) -> str:
    """As text: a template formats each number by the language, which takes longer than all else on the page."""
    return f"{value:.1f}".removesuffix(".0")
