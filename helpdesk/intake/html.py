"""HTML as text, line by line, as a reader would see it. The portal never shows it as HTML (security.md M4).

lxml calls a target for each tag and builds no tree, so deep nesting costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from lxml import etree
from lxml.html.defs import block_tags

_CHUNK = 16 * 1024  # characters
_LONGEST_STYLE = 2000
# Elements that begin a new line. lxml's list is of HTML 4; there, deleted and inserted text count as blocks.
_BLOCKS = (block_tags - {"del", "ins"}) | {
    *("article", "aside", "body", "details", "figure", "footer", "header", "main", "nav", "section", "summary"),
}
_CELLS = ("td", "th")
_HIDDEN = re.compile(r"display:none|visibility:hidden|font-size:0(?![.\d])|mso-hide:all")
_NOT_TEXT = ("head", "noscript", "script", "style", "template", "title")


class _HtmlText:
    """The target that lxml calls. A cell ends with a tab and loses its outer line breaks, so a table row is a line."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._hidden = 0
        self._breaks = 0  # line ends to put before the next text
        self._fresh_cell = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if self._hidden or tag in _NOT_TEXT or _is_hidden(attributes):
            self._hidden += 1  # and everything inside it
        elif tag in _CELLS:
            self._flush()
            self._fresh_cell = True
        elif tag == "br":
            self._breaks += 1
        elif tag in _BLOCKS:
            self._block(tag)

    def end(self, tag: str) -> None:
        if self._hidden:
            self._hidden -= 1
        elif tag in _CELLS:
            self._breaks, self._fresh_cell = 0, False
            self._found.append("\t")
        elif tag in _BLOCKS:
            self._block(tag)

    def data(self, text: str) -> None:
        if self._hidden:
            return
        if not text.strip():
            if self._found and not self._breaks:
                self._found.append(" ")
            return
        self._flush()
        self._fresh_cell = False
        self._found.append(" ".join(text.splitlines()) if "\n" in text or "\r" in text else text)

    def close(self) -> str:
        return "".join(self._found)

    def _block(self, tag: str) -> None:
        if not self._fresh_cell:
            self._breaks = max(self._breaks, 2 if tag == "p" else 1)

    def _flush(self) -> None:
        self._found.append("\n" * min(self._breaks, 2))
        self._breaks = 0


def _is_hidden(attributes: Mapping[str, str]) -> bool:
    """Whether a mail program hides the element: then the agent must not read it either."""
    style = attributes.get("style", "")[:_LONGEST_STYLE]
    return "hidden" in attributes or bool(style and _HIDDEN.search("".join(style.lower().split())))


def text_of(html: str) -> str:
    """The visible text, in linear time and memory; "" if there is none."""
    parser = etree.HTMLParser(target=_HtmlText(), huge_tree=True, recover=True)
    html = html.encode("utf-8", "replace").decode().replace("\0", "")
    for begin in range(0, len(html), _CHUNK):
        parser.feed(html[begin : begin + _CHUNK])
    try:
        found = str(parser.close())
    except etree.LxmlError:  # the HTML had no tag and no text
        return ""
    return "\n".join(line.strip(" \t") for line in found.split("\n")).strip("\n")
