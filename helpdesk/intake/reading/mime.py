"""Turns a message's bytes into a :class:`Letter`: headers, text, and the names of attachments.

A mail may be an attack. So all input is bounded before it is read (security.md M4): bytes, header lines and their
length, parts, and lines times nesting, which the parser's work grows with. The rest is left out, and ``cut`` is set.
Exceptions of the libraries become :class:`Unreadable`.
"""

import re
from collections.abc import Callable, Iterator
from email.feedparser import BytesFeedParser
from email.message import Message
from email.policy import Compat32, Policy
from email.utils import getaddresses
from typing import Any, NamedTuple

from helpdesk.intake.reading.decoding import LONGEST_HEADER, clean, in_charset, on_one_line, surrogates, text_of, tidy
from idportal.text import composed, one_line

# Bytes of one message that are read. Text comes first in a mail, and attachments are not kept (M4).
MOST_BYTES = 1024 * 1024
MOST_PARTS = 100  # a mail with a forwarded thread and its pictures has thirty
MOST_HEADER_LINES = 1000  # of all parts together
LONGEST_OF_A_PART = 2 * 1024  # characters of a Content- header; a file's name in pieces is the longest
# Lines times the parts begun so far, which is at least the parser's depth. Takes about a second.
MOST_WORK = 3_000_000
_CHUNK = 16 * 1024
MOST_TEXT = 64 * 1024  # characters of text that are kept
PLACEHOLDER = 200  # characters: a shorter plain text may only say that the mail is HTML
MOST_ATTACHMENTS = 20  # whose names are kept
LONGEST_NAME = 120
MOST_FROM, LONGEST_FROM = 5, 1000  # headers, and characters of each

_HEAD = re.compile(rb"\A.*?(?:\n\r?\n|\Z)", re.DOTALL)
_STRAY_RETURN = re.compile(rb"\r(?!\n)")


Headers = list[tuple[str, str]]


class Unreadable(Exception):
    """No library can parse this mail. The portal keeps it all the same."""


class _Enough(Exception):
    """A bound is reached. The mail is what was read so far."""


class Attachment(NamedTuple):
    """``size`` in bytes, as far as the attachment was read."""

    name: str
    size: int


class Letter:
    """A message as far as it was read.

    - ``headers``: names in lower case; values decoded and on one line, Authentication-Results on one line only.
    - ``senders``: name and address of each sender in From; none if From is larger than any program writes it.
    - ``other_text``: if the mail has plain text and HTML, the one that ``text`` does not hold.
    - ``reports``: the headers of each block of a delivery status (RFC 3464).
    - ``returned``: the headers of the message that such a report returns.
    """

    def __init__(self, raw: bytes) -> None:
        message, cut, whole_head = _parsed(raw[:MOST_BYTES])
        self.cut = cut or len(raw) > MOST_BYTES
        self.content_type = message.get_content_type()
        self.headers = _headers(message)
        self.senders = list(_senders(message)) if whole_head else []
        self.attachments: list[Attachment] = []
        self.reports: list[Headers] = []
        self.returned: Headers = []
        self._plain: list[str] = []
        self._html: list[str] = []
        self._room = 2 * MOST_TEXT
        # All parts, outermost first, without recursion: of a forwarded message too, not of a returned one.
        returned = "message/rfc822" if self.content_type == "multipart/report" else ""
        left = [message]
        while left:
            part = left.pop()
            kind = part.get_content_type()
            self._add(part, kind)
            left += [] if kind in ("message/delivery-status", returned) else reversed(_inside(part))
        text = tidy("\n\n".join(each for each in self._plain if each.strip()))
        other = tidy("\n\n".join(text_of(each) for each in self._html))
        if len(text) < PLACEHOLDER and len(other) > 2 * len(text):
            text, other = other, text
        self.text, self.other_text = text[:MOST_TEXT], other[:MOST_TEXT]
        self.cut = self.cut or len(text) > MOST_TEXT

    def all(self, name: str) -> list[str]:
        return [value for header, value in self.headers if header == name]

    def first(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    def _add(self, part: Message, kind: str) -> None:
        if kind == "message/delivery-status":
            self.reports += [_headers(block) for block in _inside(part)]
        elif kind == "message/rfc822":
            for inner in _inside(part)[:1]:  # in the text its From and Subject
                headers = _headers(inner)
                self.returned = self.returned or headers
                first = dict(reversed(headers))
                lines = [f"{name}: {first[name.lower()]}" for name in ("From", "Subject") if name.lower() in first]
                self._plain.append("\n".join(lines))
        elif kind == "text/rfc822-headers":
            # One a line: a folded header loses its other lines.
            lines = _decoded(part)[:MOST_TEXT].splitlines()[:MOST_HEADER_LINES]
            pairs = (line.partition(":") for line in lines)
            headers = [(name.strip().lower(), clean(value)) for name, colon, value in pairs if colon and name.strip()]
            self.returned = self.returned or headers
        elif not part.is_multipart():
            self._add_leaf(part, kind)

    def _add_leaf(self, part: Message, kind: str) -> None:
        name = clean(_parameter(part, "content-disposition", "filename") or _parameter(part, "content-type", "name"))
        name = name.replace("/", "_")[:LONGEST_NAME]
        attached = part.get_content_disposition() == "attachment"
        if kind in ("text/plain", "text/html") and not attached and not name:
            text = _decoded(part) if self._room else ""
            self.cut = self.cut or len(text) > self._room or not self._room
            text = text[: self._room]
            self._room -= len(text)
            (self._plain if kind == "text/plain" else self._html).append(text)
        elif attached or (part.get_content_maintype() != "image" and (name or kind.startswith("application/"))):
            if len(self.attachments) < MOST_ATTACHMENTS:
                self.attachments.append(Attachment(name or one_line(kind)[:LONGEST_NAME], len(_payload(part))))
            else:
                self.cut = True


def read(raw: bytes) -> Letter:
    """Raises Unreadable if the message can't be parsed."""
    try:
        return Letter(raw)
    except Exception as error:  # the libraries document none; its text may quote the mail, so only the type is kept
        raise Unreadable(type(error).__name__) from None


class _Bounded(Compat32):
    """Counts header lines and cuts long headers before they are parsed."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        seen = self.__dict__["seen"] = self.__dict__.get("seen", 0) + len(sourcelines)  # Policy has __setattr__
        if seen > MOST_HEADER_LINES:
            raise _Enough
        name, value = super().header_source_parse(sourcelines)
        # The library parses Content- headers in quadratic time.
        return name, value[: LONGEST_OF_A_PART if name.lower().startswith("content-") else LONGEST_HEADER]


def _parsed(raw: bytes) -> tuple[Message, bool, bool]:
    """The message, whether a part of it was left out, and whether all headers of its outermost part were read."""
    begun: list[Message] = []

    def new_part(policy: Policy) -> Message:
        begun.append(Message(policy=policy))
        if len(begun) > MOST_PARTS:
            raise _Enough
        return begun[-1]

    parser = BytesFeedParser(new_part, policy=_Bounded())  # type: ignore[arg-type]  # it is called with a policy
    begun.clear()  # the parser has called the factory once already
    # For the parser a lone CR ends a header, for mail servers it doesn't: it could hide one from the border server.
    raw = _HEAD.sub(lambda head: _STRAY_RETURN.sub(b" ", head[0]), raw, count=1)
    work = 0
    try:
        for begin in range(0, len(raw), _CHUNK):
            chunk = raw[begin : begin + _CHUNK]
            parser.feed(chunk)
            work += (chunk.count(b"\n") + chunk.count(b"\r")) * len(begun)
            if work > MOST_WORK:
                return begun[0], True, True
        parser.close()
    except (_Enough, RecursionError):
        return begun[0], True, len(begun) > 1
    return begun[0], False, True


def _inside(part: Message) -> list[Message]:
    """The parts of a part, the message in it, or the blocks of a delivery status."""
    payload = part.get_payload() if part.is_multipart() else []  # get_payload would decode a text
    return [each for each in payload if isinstance(each, Message)]


def _headers(message: Message) -> Headers:
    raw = [(name.strip().lower(), str(value)) for name, value in message.raw_items()]
    # RFC 2047 5 forbids encoded words in results, so decoding could forge one.
    return [(name, on_one_line(value) if name == "authentication-results" else clean(value)) for name, value in raw]


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
    payload = _tried(lambda: part.get_payload(decode=True), b"")
    return payload if isinstance(payload, bytes) else b""


def _decoded(part: Message) -> str:
    return in_charset(_payload(part)[: 4 * MOST_TEXT], _parameter(part, "content-type", "charset"))


def _parameter(part: Message, header: str, name: str) -> str:
    """A header's parameter, decoded (RFC 2231); "?" if it can't be decoded."""
    value = _tried(lambda: part.get_param(name, "", header), "?")
    if isinstance(value, tuple):
        return in_charset(value[2].encode("raw-unicode-escape"), value[0] or "ascii")
    return str(value or "")


def _tried(call: Callable[[], Any], otherwise: Any) -> Any:
    """The library fails on gaps in a parameter's numbered pieces (RFC 2231), and on broken base64."""
    try:
        return call()
    except Exception:
        return otherwise
