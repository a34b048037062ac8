"""Comparing people's names."""

ENOUGH = 2  # a given name and a surname


def names_agree(one: str, other: str) -> bool:
    """Whether two names may be one person's: in any order, with or without a middle name."""
    first, second = (set(name.casefold().replace(",", " ").split()) for name in (one, other))
    return first == second or (len(first & second) >= ENOUGH and (first <= second or second <= first))
