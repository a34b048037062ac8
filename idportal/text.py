"""Makes text safe for one line, folds text for comparison, and compares people's names."""

import re
import unicodedata

LONGEST = 100  # characters; Active Directory has 64 at most in a name
LONGEST_ECHO = 60  # characters
_PIECE = 1000  # characters; Unicode's normal form takes quadratic time on malicious input

# What mail programs make a link of. An invisible character that no address may hold parts it (UAX 14, WJ).
_LINK = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=\w)(?=@)", re.IGNORECASE)
_APART = "\u2060"

# What a spreadsheet takes for the beginning of a formula, when somebody copies a table into it (security.md H7). The
# full-width forms too, which it folds.
_FORMULA = tuple("=+-@＝＋－＠")


def one_line(text: str) -> str:
    """The text on one line, in NFC, with single spaces and without invisible characters. Idempotent.

    So it can't end a header, upset a database or a terminal, or pass for another text that looks the same.
    """
    return " ".join(composed(visible(text)).split())


def visible(text: str, keep: str = "") -> str:
    """The text without control, format and unassigned characters, each kind of space as " "; ``keep`` stays."""
    if text.isprintable():
        return text
    # Not printable are spaces (Zl and Zp too) and the categories Cc control, Cf format, Cs half of a pair, Co private,
    # and Cn not assigned.
    kept = (each if each in keep or each.isprintable() else " " if each.isspace() else "" for each in text)
    return "".join(kept)


def composed(text: str) -> str:
    """The text in NFC, in linear time."""
    return "".join(unicodedata.normalize("NFC", text[at : at + _PIECE]) for at in range(0, len(text), _PIECE))


def inert(text: str) -> str:
    """The text as one line of at most LONGEST characters that does nothing in a mail, a terminal or a spreadsheet.

    A formula gets an apostrophe before it. An address, of a page or of mail, gets an invisible character, so that no
    program makes a link of it. Not escaped for HTML: that is done where it becomes HTML. Idempotent.
    """
    text = one_line(text[: 4 * LONGEST])
    if text.startswith(_FORMULA):
        text = f"'{text}"
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…"
    return _LINK.sub(_APART, text)


def short(text: str) -> str:
    """At most LONGEST_ECHO characters of the text: a message about a file wrong on every line must not be huge."""
    return text if len(text) <= LONGEST_ECHO else f"{text[: LONGEST_ECHO - 1]}…"


def fold(text: str) -> str:
    """The text without case and diacritics, and in compatibility form: å, ä, ö become a, a, o."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


_ENOUGH = 2  # a given name and a surname


def names_agree(one: str, other: str) -> bool:
    """Whether two names may be one person's: in any order, with or without a middle name."""
    first, second = (set(name.casefold().replace(",", " ").split()) for name in (one, other))
    return first == second or (len(first & second) >= _ENOUGH and (first <= second or second <= first))
