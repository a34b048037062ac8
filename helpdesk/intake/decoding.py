"""Decodes bytes and headers into text that can be shown and stored: in NFC, without invisible characters."""

from __future__ import annotations

import pkgutil
import re
import unicodedata
from email.header import decode_header
from encodings import __path__ as _codecs
from encodings import normalize_encoding
from encodings.aliases import aliases

from idportal.text import composed, one_line, visible

LONGEST_HEADER = 8 * 1024  # characters; a thread's References are the longest that programs write


def clean(value: str) -> str:
    """A header's value on one line, decoded (RFC 2047) if it can be, without invisible characters."""
    return one_line(_decoded_words(on_one_line(value)))


def on_one_line(value: str) -> str:
    return surrogates(value.replace("\r", " ").replace("\n", " ")[:LONGEST_HEADER])


_WORD = re.compile(r"=\?[^?\s]{1,60}\?[bBqQ]\?[^?]{0,2000}\?=")


def _decoded_words(value: str) -> str:
    if not _WORD.search(value):
        return value
    try:
        pairs = decode_header(value)
    except Exception:  # broken base64: HeaderParseError or binascii.Error
        return value
    return "".join(
        in_charset(text, charset or "ascii") if isinstance(text, bytes) else surrogates(text) for text, charset in pairs
    )


def surrogates(value: str) -> str:
    """Decodes bytes above 127, which the parser keeps in a header as surrogates: as UTF-8 if they are."""
    if value.isascii():
        return value
    try:
        return in_charset(value.encode("utf-8", "surrogateescape"), "utf-8")
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace").decode()


# Names that Python does not know, and names that browsers read as another charset (WHATWG Encoding).
_ALSO = {
    **dict.fromkeys(("unknown_8bit", "x_unknown", "default", "us_ascii", "ascii"), "utf_8"),
    **dict.fromkeys(("iso_8859_1", "latin_1", "latin1", "iso8859_1"), "cp1252"),
}
_NO_CHARSETS = ("idna", "punycode", "raw_unicode_escape", "unicode_escape", "undefined")  # codecs of no mail
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
    name = _ALSO.get(name, name)
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
    lines = visible(text.replace("\r\n", "\n").replace("\r", "\n"), keep="\n\t").split("\n")
    kept: list[str] = []
    for raw in lines:
        line = composed(raw).rstrip()
        if line or not kept or kept[-1]:
            kept.append(line)
    return "\n".join(kept).strip("\n")


def folded(text: str) -> str:
    """In lower case without diacritics, each space as " " and each dash as "-". Keeps every character's place."""
    return "".join(_folded(character) for character in text)


def _folded(character: str) -> str:
    if character.isspace():
        return "\t" if character == "\t" else " "
    if unicodedata.category(character) == "Pd" or character == "\N{MINUS SIGN}":
        return "-"
    small = unicodedata.normalize("NFKD", character.lower())[:1]
    return small if small and not unicodedata.combining(small) else character
