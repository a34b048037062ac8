"""What a dialect calls things, and which texts can be the name of a person."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

LONGEST_NAME = 256


@dataclass(frozen=True, slots=True)
class Names:
    """The dialect's names: which entries are people, and by what they are known."""

    people: str
    username: str
    identifier: str
    company: str
    attributes: tuple[str, ...]


def can_be_name(text: str) -> bool:
    """Whether a directory need be asked at all. Control characters and half surrogate pairs are in no name."""
    return 0 < len(text) <= LONGEST_NAME and not any(unicodedata.category(c) in ("Cc", "Cs") for c in text)


def same(one: str, other: str) -> bool:
    """Whether two user names are the same to a directory: without case, and in compatibility form."""
    return (
        unicodedata.normalize("NFKC", one).casefold().strip() == unicodedata.normalize("NFKC", other).casefold().strip()
    )
