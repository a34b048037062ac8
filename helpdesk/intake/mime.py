"""Turns a message's bytes into a :class:`Letter`: headers, text, and the names of attachments.

A mail may be an attack. So all input is bounded before it is read (security.md M4): bytes, header lines and their
length, parts, and lines times nesting, which the parser's work grows with. The rest is left out, and ``cut`` is set.
Exceptions of the libraries become :class:`Unreadable`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from email.utils import getaddresses

from helpdesk.intake.decoding import clean, in_charset, on_one_line, surrogates, tidy
from helpdesk.intake.html import text_of
from helpdesk.intake.parser import MOST_HEADER_LINES, Parser
from idportal.text import composed, one_line

# Bytes of one message that are read. Text comes first in a mail, and attachments are not kept (M4).
MOST_BYTES = 1024 * 1024
MOST_TEXT = 64 * 1024  # characters of text that are kept
PLACEHOLDER = 200  # characters: a shorter plain text may only say that the mail is HTML
MOST_ATTACHMENTS = 20  # whose names are kept
LONGEST_NAME = 120
MOST_FROM, LONGEST_FROM = 5, 1000  # headers, and characters of each

# Kept undecoded: RFC 2047 5 forbids encoded words there, so decoding could forge a result.
AS_THEY_CAME = ("authentication-results",)


class Unreadable(Exception):
    """No library can parse this mail. The portal keeps it all the same."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """``size`` in bytes, as far as the attachment was read."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as far as it was read.

    - ``headers``: names in lower case; values decoded and on one line, those in AS_THEY_CAME on one line only.
    - ``senders``: name and address of each sender in From; none if From is larger than any program writes it.
    - ``other_text``: if the mail has plain text and HTML, the one that ``text`` does not hold.
    - ``reports``: the headers of each block of a delivery status (RFC 3464).
    - ``returned``: the headers of the message that such a report returns.
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
        return [value for header, value in self.headers if header == name]

    def first(self, name: str) -> str:
        return next(iter(self.all(name)), "")


def read(raw: bytes) -> Letter:
    """Raises Unreadable if the message can't be parsed."""
    try:
        return _read(raw)
    except Exception as error:  # the libraries document none; its text may quote the mail, so only the type is kept
        raise Unreadable(type(error).__name__) from None


def _read(raw: bytes) -> Letter:
    parser = Parser()
    message, cut = parser.parse(raw[:MOST_BYTES])
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
        cut=cut or len(raw) > MOST_BYTES or shortened or content.more,
        content_type=message.get_content_type(),
        reports=content.reports,
        returned=content.returned,
    )


def _walk(message: Message) -> Iterator[Message]:
    """All parts, outermost first, without recursion: of a forwarded message too, not of a returned one."""
    left, report = [message], message.get_content_type() == "multipart/report"
    while left:
        part = left.pop()
        yield part
        payload = part.get_payload() if part.is_multipart() else ""  # get_payload would decode a text
        if isinstance(payload, list) and not (report and part.get_content_type() == "message/rfc822"):
            left += [each for each in reversed(payload) if isinstance(each, Message)]


class _Content:
    """Collects the contents of the parts."""

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
        if id(part) in self._blocks:  # part of a delivery status that is read already
            return
        if kind == "message/delivery-status":
            blocks = [each for each in _list(part.get_payload()) if isinstance(each, Message)]
            self.reports += [list(_headers(each)) for each in blocks]
            self._blocks |= {id(each) for each in blocks}
        elif kind == "message/rfc822":
            self._add_message(next(iter(_list(part.get_payload())), None))
        elif kind == "text/rfc822-headers":
            self.returned = self.returned or _header_lines(_decoded(part))
        elif not part.is_multipart():
            self._add_leaf(part, kind)

    def _add_message(self, inner: object) -> None:
        """A forwarded or returned message: its headers, and in the text its From and Subject."""
        if not isinstance(inner, Message):
            return
        headers = list(_headers(inner))
        first = dict(reversed(headers))
        self.returned = self.returned or headers
        lines = [f"{name}: {first[name.lower()]}" for name in ("From", "Subject") if name.lower() in first]
        self.plain.append("\n".join(lines))

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
            self._attach(part, name or one_line(kind)[:LONGEST_NAME])

    def _attach(self, part: Message, name: str) -> None:
        if len(self.attachments) < MOST_ATTACHMENTS:
            self.attachments.append(Attachment(name, len(_payload(part))))
        else:
            self.more = True

    def text(self) -> tuple[str, str, bool]:
        """The plain text and the text of the HTML, the better one first; and whether the first was cut."""
        plain = tidy("\n\n".join(each for each in self.plain if each.strip()))
        html = tidy("\n\n".join(text_of(each) for each in self.html))
        first, second = (html, plain) if len(plain) < PLACEHOLDER and len(html) > 2 * len(plain) else (plain, html)
        return first[:MOST_TEXT], second[:MOST_TEXT], len(first) > MOST_TEXT


def _list(payload: object) -> list[object]:
    return payload if isinstance(payload, list) else []


def _headers(message: Message) -> Iterator[tuple[str, str]]:
    for name, value in message.raw_items():
        lower = name.strip().lower()
        yield lower, on_one_line(str(value)) if lower in AS_THEY_CAME else clean(str(value))


def _header_lines(text: str) -> list[tuple[str, str]]:
    """Headers that a report returns as text, one a line. A folded header loses its other lines."""
    pairs = (line.partition(":") for line in text[:MOST_TEXT].splitlines()[:MOST_HEADER_LINES])
    return [(name.strip().lower(), clean(value)) for name, colon, value in pairs if colon and name.strip()]


def _senders(message: Message) -> Iterator[tuple[str, str]]:
    """Names and addresses. The address is parsed before decoding, because encoded words may hold brackets."""
    raw = [str(value) for name, value in message.raw_items() if name.strip().lower() == "from"]
    if len(raw) > MOST_FROM or any(len(each) > LONGEST_FROM for each in raw):
        return  # the part left out could hold a second sender
    try:
        found = getaddresses([surrogates(" ".join(each.split())) for each in raw])
    except Exception:  # a malformed address: then there is no sender
        found = []
    for name, address in found:
        if address or name:
            # An address with invisible characters is not the one that it looks like.
            yield clean(name), address if composed(address) == one_line(address) else ""


def _payload(part: Message) -> bytes:
    """A part's decoded bytes; b"" if they can't be decoded."""
    try:
        payload = part.get_payload(decode=True)
    except Exception:  # binascii.Error, among others
        return b""
    return payload if isinstance(payload, bytes) else b""


def _decoded(part: Message) -> str:
    return in_charset(_payload(part)[: 4 * MOST_TEXT], _parameter(part, "content-type", "charset"))


def _file_name(part: Message) -> str:
    name = _parameter(part, "content-disposition", "filename") or _parameter(part, "content-type", "name")
    return clean(name).replace("/", "_")[:LONGEST_NAME]


def _parameter(part: Message, header: str, name: str) -> str:
    """A header's parameter, decoded (RFC 2231); "?" if it can't be decoded."""
    try:
        value = part.get_param(name, "", header)
        if isinstance(value, tuple):
            return in_charset(value[2].encode("raw-unicode-escape"), value[0] or "ascii")
    except Exception:  # the library fails on gaps in numbered pieces
        return "?"
    return str(value or "")
