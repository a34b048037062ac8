"""Texts of the directory, as they stand in what the portal sends."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 100  # characters; Active Directory has 64 at most in a name
LONGEST_ECHO = 60  # characters

# What mail programs make a link of. A sign that nobody sees, and that no address may hold, parts it (UAX 14, WJ).
_LINK = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=\w)(?=@)", re.IGNORECASE)
_APART = "\u2060"

# What a spreadsheet takes for the beginning of a formula, when somebody copies a table into it (security.md H7). The
# full-width forms too, which it folds.
_FORMULA = tuple("=+-@＝＋－＠")


def inert(text: str) -> str:
    """The text as one line that does nothing but stand there, in a mail, a terminal or a spreadsheet.

    Line breaks, tabs and every kind of space become a space. Control characters go, and so do format characters, which
    turn the direction of writing or can't be seen. A formula gets an apostrophe before it. What looks like an address,
    of a page or of mail, gets a sign that nobody sees, so that no program makes a link of it. What is longer than
    LONGEST is cut. Not escaped for HTML: that is done where it becomes HTML. Idempotent.
    """
    text = text[: 4 * LONGEST]  # to normalise takes the square of the length, if somebody means ill
    if not text.isprintable():  # as almost every name is
        text = "".join(_sign(each) for each in text)
    text = unicodedata.normalize("NFC", text)
    text = " ".join(text.split())
    if text.startswith(_FORMULA):
        text = f"'{text}"
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…"
    return _LINK.sub(_APART, text)


def one_line(text: str) -> str:
    """The text with single spaces, in NFC, and without unseen characters, which make two names of one."""
    seen = (
        character for character in text if character.isspace() or unicodedata.category(character) not in ("Cf", "Cc")
    )
    return unicodedata.normalize("NFC", " ".join("".join(seen).split()))


def short(text: str) -> str:
    """As much of a text as a message repeats: a file that is wrong on every line must not become a huge page."""
    return text if len(text) <= LONGEST_ECHO else f"{text[: LONGEST_ECHO - 1]}…"


def _sign(character: str) -> str:
    if character.isspace():  # the separators of lines and paragraphs (Zl, Zp) among them
        return " "
    # Cc control, Cf format, Cs half of a pair, Co private, Cn not assigned.
    return "" if unicodedata.category(character).startswith("C") else character
