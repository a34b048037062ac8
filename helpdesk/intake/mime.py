"""A message as bytes made a :class:`Letter`: its few headers that matter, its text, and the names of what is attached.

Whoever wrote it may mean ill. So everything is bounded before it is read (security.md M4): bytes, header lines and
their length, parts, and lines times nesting, which is what the parser's work grows with. What is beyond a bound is
left out, and ``cut`` says so. No exception of a library leaves this module but as :class:`Unreadable`.
"""

from __future__ import annotations

import pkgutil
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from email.feedparser import BytesFeedParser
from email.header import decode_header
from email.message import Message
from email.policy import Compat32, Policy
from email.utils import getaddresses
from encodings import __path__ as _codecs
from encodings import normalize_encoding
from encodings.aliases import aliases

from helpdesk.intake.html import text_of

# Bytes of one message that are read. Text comes first in a mail, and nothing that is attached is kept (M4).
MOST_BYTES = 1024 * 1024
MOST_PARTS = 100  # a mail with a forwarded thread and its pictures has thirty
MOST_HEADER_LINES = 1000  # of all parts together
LONGEST_HEADER = 8 * 1024  # characters; a thread's References are the longest that programs write
LONGEST_OF_A_PART = 2 * 1024  # characters; a file's name in pieces is the longest
# Lines times the parts begun so far, which is at least how deep the parser stands: about a second.
MOST_WORK = 3_000_000
MOST_TEXT = 64 * 1024  # characters that are kept of the text
PLACEHOLDER = 200  # characters: a shorter plain text may say no more than that the mail is HTML
MOST_ATTACHMENTS = 20  # that are named
LONGEST_NAME = 120
MOST_FROM, LONGEST_FROM = 5, 1000  # headers, and characters of each

# Whoever decodes these (RFC 2047 5 forbids it), or leaves out what can't be seen, reads what their writer didn't write.
AS_THEY_CAME = ("authentication-results",)

_CHUNK = 16 * 1024
_PIECE = 1000


class Unreadable(Exception):
    """No library can tell what this is. It is somebody's mail all the same."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """``size`` in bytes; of what was cut off, as much as came."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Letter:
    """``headers``: name in lower case, value decoded and on one line, in order, as far as they were read; those in
    AS_THEY_CAME as they came, but for their line ends. ``other_text``: of a mail that has both, the text that was not
    taken, of HTML or plain.

    ``senders``: all addresses of all From headers with their names; none if these are more, or longer, than any program
    writes. ``reports``: the headers of each block of a delivery status (RFC 3464). ``returned``: the headers of the
    message that such a report gives back.
    """

    headers: Sequence[tuple[str, str]]
    senders: Sequence[tuple[str, str]]
    text: str
    other_text: str
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
        # The library takes those of a part to pieces, in the square of their length.
        return name, value[: LONGEST_OF_A_PART if name.lower().startswith("content-") else LONGEST_HEADER]


class _Parser:
    """The standard library's parser, fed piece by piece and stopped in time."""

    def __init__(self) -> None:
        self.root: Message | None = None
        self.parts = 0
        self.whole_head = True  # whether no header of the outermost part was left out
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
        raw = _without_stray_returns(raw[:MOST_BYTES])
        try:
            for begin in range(0, len(raw), _CHUNK):
                chunk = raw[begin : begin + _CHUNK]
                self._parser.feed(chunk)
                work += (chunk.count(b"\n") + chunk.count(b"\r")) * self.parts
                if work > MOST_WORK:
                    cut = True
                    break
            else:
                self._parser.close()
        except (_Enough, RecursionError):
            cut, self.whole_head = True, self.parts > 1
        if self.root is None:
            raise Unreadable("nothing")
        return self.root, cut


_HEAD = re.compile(rb"\A.*?(?:\n\r?\n|\Z)", re.DOTALL)
_STRAY_RETURN = re.compile(rb"\r(?!\n)")


def _without_stray_returns(raw: bytes) -> bytes:
    """A header ends at a line feed, as it does for mail servers. To the parser what follows a CR is a header of its
    own, and so could be one that the border server would have taken away."""
    return _HEAD.sub(lambda head: _STRAY_RETURN.sub(b" ", head[0]), raw, count=1)


def _read(raw: bytes) -> Letter:
    parser = _Parser()
    message, cut = parser.parse(raw)
    content = _Content()
    for part in _walk(message):
        content.add(part)
    text, other_text, shortened = content.text()
    return Letter(
        headers=list(_headers(message)),
        senders=list(_senders(message)) if parser.whole_head else [],
        text=text,
        other_text=other_text,
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
        payload = part.get_payload() if part.is_multipart() else ""  # it would decode a text, in any charset
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
            self._attach(part, name or _one_line(kind)[:LONGEST_NAME])

    def _attach(self, part: Message, name: str) -> None:
        if len(self.attachments) < MOST_ATTACHMENTS:
            self.attachments.append(Attachment(name, len(_payload(part))))
        else:
            self.more = True

    def text(self) -> tuple[str, str, bool]:
        """The plain text and that of HTML, the one that tells more first; and whether some of it was left out."""
        plain = tidy("\n\n".join(each for each in self.plain if each.strip()))
        html = tidy("\n\n".join(text_of(each) for each in self.html))
        first, second = (html, plain) if len(plain) < PLACEHOLDER and len(html) > 2 * len(plain) else (plain, html)
        return first[:MOST_TEXT], second[:MOST_TEXT], len(first) > MOST_TEXT


def _list(payload: object) -> list[object]:
    return payload if isinstance(payload, list) else []


def _headers(message: Message) -> Iterator[tuple[str, str]]:
    for name, value in message.raw_items():
        known = name.strip().lower()
        yield known, _on_one_line(str(value)) if known in AS_THEY_CAME else _clean(str(value))


def _header_lines(text: str) -> list[tuple[str, str]]:
    """Of headers that are given back as a text, each on its line; those that go on in the next are cut."""
    pairs = (line.partition(":") for line in text[:MOST_TEXT].splitlines()[:MOST_HEADER_LINES])
    return [(name.strip().lower(), _clean(value)) for name, colon, value in pairs if colon and name.strip()]


def _senders(message: Message) -> Iterator[tuple[str, str]]:
    """Names and addresses. The address is taken from the header as it came: encoded words may hold brackets."""
    raw = [str(value) for name, value in message.raw_items() if name.strip().lower() == "from"]
    if len(raw) > MOST_FROM or any(len(each) > LONGEST_FROM for each in raw):
        return  # what is left out could be a second sender
    try:
        found = getaddresses([_surrogates(" ".join(each.split())) for each in raw])
    except Exception:  # of what is made to be no address: nobody is the sender
        found = []
    for name, address in found:
        if address or name:
            # With signs that nobody sees it is not the address that it seems to be.
            yield _clean(name), address if address == _one_line(address) else ""


def _clean(value: str) -> str:
    """A header's value decoded (RFC 2047), or as it stands; on one line, without signs that nobody sees."""
    return _one_line(_decoded_words(_on_one_line(value)))


def _on_one_line(value: str) -> str:
    return _surrogates(value.replace("\r", " ").replace("\n", " ")[:LONGEST_HEADER])


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


def _in_charset(content: bytes, charset: str) -> str:
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


def _payload(part: Message) -> bytes:
    """What a part holds; nothing if it can't be decoded."""
    try:
        payload = part.get_payload(decode=True)
    except Exception:  # binascii's
        return b""
    return payload if isinstance(payload, bytes) else b""


def _decoded(part: Message) -> str:
    """A part's text. A charset that nobody knows is none."""
    return _in_charset(_payload(part)[: 4 * MOST_TEXT], _parameter(part, "content-type", "charset"))


def _file_name(part: Message) -> str:
    name = _parameter(part, "content-disposition", "filename") or _parameter(part, "content-type", "name")
    return _clean(name).replace("/", "_")[:LONGEST_NAME]


def _parameter(part: Message, header: str, name: str) -> str:
    """Of a header, decoded (RFC 2231); "?" if it can't be."""
    try:
        value = part.get_param(name, "", header)
        if isinstance(value, tuple):
            return _in_charset(value[2].encode("raw-unicode-escape"), value[0] or "ascii")
    except Exception:  # what the library makes of gaps and of numbers that are none
        return "?"
    return str(value or "")


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
