"""Everything that the portal holds on one person, as each room reports it: exported (GDPR article 15) or erased (17).

The rooms register their parts when the portal starts. What registers later stands on what registered earlier, so its
part comes first.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import models
from django.db.models import QuerySet

# What would open something, or is only found by: to nobody's knowledge.
SECRET = ("token", "key", "hash_key", "digests", "stops", "text", "html", "begun_by", "about", "claim")


@dataclass(frozen=True, slots=True)
class DataSubject:
    """An employee or one of the portal's staff, by the directory's immutable id; or an orderer, with the row."""

    id: str
    username: str
    orderer: Any = None
    company: str = ""


class Held(NamedTuple):
    """Rows of one kind. ``erase``: what takes the person out of them; None: they stay."""

    name: str
    rows: QuerySet[Any]
    erase: Callable[[QuerySet[Any]], object] | None = lambda rows: rows.delete()


class EraseRefused(Exception):
    """Nothing was erased. The text says what to do first."""


Part = Callable[[DataSubject], Iterable[Held]]
_parts: list[Part] = []


def register(part: Part) -> None:
    """Adds what a room holds. Its part raises EraseRefused from an ``erase`` if something must come first."""
    _parts.append(part)


def export(person: DataSubject) -> dict[str, Any]:
    """Every row about the person, by kind, as JSON has it."""
    found = {held.name: [_shown(row) for row in held.rows.iterator()] for held in _held(person)}
    return {"id": person.id, "name": person.username, **{name: rows for name, rows in found.items() if rows}}


def erase(person: DataSubject) -> dict[str, int]:
    """Takes the person out of all rows, in the caller's transaction; returns how many of each kind.

    Raises EraseRefused.
    """
    counts = {}
    for held in _held(person):
        if held.erase and (count := held.rows.count()):
            held.erase(held.rows)
            counts[held.name] = count
    return counts


def _held(person: DataSubject) -> Iterator[Held]:
    for part in reversed(_parts):
        yield from part(person)


def _shown(row: models.Model) -> dict[str, Any]:
    fields = (field for field in row._meta.concrete_fields if field.name not in SECRET and "digest" not in field.name)
    return {field.name: value for field in fields if (value := field.value_from_object(row)) not in (None, "")}
