"""People's names as they are compared."""

from __future__ import annotations

NAMES_TOLD = 2  # a given name and a surname tell enough


def names_agree(one: str, other: str) -> bool:
    """Whether two ways of writing a name may be the same person's: in any order, with or without a middle name."""
    first, second = (set(name.casefold().replace(",", " ").split()) for name in (one, other))
    return first == second or (len(first & second) >= NAMES_TOLD and (first <= second or second <= first))
