"""Finds the mobile numbers in a mail, the purpose of each by its words, and the one to link, if the mail says so."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from enum import Enum
from itertools import islice
from typing import NamedTuple

import phonenumbers

from accounts.models import numbers
from helpdesk.intake.reading.decoding import folded
from helpdesk.intake.reading.fields import OF_PERSON, FieldFound, Why, accounts_in
from helpdesk.intake.reading.labels import Label, Labelled


class Cue(Enum):
    """The purpose of a number, by its sentence. LINK, NEW and ACCOUNT ask to link it."""

    LINK = "link"  # a verb: koppla, registrera …
    NEW = "new"  # "nytt nummer", "ska ha" …
    ACCOUNT = "account"  # no such word, but in the sentence of a user name
    CALL = "call"  # a number to call: "ring mig", "mitt nummer"
    GONE = "gone"  # an old number, or one that must not be linked
    NOTHING = "nothing"


class NumberFound(NamedTuple):
    """``value`` in E.164; ``words``: as the mail writes it; ``at``: its place in the text, in characters."""

    value: str
    words: str
    at: int
    cue: Cue = Cue.NOTHING


MOST = 100  # numbers of a text; people write two

_OTHER_ENDING = re.compile(r" ?/ ?(\d{1,4})(?!\d)", re.ASCII)  # "070-174 06 90/91" is two numbers
# User names end with digits; a number may follow them.
_ACCOUNT = re.compile(r"(?<![\w@.-])lov[a-z]{3,12}\d{0,4}(?![\w-])", re.ASCII | re.IGNORECASE)
_PHONE = r"(?:mobil|telefon|nummer|numret|nr|tel|tfn|phone|number|cell)\w*"
_VERB = (
    r"kopp?la\w*|kopplingen|registrer\w*|lagg(?:a|er)? (?:in|till|upp)|byta?|uppdatera\w*|link\w*|connect\w*"
    r"|register\w*|add|update\w*|(?:andra[rs]?|chang\w*|switch\w*)(?: \S{1,40}){0,6} (?:till|to)"
)
# Without diacritics, as in ``folded``. The first group that matches counts: "koppla inte" is not LINK.
_CUES = re.compile(
    rf"(?<!\w)(?:(?P<GONE>(?:inte|ej|aldrig|not|never|don.t)(?: \w+)? (?:{_VERB})|koppla (?:bort|inte|ej|ur)"
    r"|(?:i ?stallet|instead) (?:for|of)|inte|ej|aldrig|stul\w*|fel|kvar|gamla|gammalt|tidigare|forra|borta|bort|hade"
    r"|haft|forut|innan|tappa\w*|forlora\w*|avregistrera\w*|slutat?|old|previous\w*|former\w*|no longer|not|never|had"
    r"|lost|stolen|remove\w*)"
    rf"|(?P<LINK>(?:{_VERB})(?: (?:till )?(?:mitt|min|my)(?: nya| new)?)?)"
    rf"|(?P<CALL>(?:mitt|min|my)(?: \w+)? {_PHONE}|(?:mitt|min|my) {_PHONE}|ring\w*|na|nas|nar|kontakt\w*|undra[rs]?"
    r"|fragor|finns pa|traffas|jag har|call\w*|reach\w*|contact\w*|questions?)"
    rf"|(?P<NEW>(?:nytt|nya|ny|ratt|korrekt\w*|new|right|correct)(?: \w+)? {_PHONE}"
    rf"|(?:nytt|nya|ny|ratt|korrekt\w*|new|right|correct) {_PHONE}|bytt|byter|byte|andrat|korrigera\w*"
    r"|(?:ska|skall|vill|should)(?: nu| now)? (?:ha|vara|kopplas|have|be)|changed))(?!\w)"
)
_ASKS = re.compile(rf"(?<!\w)(?:{_VERB})(?: [^\s.!?]{{1,40}}){{0,4}} {_PHONE}")
_FROM = re.compile(r"(?<!\w)(?:fran|from)\W{0,3}$")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-ZÅÄÖ])")
_BEGINS = re.compile(r"[\s*•·–-]{0,6}[A-ZÅÄÖÉ]")


def all_in(text: str) -> set[str]:
    """The numbers in E.164, in any way of writing (security.md G3)."""
    return {each.value for each in found_in(text)}


def found_in(text: str) -> list[NumberFound]:
    """All numbers of a text, in order."""
    plain = "\n".join("".join(map(numbers.in_ascii, line)) for line in text.split("\n"))
    alone = plain.strip(" .,;:")
    if not any(map(str.isnumeric, plain)):
        return []
    try:
        found = [NumberFound(numbers.parse(alone), alone, plain.index(alone))]
    except numbers.NumberRefused:
        found = []
        plain = _ACCOUNT.sub(lambda account: " ," + " " * (len(account[0]) - 2), plain)
        for match in phonenumbers.PhoneNumberMatcher(plain, numbers.HOME, max_tries=200):
            with suppress(numbers.NumberRefused):
                number = numbers.parse(match.raw_string)
                found.append(NumberFound(number, match.raw_string, match.start))
                if other := _OTHER_ENDING.match(plain, match.end):
                    found.append(NumberFound(f"{number}/{other[1]}", other[0], match.end))
    return [each._replace(words=text[each.at : each.at + len(each.words)]) for each in found]


def in_sentences(text: str, username: str = "", orderer: str = "") -> list[NumberFound]:
    """The numbers of a text, MOST at most, each with the purpose that its sentence gives.

    ``username``: the mail's user name, of any shape. ``orderer``: a number behind this name is the orderer's own.
    """
    given = re.escape(folded(orderer.partition(" ")[0]))
    signed = re.compile(rf"(?<!\w){given}(?: \w+)?\W{{0,4}}$") if given else _FROM
    found = (each for begin, sentence in _sentences(text) for each in _in_sentence(sentence, begin, username, signed))
    return list(islice(found, MOST))


def asks_to_link(text: str) -> bool:
    """Whether a sentence asks to link a number to an account, though the number may be missing."""
    return any(_ACCOUNT.search(sentence) and _ASKS.search(folded(sentence)) for _, sentence in _sentences(text))


def _in_sentence(sentence: str, begin: int, username: str, signed: re.Pattern[str]) -> Iterator[NumberFound]:
    """The last cue before a number counts, else the first cue behind it. One pass over numbers and cues."""
    found = found_in(sentence)
    if not found:
        return
    plain = folded(sentence)
    cues = list(_CUES.finditer(plain))
    beside = bool(_ACCOUNT.search(sentence)) or bool(username and username in sentence.lower())
    passed = 0
    for index, each in enumerate(found):
        while passed < len(cues) and cues[passed].start() < each.at:
            passed += 1
        until = found[index + 1].at if index + 1 < len(found) else len(plain)
        behind = passed < len(cues) and cues[passed].start() < until
        before = plain[max(0, each.at - 60) : each.at]
        if _FROM.search(before):
            cue = Cue.GONE
        elif signed.search(before):
            cue = Cue.CALL
        elif passed or behind:
            cue = Cue[str(cues[passed - 1 if passed else 0].lastgroup)]
        else:
            cue = Cue.ACCOUNT if beside else Cue.NOTHING
        yield each._replace(at=begin + each.at, cue=cue)


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    """Each sentence with its place. It goes on in the next line after a colon, or if that line begins in lower case."""
    begin = end = 0
    for line in (*text.split("\n"), ""):
        said = text[begin:end].rstrip()
        fresh = not line.strip() or said[-1:] in (".", "!", "?") or _BEGINS.match(line)
        if (said and fresh and not said.endswith(":")) or end > len(text):
            for border in _SENTENCE.finditer(text, begin, end):
                yield begin, text[begin : border.start()]
                begin = border.end()
            yield begin, text[begin:end]
            begin = end
        end += len(line) + 1


_ASKED = (Cue.LINK, Cue.NEW, Cue.ACCOUNT)
_BETWEEN = {Label.COMPANY, Label.STALE, Label.NOISE, Label.NUMBER}


def new_number(labelled: Labelled, username: str = "", orderer: str = "") -> FieldFound:
    """The new number: the one after its label; else one that the sentence asks to link, or beside the account.

    None, with the reason, if two differ, or if the only number may be the sender's own. ``username`` and ``orderer``:
    as for ``in_sentences``.
    """
    labels = {value.label for value in labelled.values if value.text}
    if Label.NEW_NUMBER in labels:
        new = [value.text for value in labelled.values if value.label == Label.NEW_NUMBER]
        return _only([each for text in new for each in found_in(text)], Why.UNREADABLE)
    loose = labelled.loose
    found = in_sentences(loose, username, orderer)
    beside = set(_lines_beside_person(labelled))
    meant = [
        each
        for each in found
        if each.cue in _ASKED or (each.cue == Cue.NOTHING and loose.count("\n", 0, each.at) in beside)
    ]
    if meant or not found:
        return _only(meant, Why.UNREADABLE if Label.NUMBER in labels else Why.MISSING)
    return FieldFound(why=Why.UNCLEAR if len({each.value for each in found}) == 1 else Why.SEVERAL)


def _lines_beside_person(labelled: Labelled) -> Iterator[int]:
    """Lines of a label "Mobil:" among labels of an employee. Elsewhere "Mobil:" may be part of a signature."""
    labels: dict[int, set[Label]] = {}
    last = {value.first: value.last for value in labelled.values if value.label == Label.NUMBER}
    for value in labelled.values:
        for line in range(value.first, value.last + 1) if value.text else ():
            labels.setdefault(line, set()).add(value.label)
    above: Label | None = None  # the kind of person whose labels the lines above hold
    for line, text in enumerate(labelled.loose.split("\n")):
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
    if len({each.value for each in found}) == 1:
        return FieldFound(found[0].value, None, found[0].words)
    return FieldFound(why=Why.SEVERAL if found else why)
