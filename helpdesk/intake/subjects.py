"""The kind of ticket and the ticket numbers in a mail's subject."""

from __future__ import annotations

import re
from difflib import get_close_matches

from helpdesk.models import Ticket
from idportal.text import fold

Kind = Ticket.Kind

CLOSE = 0.85  # likeness to the manual's subject; allows two typing errors in twenty letters
LONGEST = 300  # characters; the rest is not read

_NUMBER = re.compile(r"(?<![\d-])(20\d\d)-(\d{5,7})(?![\d-])", re.ASCII)
_PREFIX = re.compile(
    r"\s*(?:(?:re|sv|vb|fwd?|wg|aw|ang|angående|svar|antw|vs|tr)\s*(?:\[\d+\]|\(\d+\))?\s*:"
    r"|\[[^\]]{1,40}\]|\*+\s*(?:extern\w*|external)\s*\*+|(?:extern|external)\s*:)\s*",
    re.IGNORECASE,
)

# The subjects of the manual ("Support") and the ways in which people write them, without spaces.
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


def plain(text: str) -> str:
    """In lower case, without diacritics, with single spaces instead of other characters."""
    letters = "".join(character if character.isalnum() else " " for character in fold(text[:LONGEST]))
    return " ".join(letters.split())


def bare(subject: str) -> str:
    """Without "Re:", "SV:", "VB:" and the prefixes of mail systems."""
    subject = subject[:LONGEST]
    while found := _PREFIX.match(subject):
        subject = subject[found.end() :]
    return subject.strip()


def kind_of(subject: str) -> Ticket.Kind | None:
    """None if the subject fits no kind, or both."""
    words = plain(bare(subject))
    if not words:
        return None
    letters = words.replace(" ", "")[:100]
    telephone, recipients = (
        any(get_close_matches(each, [letters], cutoff=CLOSE) for each in known) for known in (_PHONE, _RECIPIENTS)
    )
    if telephone == recipients:
        telephone = bool(_TELEPHONE.search(words) and _TO_LINK.search(words))
        recipients = bool(_ADDRESS.search(words) and _RECEIVES.search(words) and _TO_CHANGE.search(words))
    if telephone == recipients:
        return None
    return Kind.PHONE if telephone else Kind.RECIPIENTS


def is_of_daily_mail(subject: str) -> bool:
    """Whether the mail answers or forwards the daily mail."""
    return plain(bare(subject)) == "utgaende losenord"


def numbers_in(subject: str) -> list[str]:
    """Ticket numbers as they are written: 2026-00042."""
    return [found[0] for found in _NUMBER.finditer(subject[:LONGEST])]
