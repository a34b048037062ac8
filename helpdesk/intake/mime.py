"""A message as bytes made a :class:`Letter`: its few headers that matter, its text, and the names of what is attached.

Whoever wrote it may mean ill. So everything is bounded before it is read (security.md M4): bytes, header lines and
their length, parts, and lines times nesting, which is what the parser's work grows with. What is beyond a bound is
left out, and ``cut`` says so. No exception of a library leaves this module but as :class:`Unreadable`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from email.utils import getaddresses

from helpdesk.intake.decoding import clean, in_charset, on_one_line, one_line, surrogates, tidy
from helpdesk.intake.html import text_of
from helpdesk.intake.parser import MOST_HEADER_LINES, Parser

# Bytes of one message that are read. Text comes first in a mail, and nothing that is attached is kept (M4).
MOST_BYTES = 1024 * 1024
MOST_TEXT = 64 * 1024  # characters that are kept of the text
PLACEHOLDER = 200  # characters: a shorter plain text may say no more than that the mail is HTML
MOST_ATTACHMENTS = 20  # that are named
LONGEST_NAME = 120
MOST_FROM, LONGEST_FROM = 5, 1000  # headers, and characters of each

# Whoever decodes these (RFC 2047 5 forbids it), or leaves out what can't be seen, reads what their writer didn't write.
AS_THEY_CAME = ("authentication-results",)


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
            self._attach(part, name or one_line(kind)[:LONGEST_NAME])

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
        yield known, on_one_line(str(value)) if known in AS_THEY_CAME else clean(str(value))


def _header_lines(text: str) -> list[tuple[str, str]]:
    """Of headers that are given back as a text, each on its line; those that go on in the next are cut."""
    pairs = (line.partition(":") for line in text[:MOST_TEXT].splitlines()[:MOST_HEADER_LINES])
    return [(name.strip().lower(), clean(value)) for name, colon, value in pairs if colon and name.strip()]


def _senders(message: Message) -> Iterator[tuple[str, str]]:
    """Names and addresses. The address is taken from the header as it came: encoded words may hold brackets."""
    raw = [str(value) for name, value in message.raw_items() if name.strip().lower() == "from"]
    if len(raw) > MOST_FROM or any(len(each) > LONGEST_FROM for each in raw):
        return  # what is left out could be a second sender
    try:
        found = getaddresses([surrogates(" ".join(each.split())) for each in raw])
    except Exception:  # of what is made to be no address: nobody is the sender
        found = []
    for name, address in found:
        if address or name:
            # With signs that nobody sees it is not the address that it seems to be.
            yield clean(name), address if address == one_line(address) else ""


def _payload(part: Message) -> bytes:
    """What a part holds; nothing if it can't be decoded."""
    try:
        payload = part.get_payload(decode=True)
    except Exception:  # binascii's
        return b""
    return payload if isinstance(payload, bytes) else b""


def _decoded(part: Message) -> str:
    """A part's text. A charset that nobody knows is none."""
    return in_charset(_payload(part)[: 4 * MOST_TEXT], _parameter(part, "content-type", "charset"))


def _file_name(part: Message) -> str:
    name = _parameter(part, "content-disposition", "filename") or _parameter(part, "content-type", "name")
    return clean(name).replace("/", "_")[:LONGEST_NAME]


def _parameter(part: Message, header: str, name: str) -> str:
    """Of a header, decoded (RFC 2231); "?" if it can't be."""
    try:
        value = part.get_param(name, "", header)
        if isinstance(value, tuple):
            return in_charset(value[2].encode("raw-unicode-escape"), value[0] or "ascii")
    except Exception:  # what the library makes of gaps and of numbers that are none
        return "?"
    return str(value or "")
