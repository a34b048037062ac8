"""Which words of a mail each field was read from, for the page that shows the mail beside the fields."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from helpdesk.intake.fields import FieldsFound

LONGEST_MARK = 4000  # characters behind a label in which its value is looked for


class Mark(NamedTuple):
    """Characters of a text, and the field that was read from them."""

    begin: int
    end: int
    field: str


class Marks:
    """What the fields were read from, as far as it stands in the text in the same words."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._marks: list[Mark] = []

    def add(self, name: str, found: FieldsFound, starts: Sequence[int]) -> None:
        """``starts``: where in the text each line of the part begins."""
        if found.value and found.at and found.at[0] < len(starts):
            begin = starts[found.at[0]] + found.at[1]
            self.add_words(name, found.words or found.value, begin)

    def add_words(self, name: str, words: str, begin: int) -> None:
        found = re.compile(re.escape(words), re.IGNORECASE).search(self._text, begin, begin + LONGEST_MARK)
        if found:
            self._marks.append(Mark(found.start(), found.end(), name))

    def in_order(self) -> tuple[Mark, ...]:
        """None of them begins before another one ends."""
        kept: list[Mark] = []
        for mark in sorted(self._marks):
            if not kept or kept[-1].end <= mark.begin:
                kept.append(mark)
        return tuple(kept)
