"""Splits a mail's text into the mails of its thread, newest first, and each into text and signature; reads subjects.

An older mail counts only where a newer one says nothing. A signature names the writer, not the order.
"""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from itertools import accumulate

from helpdesk.intake.reading.labels import labelled_in
from helpdesk.models import Ticket
from idportal.text import fold

Kind = Ticket.Kind

MOST_LINES = 2000  # the rest is not read; a thread of years has fewer
MOST_SECTIONS = 8

_HEADER = re.compile(
    r"\s*\*?(?P<name>från|from|avsändare|skickat|sent|datum|date|till|to|kopia|cc|ämne|subject|svara till|reply-to)"
    r"\*?\s*:\s*\*?\s*(?P<value>.*)",
    re.IGNORECASE,
)
_BEGINS = ("från", "from", "avsändare")
_SUBJECTS = ("ämne", "subject")
_ALSO = frozenset(("skickat", "sent", "datum", "date", *_SUBJECTS))  # without one of these it may be a list
_LONGEST_BETWEEN = 200  # characters: a ruler of dashes on both sides
_BETWEEN = re.compile(
    r"(-{2,}|_{2,}|—+)?\s*(ursprungligt meddelande|original message|original appointment|forwarded message"
    r"|vidarebefordrat meddelande|vidarebefordrat brev|påbörjat vidarebefordrat meddelande|begin forwarded message"
    r"|börjar vidarebefordrat meddelande)\s*:?\s*(-{2,}|_{2,})?",
    re.IGNORECASE,
)
# "Den lör 28 nov. 2026 kl 10:00 skrev Carin Ek <…>:", which programs break over two lines.
_WROTE = re.compile(
    r"\s*(den|on|på|le|am|\d{1,2}\s|\d{4}-).{4,300}\b(skrev|wrote|schrieb)\b.{0,200}:?\s*", re.IGNORECASE
)
_WROTE_END = re.compile(r".{0,200}\b(skrev|wrote)\b.{0,200}:\s*|.{0,200}>\s*(skrev|wrote)?\s*:\s*", re.IGNORECASE)
_WROTE_BEGIN = re.compile(r"\s*(den|on|på)\s.{4,200}\d{4}.{0,200}", re.IGNORECASE)
_QUOTE = re.compile(r"\s?(?:>\s?)+|\s{0,2}(?:\|\s)+")

# Words that begin a signature, also in the middle of a line.
_FAREWELL = re.compile(
    r"(?<!\w)(mvh|m\.v\.h\.?|med (?:de )?(?:vänlig|bästa|varm|solig)\w* hälsning\w*"
    r"|(?:vänlig|bästa|varma|soliga|många)\w* hälsning\w*|(?:best|kind|warm) regards|yours sincerely"
    r"|b\.?r\.?(?=\s*[,/]))(?!\w)",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"\s*(--\s?|—|_{3,}|hälsningar\b.{0,60}|hälsn?\b[.,]?.{0,40}|vänligen,?|/\s?\w[\w .-]{0,40}|regards,?|cheers,?"
    r"|(skickat|skickades|sänt) från (min|mitt|outlook|e-post|mail|yahoo|samsung|gmail|iphone|ipad).{0,80}"
    r"|sent from (my|outlook|mail|yahoo).{0,80}|(hämta|skaffa|get) outlook (för|for) .{0,40})",
    re.IGNORECASE,
)


class MailSection:
    """One of the mails in a thread. ``subject``: of an older mail whose headers are quoted, else "".

    ``begin``: the place in the whole text at which it begins.
    """

    def __init__(self, lines: list[str], signature: list[str], begin: int, subject: str) -> None:
        self.lines, self.signature, self.begin, self.subject = lines, signature, begin, subject
        self.text = "\n".join(lines)
        self.labelled = labelled_in(lines)
        self.values = self.labelled.values


def sections(text: str) -> list[MailSection]:
    """The mails of a thread, newest first; at least one."""
    found: list[MailSection] = []
    whole = text.split("\n")[:MOST_LINES]
    quotes = [_QUOTE.match(line[:200]) for line in whole]
    lines = [line[quote.end() :] if quote else line for line, quote in zip(whole, quotes, strict=True)]
    depths = [quote[0].count(">") + quote[0].count("|") if quote else 0 for quote in quotes]
    starts = list(accumulate((len(line) + 1 for line in whole), initial=0))
    begin = place = 0
    depth, subject = depths[0], ""
    while place < len(lines) and len(found) < MOST_SECTIONS:
        after, next_subject = _border(lines, depths, place)
        if after > place or (lines[place].strip() and depths[place] > depth):
            found.append(_section(lines[begin:place], starts[begin], subject))
            begin, subject = after, next_subject
            depth = depths[begin] if begin < len(lines) else 0
        place = after + 1
    found.append(_section(lines[begin:], starts[begin], subject))
    return found


def _border(lines: Sequence[str], depths: Sequence[int], place: int) -> tuple[int, str]:
    """If an older mail's head starts here: the line behind it, and the subject. Else ``place`` itself."""
    if _BETWEEN.fullmatch(lines[place].strip()[:_LONGEST_BETWEEN]):
        return _head(lines, place + 1)
    line, following = (each[:600] for each in (*lines[place : place + 2], "")[:2])
    if _WROTE.fullmatch(line):
        # A sentence may hold the word too; but programs end the line with a colon, or a quotation follows.
        if line.rstrip().endswith(":") or any(depths[place + 1 : place + 3]):
            return place + 1, ""
    elif _WROTE_BEGIN.fullmatch(line) and _WROTE_END.fullmatch(following) and "@" in line + following:
        return place + 2, ""
    return _head(lines, place)


def _head(lines: Sequence[str], place: int) -> tuple[int, str]:
    """The line behind headers quoted as text ("Från: … Skickat: …"), and the subject in them."""
    names: list[str] = []
    at, subject = place, ""
    while at < len(lines) and len(names) < 12:  # noqa: PLR2004  more than any program writes
        found = _HEADER.fullmatch(lines[at][:1000])
        if found:
            name = found["name"].lower()
            names.append(name)
            subject = found["value"].strip(" *") if name in _SUBJECTS else subject
        elif not (names and at + 1 < len(lines) and _HEADER.fullmatch(lines[at + 1][:1000])):
            break  # else it is a folded address or an empty line, with another header below
        at += 1
    enough = any(name in _BEGINS for name in names[:2]) and not _ALSO.isdisjoint(names)
    return (at, subject) if enough else (place, "")


def _section(lines: list[str], begin: int, subject: str) -> MailSection:
    for place, line in enumerate(lines):
        if place and _ENDS.fullmatch(line[:200]):
            return MailSection(lines[:place], lines[place:], begin, subject)
        if farewell := _FAREWELL.search(line[:2000]):
            at = farewell.start()
            above, below = [*lines[:place], line[:at].rstrip()], [line[at:], *lines[place + 1 :]]
            return MailSection(above, below, begin, subject)
    return MailSection(lines, [], begin, subject)


# --- Subjects ------------------------------------------------------------------------------------

CLOSE = 0.85  # likeness to the manual's subject; allows two typing errors in twenty letters
LONGEST = 300  # characters; the rest is not read

_NUMBER = re.compile(r"(?<![\d-])(20\d\d)-(\d{5,7})(?![\d-])", re.ASCII)
_PREFIX = re.compile(
    r"\s*(?:(?:re|sv|vb|fwd?|wg|aw|ang|angående|svar|antw|vs|tr)\s*(?:\[\d+\]|\(\d+\))?\s*:"
    r"|\[[^\]]{1,40}\]|\*+\s*(?:extern\w*|external)\s*\*+|(?:extern|external)\s*:)\s*",
    re.IGNORECASE,
)

# Beside the municipality's own: the subjects of the manual ("Support") and the ways in which people write them,
# without spaces.
_PHONE = ("kopplanyttmobilnr", "kopplanyttmobilnummer", "nyttmobilnummer", "nyttmobilnr", "kopplamobilnummer")
_RECIPIENTS = (
    "andringavepostmottagareformejlomlosenordsbytelov",
    "andringavepostmottagare",
    "andraepostmottagare",
    "andringavmejlmottagare",
    "nyepostmottagare",
)
_TELEPHONE = re.compile(r"mobil|telefon|\btel\b|nummer|\bnr\b")
_TO_LINK = re.compile(r"kopp?l|nytt|nya|\bny\b|byt|andr|registrer|uppdater")
_ADDRESS = re.compile(r"e ?post|mejl|mail")
_RECEIVES = re.compile(r"mottag|vem som (ska )?fa|adress")
_TO_CHANGE = re.compile(r"andr|byt|ny|uppdater|lagg|ta bort")


def plain(subject: str) -> str:
    """Without prefixes, in lower case, without diacritics, with single spaces instead of other characters."""
    subject = subject[:LONGEST]
    while found := _PREFIX.match(subject):
        subject = subject[found.end() :]
    return " ".join("".join(character if character.isalnum() else " " for character in fold(subject)).split())


def kind_of(subject: str) -> Ticket.Kind | None:
    """None if the subject fits no kind, or both."""
    words = plain(subject)
    if not words:
        return None
    letters = _letters(words)
    telephone, recipients = (
        any(get_close_matches(each, [letters], cutoff=CLOSE) for each in (_letters(kind.subject), *known))
        for kind, known in ((Kind.PHONE, _PHONE), (Kind.RECIPIENTS, _RECIPIENTS))
    )
    if telephone == recipients:
        telephone = bool(_TELEPHONE.search(words) and _TO_LINK.search(words))
        recipients = bool(_ADDRESS.search(words) and _RECEIVES.search(words) and _TO_CHANGE.search(words))
    if telephone == recipients:
        return None
    return Kind.PHONE if telephone else Kind.RECIPIENTS


def _letters(subject: str) -> str:
    return plain(subject).replace(" ", "")[:100]


def numbers_in(subject: str) -> list[str]:
    """Ticket numbers as they are written: 2026-00042."""
    return [found[0] for found in _NUMBER.finditer(subject[:LONGEST])]
