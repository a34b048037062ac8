"""Finds mobile numbers in a mail's text, and the words around each that tell its purpose."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import Enum
from itertools import islice
from typing import NamedTuple

import phonenumbers

from accounts import numbers
from helpdesk.intake.decoding import folded


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
    place: tuple[int, int] = (0, 0)  # line and column


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


def all_in(text: str) -> list[str]:
    """The different numbers in E.164, in order, in any way of writing (security.md G3)."""
    return list(dict.fromkeys(each.value for each in found_in(text)))


def found_in(text: str) -> list[NumberFound]:
    """All numbers of a text, in order."""
    plain = "".join(_plain(character) for character in text)
    alone = plain.strip(" .,;:")
    try:
        found = [NumberFound(numbers.parse(alone), alone, plain.index(alone))]
    except numbers.NumberRefused:
        found = list(_matched(_ACCOUNT.sub(lambda found: " ," + " " * (len(found[0]) - 2), plain)))
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
    for line in text.split("\n"):
        said = text[begin:end].rstrip()
        fresh = not line.strip() or said[-1:] in (".", "!", "?") or _BEGINS.match(line)
        if said and fresh and not said.endswith(":"):
            yield from _parted(text, begin, end)
            begin = end
        end += len(line) + 1
    yield from _parted(text, begin, len(text))


def _parted(text: str, begin: int, end: int) -> Iterator[tuple[int, str]]:
    for border in _SENTENCE.finditer(text, begin, end):
        yield begin, text[begin : border.start()]
        begin = border.end()
    yield begin, text[begin:end]


def _matched(text: str) -> Iterator[NumberFound]:
    for match in phonenumbers.PhoneNumberMatcher(text, numbers.HOME, max_tries=200):
        try:
            number = numbers.parse(match.raw_string)
        except numbers.NumberRefused:
            continue
        yield NumberFound(number, match.raw_string, match.start)
        if other := _OTHER_ENDING.match(text, match.end):
            yield NumberFound(f"{number}/{other[1]}", other[0], match.end)


def _plain(character: str) -> str:
    if character.isspace():
        return "\n" if character == "\n" else " "
    if unicodedata.category(character) == "Pd" or character == "\N{MINUS SIGN}":
        return "-"
    return (
        unicodedata.normalize("NFKC", character)[:1]
        if unicodedata.category(character) == "Nd" or character == "＋"
        else character
    )
