"""Cells of a CSV file, which a spreadsheet must not take for formulas (security.md H7)."""

from __future__ import annotations

import re

# A formula of Excel, LibreOffice or Google Sheets begins with these characters, also in full width; some programs drop
# a tab or line end before it. An apostrophe in front makes the cell a text, so a cell with one gets another. With
# another delimiter, cells begin in the middle of ours, even if they are quoted.
_BEGINNING = r"(^|[,;\t\r\n][\s\"]*)"
_CHARACTER = r"('*[=+\-@＝＋－＠\t\r\n])"
_FORMULA = re.compile(_BEGINNING + _CHARACTER)
_INERT = re.compile(f"{_BEGINNING}'{_CHARACTER}")


def inert(text: str) -> str:
    """Puts an apostrophe before everything that a spreadsheet could take for a formula."""
    return _FORMULA.sub(r"\1'\2", text)


def original(cell: str) -> str:
    """The reverse of :func:`inert`."""
    return _INERT.sub(r"\1\2", cell)
