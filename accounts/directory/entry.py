"""A directory entry, as a server gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Values by attribute name. Names are spelled as they were asked for.
Attributes = dict[str, list[bytes]]


@dataclass(frozen=True, slots=True)
class LdapEntry:
    """One entry. Absent texts are "", absent numbers ``None``."""

    dn: str
    attributes: Attributes

    def raw(self, name: str) -> bytes | None:
        values = self.attributes.get(name)
        return values[0] if values else None

    def text(self, name: str) -> str:
        values = self.attributes.get(name)
        return values[0].decode() if values else ""

    def number(self, name: str) -> int | None:
        values = self.attributes.get(name)
        return int(values[0]) if values else None


def entries(data: list[Any], asked: list[str]) -> list[tuple[str, Attributes]]:
    """The entries of an answer. Attribute names are spelled as they were asked for, not as the server spells them."""
    names = frozenset(asked)
    return [
        (dn, attributes if names.issuperset(attributes) else _respelled(attributes, asked))
        for dn, attributes in data
        if dn is not None  # otherwise a referral, which is not followed
    ]


def _respelled(attributes: Attributes, asked: list[str]) -> Attributes:
    spelling = {name.lower(): name for name in asked}
    return {spelling.get(name.lower(), name): values for name, values in attributes.items()}
