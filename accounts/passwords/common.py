"""Whether a password is a common word, even in disguise (security.md P2).

*Undressed*, ``P@ssw0rd1``, ``2026-Sommar!`` and ``Kalle-kalle`` are a word of the lists. A password that only contains
such a word is not refused, nor are two different words: together they are far rarer than one with a year.
"""

import re
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.contrib.auth.password_validation import CommonPasswordValidator

from idportal.text import fold

OWN_WORDS = Path(__file__).with_name("common_words.txt")
# Characters of a word that is looked for within a password: a shorter one is there by chance, a longer one in no list.
SHORTEST, LONGEST = 4, 40

# i, l and 1 are one character here, so that 1 stands for both.
_PLAIN = str.maketrans("01345@$l", "oieasasi")
_IN_TWO_LETTERS = str.maketrans({"å": "aa", "ä": "ae", "ö": "oe"})
_LETTERS = re.compile(r"[^\W\d_].*[^\W\d_]|[^\W\d_]", re.DOTALL)  # from the first letter to the last
_REPEATED = re.compile(rf"(.{{{SHORTEST},{LONGEST}}}?)(?:[\W\d_]*\1)+", re.DOTALL)

_reading = threading.Lock()  # eight threads that read the lists at once take 25 MB and a second, one takes 6 MB


def is_common(password: str) -> bool:
    """Whether the password, undressed, is a word of the lists, or one word several times."""
    with _reading:
        words = _words()
    return not words.isdisjoint(_undressed(fold(password)))


def _undressed(text: str) -> Iterator[str]:
    """What the folded text may stand for: all of it, and its letters with ever more of the characters around them.

    More, because the word itself may begin or end with such a character: ``$ommar``, ``abc123``.
    """
    plain = text.translate(_PLAIN)
    yield plain
    letters = _LETTERS.search(text)
    if letters is None:
        return
    start, end = letters.span()
    for first in range(max(0, end - LONGEST), start + 1):
        for last in range(max(end, first + SHORTEST), min(len(text), first + LONGEST) + 1):
            yield plain[first:last]
    if repeated := _REPEATED.fullmatch(text, start, end):
        yield repeated[1].translate(_PLAIN)


@cache
def _words() -> frozenset[str]:
    """All words of both lists, undressed too. Read once, when the first password is judged."""
    lines = OWN_WORDS.read_text(encoding="utf-8").splitlines()
    own = {word for line in lines if not line.startswith("#") for word in line.split()}
    own |= {word.translate(_IN_TWO_LETTERS) for word in own}
    words = set()
    for word in map(fold, own | CommonPasswordValidator().passwords):
        letters = _LETTERS.search(word)
        words |= {word, letters[0] if letters else word}
    return frozenset(word.translate(_PLAIN) for word in words)
