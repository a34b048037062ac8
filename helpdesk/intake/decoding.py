"""Bytes and headers as text that can be shown and stored: decoded, in NFC, and without what nobody sees."""

from __future__ import annotations

import pkgutil
import re
import unicodedata
from collections.abc import Iterable
from email.header import decode_header
from encodings import __path__ as _codecs
from encodings import normalize_encoding
from encodings.aliases import aliases

LONGEST_HEADER = 8 * 1024  # characters; a thread's References are the longest that programs write
_PIECE = 1000


def clean(value: str) -> str:
    """A header's value decoded (RFC 2047), or as it stands; on one line, without signs that nobody sees."""
    return one_line(_decoded_words(on_one_line(value)))


def on_one_line(value: str) -> str:
    return surrogates(value.replace("\r", " ").replace("\n", " ")[:LONGEST_HEADER])


_WORD = re.compile(r"=\?[^?\s]{1,60}\?[bBqQ]\?[^?]{0,2000}\?=")


def _decoded_words(value: str) -> str:
    if not _WORD.search(value):
        return value
    try:
        pairs = decode_header(value)
    except Exception:  # base64 that is none: its own kind of error, and binascii's
        return value
    return "".join(
        in_charset(text, charset or "ascii") if isinstance(text, bytes) else surrogates(text) for text, charset in pairs
    )


def surrogates(value: str) -> str:
    """Bytes above 127 in a header, which the parser smuggles through, as what they most likely are."""
    if value.isascii():
        return value
    try:
        return in_charset(value.encode("utf-8", "surrogateescape"), "utf-8")
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace").decode()


# Names that programs write and Python does not know, and those that browsers read as another one.
_ALSO = {
    **dict.fromkeys(("unknown_8bit", "x_unknown", "default", "us_ascii", "ascii"), "utf_8"),
    **dict.fromkeys(("iso_8859_1", "latin_1", "latin1", "iso8859_1"), "cp1252"),
}
_NO_CHARSETS = ("idna", "punycode", "raw_unicode_escape", "unicode_escape", "undefined")  # codecs, of no mail
# Python is asked for these only: it remembers for ever each name that it does not know.
_CHARSETS = frozenset(
    name
    for name, codec in (*((each.name, each.name) for each in pkgutil.iter_modules(_codecs)), *aliases.items())
    if codec not in _NO_CHARSETS
)
_LONGEST_CHARSET = 60  # characters
_CUT_SIGN = 4  # bytes at most, of a sign of which the last part is missing


def in_charset(content: bytes, charset: str) -> str:
    """In the charset that is named; if it isn't that, in UTF-8; else in that of old Windows, which takes any byte."""
    name = normalize_encoding(charset.strip().lower().split("*")[0][:_LONGEST_CHARSET])
    name = _ALSO.get(name, name)
    for each in (name if name in _CHARSETS else "utf_8", "utf_8"):
        try:
            return _whole_signs(content, each)
        except (LookupError, ValueError):
            continue
    return content.decode("windows-1252", "replace")


def _whole_signs(content: bytes, charset: str) -> str:
    try:
        return content.decode(charset)
    except UnicodeDecodeError as error:
        if error.start < len(content) - _CUT_SIGN:
            raise
        return content[: error.start].decode(charset)


def one_line(text: str) -> str:
    return " ".join("".join(_seen(text, keep="")).split())


def tidy(text: str) -> str:
    """NFC, with line ends of one kind, without control and format characters, at most two empty lines in a row."""
    lines = "".join(_seen(text.replace("\r\n", "\n").replace("\r", "\n"), keep="\n\t")).split("\n")
    kept: list[str] = []
    for raw in lines:
        line = _composed(raw).rstrip()
        if line or not kept or kept[-1]:
            kept.append(line)
    return "\n".join(kept).strip("\n")


def _composed(line: str) -> str:
    """NFC, piece by piece: it takes the square of the length if somebody means ill."""
    return "".join(unicodedata.normalize("NFC", line[at : at + _PIECE]) for at in range(0, len(line), _PIECE))


def _seen(text: str, keep: str) -> Iterable[str]:
    """Without what can't be seen: it hides a text from its reader, or turns it around, or can't be stored."""
    for character in text:
        if character in keep or character == " ":
            yield character
        elif character.isspace():
            yield " "
        elif unicodedata.category(character)[0] != "C":
            yield character
