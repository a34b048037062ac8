"""The standard library's mail parser with bounds; the rest of a mail is left out (security.md M4)."""

from __future__ import annotations

import re
from email.feedparser import BytesFeedParser
from email.message import Message
from email.policy import Compat32, Policy

from helpdesk.intake.decoding import LONGEST_HEADER

MOST_PARTS = 100  # a mail with a forwarded thread and its pictures has thirty
MOST_HEADER_LINES = 1000  # of all parts together
LONGEST_OF_A_PART = 2 * 1024  # characters; a file's name in pieces is the longest
# Lines times the parts begun so far, which is at least the parser's depth. Takes about a second.
MOST_WORK = 3_000_000
_CHUNK = 16 * 1024


class _Enough(Exception):
    """A bound is reached. The mail is what was read so far."""


class _Bounded(Compat32):
    """Counts header lines and cuts long headers before they are parsed."""

    def __init__(self) -> None:
        super().__init__()
        object.__setattr__(self, "seen", [0])

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        self.seen[0] += len(sourcelines)  # type: ignore[attr-defined]  # Policy has __setattr__
        if self.seen[0] > MOST_HEADER_LINES:  # type: ignore[attr-defined]
            raise _Enough
        name, value = super().header_source_parse(sourcelines)
        # The library parses Content- headers in quadratic time.
        return name, value[: LONGEST_OF_A_PART if name.lower().startswith("content-") else LONGEST_HEADER]


class Parser:
    """Feeds the standard library's parser piece by piece, and stops at the bounds."""

    def __init__(self) -> None:
        self.root: Message | None = None
        self.parts = 0
        self.whole_head = True  # all headers of the outermost part were read
        self._parser = BytesFeedParser(self._new_part, policy=_Bounded())  # type: ignore[arg-type]  # it is called with a policy
        self.root, self.parts = None, 0  # the parser has called the factory once already

    def _new_part(self, policy: Policy) -> Message:
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise _Enough
        made: Message = Message(policy=policy)
        if self.root is None:
            self.root = made
        return made

    def parse(self, raw: bytes) -> tuple[Message, bool]:
        """The message, and whether a part of it was left out."""
        work, cut = 0, False
        raw = _without_stray_returns(raw)
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
            raise ValueError("nothing")
        return self.root, cut


_HEAD = re.compile(rb"\A.*?(?:\n\r?\n|\Z)", re.DOTALL)
_STRAY_RETURN = re.compile(rb"\r(?!\n)")


def _without_stray_returns(raw: bytes) -> bytes:
    """Replaces a lone CR in the headers by a space.

    For the parser it ends a header, for mail servers it doesn't. So it could hide a header from the border server.
    """
    return _HEAD.sub(lambda head: _STRAY_RETURN.sub(b" ", head[0]), raw, count=1)
