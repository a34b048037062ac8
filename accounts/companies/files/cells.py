"""Cells of a CSV file that a spreadsheet must not take for formulas (security.md H7)."""

from __future__ import annotations

import re

# What Excel, LibreOffice and Google Sheets begin a formula with, in full width too; tab and line ends before it
# are dropped by some. An apostrophe in front makes the cell text, so one that stands there already gets another.
# Who opens the file with another delimiter gets cells that begin in the middle of ours, whatever is quoted.
_BEGINNING = r"(^|[,;\t\r\n][\s\"]*)"
_SIGN = r"('*[=+\-@＝＋－＠\t\r\n])"
_FORMULA = re.compile(_BEGINNING + _SIGN)
_INERT = re.compile(f"{_BEGINNING}'{_SIGN}")


def inert(text: str) -> str:
    """The text with an apostrophe in front of all that a spreadsheet could take for a formula."""
    return _FORMULA.sub(r"\1'\2", text)


def original(cell: str) -> str:
    """What :func:`inert` was given."""
    return _INERT.sub(r"\1\2", cell)
