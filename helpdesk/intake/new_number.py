"""The number that one part of a mail asks to link. A number is the new one only if the mail says so."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from helpdesk.intake import telephones
from helpdesk.intake.fields import OF_PERSON, FieldFound, Why, accounts_in
from helpdesk.intake.labels import Label, Labelled, Value
from helpdesk.intake.telephones import Cue, NumberFound

_ASKED = (Cue.LINK, Cue.NEW, Cue.ACCOUNT)
_BETWEEN = {Label.COMPANY, Label.STALE, Label.NOISE, Label.NUMBER}


def number(labelled: Labelled, username: str = "", orderer: str = "") -> FieldFound:
    """The new number: the one after its label; else one that the sentence asks to link, or beside the account.

    None, with the reason, if two differ, or if the only number may be the sender's own. ``username`` and ``orderer``:
    as for ``telephones.in_sentences``.
    """
    values = [value for value in labelled.values if value.text]
    labelled_numbers = [
        each._replace(place=value.place)
        for value in values
        if value.label == Label.NEW_NUMBER
        for each in telephones.found_in(value.text)
    ]
    if any(value.label == Label.NEW_NUMBER for value in values):
        return _only(labelled_numbers, Why.UNREADABLE)
    starts = list(accumulate((len(line) + 1 for line in labelled.loose), initial=0))
    found = [
        each._replace(place=_place(starts, each.at))
        for each in telephones.in_sentences("\n".join(labelled.loose), username, orderer)
    ]
    beside = set(_lines_beside_person(labelled))
    meant = [each for each in found if each.cue in _ASKED or (each.cue == Cue.NOTHING and each.place[0] in beside)]
    if meant or not found:
        return _only(meant, Why.UNREADABLE if _says_number(values) else Why.MISSING)
    return FieldFound(why=Why.UNCLEAR if len({each.value for each in found}) == 1 else Why.SEVERAL)


def _place(starts: Sequence[int], at: int) -> tuple[int, int]:
    line = bisect_right(starts, at) - 1
    return line, at - starts[line]


def _says_number(values: Iterable[Value]) -> bool:
    return any(value.label == Label.NUMBER for value in values)


def _lines_beside_person(labelled: Labelled) -> Iterator[int]:
    """Lines of a label "Mobil:" among labels of an employee. Elsewhere "Mobil:" may be part of a signature."""
    labels: dict[int, set[Label]] = {}
    last = {value.first: value.last for value in labelled.values if value.label == Label.NUMBER}
    for value in labelled.values:
        for line in range(value.first, value.last + 1) if value.text else ():
            labels.setdefault(line, set()).add(value.label)
    above: Label | None = None  # the kind of person whose labels the lines above hold
    for line, text in enumerate(labelled.loose):
        here = labels.get(line, set())
        if line in last:
            below = labels.get(last[line] + 1, set()) if above != Label.ORDERER else set()
            if above == Label.PERSON or not OF_PERSON.isdisjoint(here | below):
                yield from range(line, last[line] + 1)
        if not OF_PERSON.isdisjoint(here) or accounts_in(text):
            above = Label.PERSON
        elif Label.ORDERER in here:
            above = Label.ORDERER
        elif text.strip() and not (here and here <= _BETWEEN):
            above = None


def _only(found: Sequence[NumberFound], why: Why) -> FieldFound:
    """The number, if all are the same. ``why``: the reason if there is none."""
    if not found:
        return FieldFound(why=why)
    if len({each.value for each in found}) > 1:
        return FieldFound(why=Why.SEVERAL)
    return FieldFound(found[0].value, None, found[0].words, found[0].place)
