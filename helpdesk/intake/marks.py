"""Marks the words of a mail that a field was read from, for the page that shows the mail beside the fields."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from helpdesk.intake.fields import FieldFound

LONGEST_MARK = 4000  # characters; a value is looked for so far behind its label


class Mark(NamedTuple):
    """A range of characters, and the field that was read from it."""

    begin: int
    end: int
    field: str


class Marks:
    """The marks of a text. A field whose words are not in the text gets none."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._marks: list[Mark] = []

    def add(self, name: str, found: FieldFound, starts: Sequence[int]) -> None:
        """``starts``: the place in the text at which each line of the part begins."""
        if found.value and found.at and found.at[0] < len(starts):
            begin = starts[found.at[0]] + found.at[1]
            self.add_words(name, found.words or found.value, begin)

    def add_words(self, name: str, words: str, begin: int) -> None:
        found = re.compile(re.escape(words), re.IGNORECASE).search(self._text, begin, begin + LONGEST_MARK)
        if found:
            self._marks.append(Mark(found.start(), found.end(), name))

    def in_order(self) -> tuple[Mark, ...]:
        """By place, without marks that overlap an earlier one."""
        kept: list[Mark] = []
        for mark in sorted(self._marks):
            if not kept or kept[-1].end <= mark.begin:
                kept.append(mark)
        return tuple(kept)
