"""Decodes bytes, headers and HTML into text that can be shown and stored: in NFC, without invisible characters."""

import pkgutil
import re
import unicodedata
from collections.abc import Mapping
from email.header import decode_header
from encodings import __path__ as _codecs
from encodings import normalize_encoding
from encodings.aliases import aliases
from functools import lru_cache

from lxml import etree
from lxml.html.defs import block_tags

from idportal.text import composed, one_line, visible

LONGEST_HEADER = 8 * 1024  # characters; a thread's References are the longest that programs write


_WORD = re.compile(r"=\?[^?\s]{1,60}\?[bBqQ]\?[^?]{0,2000}\?=")


def clean(value: str) -> str:
    """A header's value on one line, decoded (RFC 2047) if it can be, without invisible characters."""
    value = on_one_line(value)
    try:
        pairs = decode_header(value) if _WORD.search(value) else [(value, None)]
    except Exception:  # broken base64: HeaderParseError or binascii.Error
        pairs = [(value, None)]
    words = (
        in_charset(text, charset or "ascii") if isinstance(text, bytes) else surrogates(text) for text, charset in pairs
    )
    return one_line("".join(words))


def on_one_line(value: str) -> str:
    return surrogates(value.replace("\r", " ").replace("\n", " ")[:LONGEST_HEADER])


def surrogates(value: str) -> str:
    """Decodes bytes above 127, which the parser keeps in a header as surrogates: as UTF-8 if they are."""
    if value.isascii():
        return value
    try:
        return in_charset(value.encode("utf-8", "surrogateescape"), "utf-8")
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace").decode()


_AS_BROWSERS_READ = dict.fromkeys(("iso_8859_1", "latin_1", "latin1", "iso8859_1"), "cp1252")  # WHATWG Encoding
# Codecs of no mail; and ASCII, which UTF-8 reads too.
_NO_CHARSETS = ("ascii", "idna", "punycode", "raw_unicode_escape", "unicode_escape", "undefined")
# Only these are looked up: Python's codec cache keeps every unknown name for ever.
_CHARSETS = frozenset(
    name
    for name, codec in (*((each.name, each.name) for each in pkgutil.iter_modules(_codecs)), *aliases.items())
    if codec not in _NO_CHARSETS
)
_LONGEST_CHARSET = 60  # characters
_LONGEST_CHARACTER = 4  # bytes; the last one may be cut off


def in_charset(content: bytes, charset: str) -> str:
    """Decodes in the named charset, else in UTF-8, else in Windows-1252, which takes any byte."""
    name = normalize_encoding(charset.strip().lower().split("*")[0][:_LONGEST_CHARSET])
    name = _AS_BROWSERS_READ.get(name, name)
    for each in (name if name in _CHARSETS else "utf_8", "utf_8"):
        try:
            return _whole_characters(content, each)
        except (LookupError, ValueError):
            continue
    return content.decode("windows-1252", "replace")


def _whole_characters(content: bytes, charset: str) -> str:
    try:
        return content.decode(charset)
    except UnicodeDecodeError as error:
        if error.start < len(content) - _LONGEST_CHARACTER:
            raise
        return content[: error.start].decode(charset)


def tidy(text: str) -> str:
    """In NFC, with "\\n" as line end, without control and format characters, with at most one empty line in a row."""
    kept: list[str] = []
    for raw in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        line = composed(visible(raw, keep="\t")).rstrip()
        if line or not kept or kept[-1]:
            kept.append(line)
    return "\n".join(kept).strip("\n")


def folded(text: str) -> str:
    """In lower case without diacritics, each space as " " and each dash as "-". Keeps every character's place."""
    return "".join(map(_folded, text))


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    if character.isspace():
        return "\t" if character == "\t" else " "
    if unicodedata.category(character) == "Pd" or character == "\N{MINUS SIGN}":
        return "-"
    small = unicodedata.normalize("NFKD", character.lower())[:1]
    return small if small and not unicodedata.combining(small) else character


# --- HTML as a reader would see it. The portal never shows it as HTML (security.md M4). -------------

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
    """The target that lxml calls: it builds no tree, so deep nesting costs nothing.

    A cell ends with a tab and loses its outer line breaks, so a table row is a line.
    """

    def __init__(self) -> None:
        self._found: list[str] = []
        self._hidden = 0
        self._breaks = 0  # line ends to put before the next text
        self._fresh_cell = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        style = "".join(attributes.get("style", "")[:_LONGEST_STYLE].lower().split())
        if self._hidden or tag in _NOT_TEXT or "hidden" in attributes or _HIDDEN.search(style):
            self._hidden += 1  # and everything inside it: the agent must not read what a mail program hides
        elif tag in _CELLS:
            self._flush()
            self._fresh_cell = True
        elif tag == "br":
            self._breaks += 1
        else:
            self._block(tag)

    def end(self, tag: str) -> None:
        if self._hidden:
            self._hidden -= 1
        elif tag in _CELLS:
            self._breaks, self._fresh_cell = 0, False
            self._found.append("\t")
        else:
            self._block(tag)

    def data(self, text: str) -> None:
        if not self._hidden and text.strip():
            self._flush()
            self._fresh_cell = False
            self._found.append(" ".join(text.splitlines()) if "\n" in text or "\r" in text else text)
        elif not self._hidden and self._found and not self._breaks:
            self._found.append(" ")

    def close(self) -> str:
        return "".join(self._found)

    def _block(self, tag: str) -> None:
        if tag in _BLOCKS and not self._fresh_cell:
            self._breaks = max(self._breaks, 2 if tag == "p" else 1)

    def _flush(self) -> None:
        self._found.append("\n" * min(self._breaks, 2))
        self._breaks = 0


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
