"""All that the portal holds of one person: shown (GDPR article 15), and erased (article 17; security.md Q1)."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import models, transaction
from django.db.models import Q, QuerySet
from simple_history.utils import get_history_model_for_model

from accounts import audit, directory
from accounts.models import AuditEvent, Event, FailedTry, Orderer, TriesForgotten, User

# What would open something, or is only found by: to nobody's knowledge.
SECRET = ("token", "key", "hash_key", "digests", "stops", "text", "html", "begun_by", "about", "claim")

HISTORY = get_history_model_for_model(Orderer)


@dataclass(frozen=True, slots=True)
class DataSubject:
    """An employee or one of the portal's staff, by the directory's immutable id; or an orderer of the register."""

    id: str
    username: str
    orderer: Orderer | None = None
    company: str = ""


class Held(NamedTuple):
    """Rows of one kind. ``erase``: what takes the person out of them; None: they stay, and ``why`` says so."""

    name: str
    rows: QuerySet[Any]
    erase: Callable[[QuerySet[Any]], object] | None = lambda rows: rows.delete()


class UnknownPerson(Exception):
    """Neither the directory nor the portal knows the name, or several people had it."""


class EraseRefused(Exception):
    """Nothing was erased. The text says what to do first."""


Part = Callable[[DataSubject], Iterable[Held]]
_parts: list[Part] = []


def register(part: Part) -> None:
    """Adds what another app holds. Its part raises EraseRefused from an ``erase`` if something must come first."""
    _parts.append(part)


def find(name: str) -> DataSubject:
    """By user name or id; for an account that is gone, the last one that the portal saw; an orderer by address.

    Raises UnknownPerson, and DirectoryError if the directory can't tell.
    """
    account = directory.connect().find(name) or directory.connect_staff().find(name)
    if account:
        return DataSubject(account.id, account.username)
    seen = list(User.objects.filter(Q(directory_id=_id(name)) | Q(username__iexact=name)))
    if len(seen) == 1:
        return DataSubject(seen[0].directory_id, seen[0].username)
    if seen:
        ids = ", ".join(user.directory_id for user in seen)
        raise UnknownPerson(f"{name} was the user name of several people. Give one of their ids: {ids}")
    if orderer := Orderer.objects.filter(email__iexact=name).first():
        return DataSubject(f"orderer {orderer.pk}", orderer.name, orderer)
    raise UnknownPerson(f"Neither the directory nor the portal knows {name}.")


def export(person: DataSubject) -> dict[str, Any]:
    """Every row about the person, by kind, as JSON has it. Leaves an audit event."""
    audit.record(Event.PERSON_EXPORTED, person)
    found = {held.name: [_shown(row) for row in held.rows.iterator()] for held in _held(person)}
    return {"id": person.id, "name": person.username, **{name: rows for name, rows in found.items() if rows}}


def erase(person: DataSubject) -> dict[str, int]:
    """Takes the person out of everything but the trail; returns how many rows of each kind. All of it or nothing.

    An account that is still in the directory can register anew. Raises EraseRefused.
    """
    with transaction.atomic():
        User.locked(person.id)
        counts = {}
        for held in _held(person):
            if held.erase and (count := held.rows.count()):
                held.erase(held.rows)
                counts[held.name] = count
        audit.record(Event.PERSON_ERASED, person)
    return counts


def _held(person: DataSubject) -> Iterator[Held]:
    for part in _parts:
        yield from part(person)
    if person.orderer:
        yield from _with_its_own("entry in the register", Orderer.objects.filter(pk=person.orderer.pk))
        # After the entry: that it was deleted is a row of its history.
        yield Held("history of the register", HISTORY.objects.filter(id=person.orderer.pk))
    else:
        yield Held("wrong tries", FailedTry.objects.filter(subject=person.id))
        yield Held("tries forgotten", TriesForgotten.objects.filter(subject=person.id))
        yield from _with_its_own("account", User.objects.filter(directory_id=person.id))
    yield Held("trail", AuditEvent.objects.filter(Q(subject=person.id) | Q(actor=person.id)), None)


def _with_its_own(name: str, rows: QuerySet[Any]) -> Iterator[Held]:
    """The row, after all that would go along with it: number, links, codes, factors, keys."""
    for relation in rows.model._meta.related_objects:
        if relation.on_delete is models.CASCADE:
            its_own = relation.related_model._default_manager.filter(**{f"{relation.field.name}__in": rows})
            yield Held(str(relation.related_model._meta.verbose_name), its_own)
    yield Held(name, rows)


def _shown(row: models.Model) -> dict[str, Any]:
    fields = (field for field in row._meta.concrete_fields if field.name not in SECRET and "digest" not in field.name)
    return {field.name: value for field in fields if (value := field.value_from_object(row)) not in (None, "")}


def _id(text: str) -> str:
    """The text as an immutable id; "" if it is none."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return ""
