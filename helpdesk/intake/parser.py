"""The standard library's parser, within bounds: what is beyond them is left out (security.md M4)."""

from __future__ import annotations

import re
from email.feedparser import BytesFeedParser
from email.message import Message
from email.policy import Compat32, Policy

from helpdesk.intake.decoding import LONGEST_HEADER

MOST_PARTS = 100  # a mail with a forwarded thread and its pictures has thirty
MOST_HEADER_LINES = 1000  # of all parts together
LONGEST_OF_A_PART = 2 * 1024  # characters; a file's name in pieces is the longest
# Lines times the parts begun so far, which is at least how deep the parser stands: about a second.
MOST_WORK = 3_000_000
_CHUNK = 16 * 1024


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


class Parser:
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
    """A header ends at a line feed, as it does for mail servers. To the parser what follows a CR is a header of its
    own, and so could be one that the border server would have taken away."""
    return _HEAD.sub(lambda head: _STRAY_RETURN.sub(b" ", head[0]), raw, count=1)
