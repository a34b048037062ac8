"""The number that one part of a mail asks to have linked. It is the new one only if the mail says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from helpdesk.intake import telephones
from helpdesk.intake.fields import Found, Why, accounts_in, place_in
from helpdesk.intake.labels import Label, Labelled, Value
from helpdesk.intake.telephones import Cue, Number

_ASKED = (Cue.LINK, Cue.NEW, Cue.ACCOUNT)
_OF_PERSON = (Label.PERSON, Label.NAME, Label.USERNAME)
_BETWEEN = (Label.COMPANY, Label.STALE, Label.NOISE, Label.NUMBER)


def number(labelled: Labelled, username: str = "", orderer: str = "") -> Found:
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
    text = "\n".join(labelled.loose)
    said = [each._replace(place=place_in(text, each.at)) for each in telephones.said_in(text, username, orderer)]
    beside = set(_lines_beside_person(labelled))
    meant = [each for each in said if each.cue in _ASKED or (each.cue == Cue.NOTHING and each.place[0] in beside)]
    if meant or not said:
        return _the_one(meant, Why.UNREADABLE if _says_number(values) else Why.MISSING)
    return Found(why=Why.UNCLEAR if len({each.value for each in said}) == 1 else Why.SEVERAL)


def _says_number(values: Iterable[Value]) -> bool:
    return any(value.label == Label.NUMBER for value in values)


def _lines_beside_person(labelled: Labelled) -> Iterable[int]:
    """Lines of "Mobil:" that stand among the labels of a person. Elsewhere it may be how somebody signs."""
    of_line = {
        line: value.label for value in labelled.values for line in range(value.first, value.last + 1) if value.text
    }
    for value in labelled.values:
        if value.label != Label.NUMBER:
            continue
        above = value.first - 1
        while above >= 0 and (not labelled.loose[above].strip() or of_line.get(above) in _BETWEEN):
            above -= 1
        near = of_line.get(above)
        below = of_line.get(value.last + 1) if near != Label.ORDERER else None
        if near in _OF_PERSON or below in _OF_PERSON or (above >= 0 and accounts_in(labelled.loose[above])):
            yield from range(value.first, value.last + 1)


def _the_one(found: Sequence[Number], why: Why) -> Found:
    """``why``: if there is none."""
    if not found:
        return Found(why=why)
    if len({each.value for each in found}) > 1:
        return Found(why=Why.SEVERAL)
    return Found(found[0].value, None, found[0].words, found[0].place)
