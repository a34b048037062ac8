"""The number that one part of a mail asks to have linked. It is the new one only if the mail says so."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from helpdesk.intake import telephones
from helpdesk.intake.fields import FieldsFound, Why, accounts_in
from helpdesk.intake.labels import Label, Labelled, Value
from helpdesk.intake.telephones import Cue, Number

_ASKED = (Cue.LINK, Cue.NEW, Cue.ACCOUNT)
_OF_PERSON = {Label.PERSON, Label.NAME, Label.USERNAME}
_BETWEEN = {Label.COMPANY, Label.STALE, Label.NOISE, Label.NUMBER}


def number(labelled: Labelled, username: str = "", orderer: str = "") -> FieldsFound:
    """The new number: one that stands after a label for it; else one that the mail says something of, or that stands
    beside the account. Any other may be anybody's. Two that differ are a question to whoever wrote them.

    ``username`` and ``orderer``: as for ``telephones.said_in``.
    """
    values = [value for value in labelled.values if value.text]
    told = [
        each._replace(place=value.place)
        for value in values
        if value.label == Label.NEW_NUMBER
        for each in telephones.found_in(value.text)
    ]
    if any(value.label == Label.NEW_NUMBER for value in values):
        return _the_one(told, Why.UNREADABLE)
    starts = list(accumulate((len(line) + 1 for line in labelled.loose), initial=0))
    said = [
        each._replace(place=_place(starts, each.at))
        for each in telephones.said_in("\n".join(labelled.loose), username, orderer)
    ]
    beside = set(_lines_beside_person(labelled))
    meant = [each for each in said if each.cue in _ASKED or (each.cue == Cue.NOTHING and each.place[0] in beside)]
    if meant or not said:
        return _the_one(meant, Why.UNREADABLE if _says_number(values) else Why.MISSING)
    return FieldsFound(why=Why.UNCLEAR if len({each.value for each in said}) == 1 else Why.SEVERAL)


def _place(starts: Sequence[int], at: int) -> tuple[int, int]:
    line = bisect_right(starts, at) - 1
    return line, at - starts[line]


def _says_number(values: Iterable[Value]) -> bool:
    return any(value.label == Label.NUMBER for value in values)


def _lines_beside_person(labelled: Labelled) -> Iterator[int]:
    """Lines of "Mobil:" that stand among the labels of a person. Elsewhere it may be how somebody signs."""
    labels: dict[int, set[Label]] = {}
    last = {value.first: value.last for value in labelled.values if value.label == Label.NUMBER}
    for value in labelled.values:
        for line in range(value.first, value.last + 1) if value.text else ():
            labels.setdefault(line, set()).add(value.label)
    above: Label | None = None  # whose labels the lines above are
    for line, text in enumerate(labelled.loose):
        here = labels.get(line, set())
        if line in last:
            below = labels.get(last[line] + 1, set()) if above != Label.ORDERER else set()
            if above == Label.PERSON or not _OF_PERSON.isdisjoint(here | below):
                yield from range(line, last[line] + 1)
        if not _OF_PERSON.isdisjoint(here) or accounts_in(text):
            above = Label.PERSON
        elif Label.ORDERER in here:
            above = Label.ORDERER
        elif text.strip() and not (here and here <= _BETWEEN):
            above = None


def _the_one(found: Sequence[Number], why: Why) -> FieldsFound:
    """``why``: if there is none."""
    if not found:
        return FieldsFound(why=why)
    if len({each.value for each in found}) > 1:
        return FieldsFound(why=Why.SEVERAL)
    return FieldsFound(found[0].value, None, found[0].words, found[0].place)
