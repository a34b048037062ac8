"""A message as bytes made a :class:`Letter`: its few headers that matter, its text, and the names of what is attached.

Whoever wrote it may mean ill. So everything is bounded before it is read (security.md M4): bytes, header lines and
their length, parts, and lines times nesting, which is what the parser's work grows with. What is beyond a bound is
left out, and ``cut`` says so. No exception of a library leaves this module but as :class:`Unreadable`.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from email.feedparser import BytesFeedParser
from email.header import decode_header
from email.message import Message
from email.policy import Compat32, Policy
from email.utils import getaddresses

from helpdesk.intake.html import text_of

# Bytes of one message that are read. Text comes first in a mail, and nothing that is attached is kept (M4).
MOST_BYTES = 1024 * 1024
MOST_PARTS = 100  # a mail with a forwarded thread and its pictures has thirty
MOST_HEADER_LINES = 1000  # of all parts together
LONGEST_HEADER = 8 * 1024  # characters; a thread's References are the longest that programs write
# Lines times the parts begun so far, which is at least how deep the parser stands: about a second.
MOST_WORK = 3_000_000
MOST_TEXT = 64 * 1024  # characters that are kept of the text
PLACEHOLDER = 200  # characters: a shorter plain text may say no more than that the mail is HTML
MOST_ATTACHMENTS = 20  # that are named
LONGEST_NAME = 120
MOST_FROM, LONGEST_FROM = 5, 1000  # headers, and characters of each

_CHUNK = 16 * 1024
_PIECE = 1000


class Unreadable(Exception):
    """No library can tell what this is. It is somebody's mail all the same."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """``size`` in bytes as it was sent; of what was cut off, as much as came."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Letter:
    """``headers``: name in lower case, value decoded and on one line, in order, as far as they were read.

    ``senders``: all addresses of all From headers with their names. ``reports``: the headers of each block of a
    delivery status (RFC 3464). ``returned``: the headers of the message that such a report gives back.
    """

    headers: Sequence[tuple[str, str]]
    senders: Sequence[tuple[str, str]]
    text: str
    attachments: Sequence[Attachment]
    cut: bool
    content_type: str
    reports: Sequence[Sequence[tuple[str, str]]]
    returned: Sequence[tuple[str, str]]

    def all(self, name: str) -> list[str]:
        return [value for known, value in self.headers if known == name]

    def first(self, name: str) -> str:
        return next(iter(self.all(name)), "")


def read(raw: bytes) -> Letter:
    """Raises Unreadable if not even its headers can be told."""
    try:
        return _read(raw)
    except (
        Exception
    ) as error:  # the libraries' own, of which there is no list; by its type alone, it may quote the mail
        raise Unreadable(type(error).__name__) from None


class _Enough(Exception):
    """A bound is reached: what was read so far is the mail."""


class _Bounded(Compat32):
    """Keeps headers short before anybody takes them apart, and counts them."""

    def __init__(self) -> None:
        super().__init__()
        object.__setattr__(self, "seen", [0])

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        self.seen[0] += len(sourcelines)  # type: ignore[attr-defined]  # Policy forbids attributes that it does not know
        if self.seen[0] > MOST_HEADER_LINES:  # type: ignore[attr-defined]
            raise _Enough
        name, value = super().header_source_parse(sourcelines)
        return name, value[:LONGEST_HEADER]


class _Parser:
    """The standard library's parser, fed piece by piece and stopped in time."""

    def __init__(self) -> None:
        self.root: Message | None = None
        self.parts = 0
        self._parser = BytesFeedParser(self._new_part, policy=_Bounded())  # type: ignore[arg-type]  # it is called with a policy
        self.root, self.parts = None, 0  # the library has tried the factory once

    def _new_part(self, policy: Policy) -> Message:
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise _Enough
        made: Message = Message(policy=policy)
        if self.root is None:
            self.root = made
        return made

    def parse(self, raw: bytes) -> tuple[Message, bool]:
        """The message, and whether there was more of it than was read."""
        work, cut = 0, len(raw) > MOST_BYTES
        try:
            for begin in range(0, min(len(raw), MOST_BYTES), _CHUNK):
                chunk = raw[begin : min(begin + _CHUNK, MOST_BYTES)]
                self._parser.feed(chunk)
                work += (chunk.count(b"\n") + chunk.count(b"\r")) * self.parts
                if work > MOST_WORK:
                    cut = True
                    break
            else:
                self._parser.close()
        except (_Enough, RecursionError):
            cut = True
        if self.root is None:
            raise Unreadable("nothing")
        return self.root, cut


def _read(raw: bytes) -> Letter:
    message, cut = _Parser().parse(raw)
    content = _Content()
    for part in _walk(message):
        content.add(part)
    text, shortened = content.text()
    return Letter(
        headers=list(_headers(message)),
        senders=list(_senders(message)),
        text=text,
        attachments=content.attachments,
        cut=cut or shortened or content.more,
        content_type=message.get_content_type(),
        reports=content.reports,
        returned=content.returned,
    )


def _walk(message: Message) -> Iterator[Message]:
    """All parts, outermost first, without recursion; what a forwarded message holds too, not what a report returns."""
    left, report = [message], message.get_content_type() == "multipart/report"
    while left:
        part = left.pop()
        yield part
        payload = part.get_payload()
        if isinstance(payload, list) and not (report and part.get_content_type() == "message/rfc822"):
            left += [each for each in reversed(payload) if isinstance(each, Message)]


class _Content:
    """What the parts hold, gathered one by one."""

    def __init__(self) -> None:
        self.plain: list[str] = []
        self.html: list[str] = []
        self.attachments: list[Attachment] = []
        self.reports: list[list[tuple[str, str]]] = []
        self.returned: list[tuple[str, str]] = []
        self.more = False
        self._room = 2 * MOST_TEXT
        self._blocks: set[int] = set()

    def add(self, part: Message) -> None:
        kind = part.get_content_type()
        if id(part) in self._blocks:  # of a delivery status, read with it
            return
        if kind == "message/delivery-status":
            blocks = [each for each in _list(part.get_payload()) if isinstance(each, Message)]
            self.reports += [list(_headers(each)) for each in blocks]
            self._blocks |= {id(each) for each in blocks}
        elif kind == "message/rfc822":
            inner = next(iter(_list(part.get_payload())), None)
            self._give_back(inner)
        elif kind == "text/rfc822-headers":
            self.returned = self.returned or _header_lines(_decoded(part))
        elif not part.is_multipart():
            self._add_leaf(part, kind)

    def _give_back(self, inner: object) -> None:
        if not isinstance(inner, Message):
            return
        known = dict(reversed(list(_headers(inner))))
        self.returned = self.returned or list(_headers(inner))
        # A forwarded one: who wrote it and what it is about.
        told = [f"{name}: {known[name.lower()]}" for name in ("From", "Subject") if name.lower() in known]
        self.plain.append("\n".join(told))

    def _add_leaf(self, part: Message, kind: str) -> None:
        name = _file_name(part)
        attached = part.get_content_disposition() == "attachment"
        if kind in ("text/plain", "text/html") and not attached and not name:
            if self._room <= 0:
                self.more = True
                return
            text = _decoded(part)
            self.more = self.more or len(text) > self._room
            text = text[: self._room]
            self._room -= len(text)
            (self.plain if kind == "text/plain" else self.html).append(text)
        elif attached or (part.get_content_maintype() != "image" and (name or kind.startswith("application/"))):
            self._attach(part, name or kind)

    def _attach(self, part: Message, name: str) -> None:
        if len(self.attachments) < MOST_ATTACHMENTS:
            payload = part.get_payload()
            self.attachments.append(Attachment(name, len(payload) if isinstance(payload, str) else 0))
        else:
            self.more = True

    def text(self) -> tuple[str, bool]:
        """As plain text; of HTML only if that tells more. And whether some of it was left out."""
        plain = tidy("\n\n".join(each for each in self.plain if each.strip()))
        tidied = plain
        if len(plain) < PLACEHOLDER:
            html = tidy("\n\n".join(text_of(each) for each in self.html))
            tidied = html if len(html) > 2 * len(plain) else plain
        return tidied[:MOST_TEXT], len(tidied) > MOST_TEXT


def _list(payload: object) -> list[object]:
    return payload if isinstance(payload, list) else []


def _headers(message: Message) -> Iterator[tuple[str, str]]:
    for name, value in message.raw_items():
        yield name.strip().lower(), _clean(str(value))


def _header_lines(text: str) -> list[tuple[str, str]]:
    """Of headers that are given back as a text, each on its line; those that go on in the next are cut."""
    pairs = (line.partition(":") for line in text[:MOST_TEXT].splitlines()[:MOST_HEADER_LINES])
    return [(name.strip().lower(), _clean(value)) for name, colon, value in pairs if colon and name.strip()]


def _senders(message: Message) -> Iterator[tuple[str, str]]:
    """Names and addresses. The address is taken from the header as it came: encoded words may hold brackets."""
    raw = [str(value) for name, value in message.raw_items() if name.strip().lower() == "from"]
    short = [_surrogates(" ".join(each.split()))[:LONGEST_FROM] for each in raw[:MOST_FROM]]
    try:
        found = getaddresses(short)
    except Exception:  # of what is made to be no address: nobody is the sender
        found = []
    for name, address in found:
        if address or name:
            yield _clean(name), _one_line(address)


def _clean(value: str) -> str:
    """A header's value decoded (RFC 2047), or as it stands; on one line, without signs that nobody sees."""
    value = _surrogates(" ".join(value.split("\n"))[:LONGEST_HEADER])
    return _one_line(_decoded_words(value))


_WORD = re.compile(r"=\?[^?\s]{1,60}\?[bBqQ]\?[^?]{0,2000}\?=")


def _decoded_words(value: str) -> str:
    if not _WORD.search(value):
        return value
    try:
        pairs = decode_header(value)
    except Exception:  # base64 that is none: its own kind of error, and binascii's
        return value
    return "".join(
        _in_charset(text, charset or "ascii") if isinstance(text, bytes) else _surrogates(text)
        for text, charset in pairs
    )


def _surrogates(value: str) -> str:
    """Bytes above 127 in a header, which the parser smuggles through, as what they most likely are."""
    if value.isascii():
        return value
    try:
        return _in_charset(value.encode("utf-8", "surrogateescape"), "utf-8")
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace").decode()


# Names that programs write and Python does not know, and those that browsers read as another one.
_ALSO = {
    **dict.fromkeys(("unknown-8bit", "x-unknown", "default", "us-ascii", "ascii"), "utf-8"),
    **dict.fromkeys(("iso-8859-1", "latin-1", "latin1", "iso8859-1"), "windows-1252"),
}
_NO_CHARSETS = ("idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined")  # codecs, of no mail
_CUT_SIGN = 4  # bytes at most, of a sign of which the last part is missing


def _in_charset(content: bytes, charset: str) -> str:
    """In the charset that is named; if it isn't that, in UTF-8; else in that of old Windows, which takes any byte."""
    name = charset.strip().lower().split("*")[0]
    for each in (_ALSO.get(name, name), "utf-8"):
        try:
            if codecs.lookup(each).name not in _NO_CHARSETS:
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


_A_CHARSET = re.compile(r"[\w.:+-]{1,40}", re.ASCII)


def _decoded(part: Message) -> str:
    """A part's text; empty if it can't be decoded. A charset that nobody knows is none."""
    try:
        payload = part.get_payload(decode=True)
        charset = str(part.get_param("charset", "utf-8", unquote=True) or "utf-8")
    except Exception:  # binascii's, or of a parameter that is none
        return ""
    content = payload if isinstance(payload, bytes) else b""
    return _in_charset(content[: 4 * MOST_TEXT], charset if _A_CHARSET.fullmatch(charset) else "utf-8")


def _file_name(part: Message) -> str:
    try:
        name = part.get_filename() or ""
    except Exception:  # RFC 2231 that is none
        return "?"
    return _clean(str(name)).replace("/", "_")[:LONGEST_NAME]


def _one_line(text: str) -> str:
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
    for sign in text:
        if sign in keep or sign == " ":
            yield sign
        elif sign.isspace():
            yield " "
        elif unicodedata.category(sign)[0] != "C":
            yield sign
