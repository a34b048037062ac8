"""Cells of a CSV file that a spreadsheet must not take for formulas (security.md H7)."""

from __future__ import annotations

import re

# What Excel, LibreOffice and Google Sheets begin a formula with, in full width too; tab and line ends before it
# are dropped by some. An apostrophe in front makes the cell text, so one that stands there already gets another.
_FORMULA = re.compile(r"'*[=+\-@＝＋－＠\t\r\n]")


def inert(text: str) -> str:
    """The text with an apostrophe in front if a spreadsheet could take it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def original(cell: str) -> str:
    """What :func:`inert` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
