"""Mobile numbers in a mail's text, and which of them somebody asks to have linked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import phonenumbers

from accounts import numbers
from helpdesk.intake.labels import folded

_OTHER_ENDING = re.compile(r" ?/ ?(\d{1,4})(?!\d)", re.ASCII)  # "070-174 06 90/91": it is two
# User names end with digits, and a number may follow.
_ACCOUNT = re.compile(r"(?<![\w@.-])lov[a-z]{3,12}\d{0,4}(?![\w-])", re.ASCII | re.IGNORECASE)

# A sentence ends at a full stop before a capital, and at an empty line: a program may break it anywhere between.
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-ZÅÄÖ])|\n\s*\n")
# "Ring mig på …", "hon har inte kvar …", "den är stulen": of something else, unless the sentence calls it the new one.
_CALL = re.compile(r"(?<!\w)(?:ring\w*|na|nas|nar|kontakta\w*|undrar|fragor|finns pa|traffas)(?!\w)")
_GONE = re.compile(r"(?<!\w)(?:inte|ej|aldrig|stul\w*|fel|kvar|gamla|gammalt|tidigare|forra|borta)(?!\w)")
_NEW = re.compile(r"(?<!\w)(?:nytt|nya|ny|ratt|bytt|byter|andrat|korrekt\w*)(?!\w)")
_NOT_TO_LINK = re.compile(
    r"(?<!\w)(?:koppla (?:inte|ej)|(?:inte|ej) (?:kopplas?|till)|stul\w* (?:nr|nummer|mobil))(?!\w)"
)


def all_in(text: str) -> list[str]:
    """Different ones in E.164, in order, however they are written (security.md G3)."""
    return list(dict.fromkeys(_numbers(text)))


def meant_in(text: str) -> tuple[list[str], list[str]]:
    """Those that may be meant as new ones, and those of which a sentence says that they are something else."""
    meant: list[str] = []
    others: list[str] = []
    for sentence in _SENTENCE.split(text):
        found = _numbers(sentence)
        (others if found and _is_of_something_else(sentence) else meant).extend(found)
    return list(dict.fromkeys(meant)), [each for each in dict.fromkeys(others) if each not in meant]


def callable_in(text: str) -> list[str]:
    """Numbers at which somebody may be called, as a sentence says: nobody asks to have them linked."""
    found: list[str] = []
    for sentence in _SENTENCE.split(text):
        plain = folded(sentence)
        found += _numbers(sentence) if _CALL.search(plain) and not _GONE.search(plain) else []
    return found


def _is_of_something_else(sentence: str) -> bool:
    plain = " ".join(folded(sentence).split())
    if _NOT_TO_LINK.search(plain):
        return True
    return bool(_CALL.search(plain) or _GONE.search(plain)) and not _NEW.search(plain)


def _numbers(text: str) -> list[str]:
    text = "".join(_plain_sign(sign) for sign in text)
    try:
        return [numbers.parse(text.strip(" .,;:"))]
    except numbers.NumberRefused:
        return list(_matched(_ACCOUNT.sub(lambda found: " ," + " " * (len(found[0]) - 2), text)))


def _matched(text: str) -> Iterator[str]:
    for match in phonenumbers.PhoneNumberMatcher(text, numbers.HOME, max_tries=200):
        try:
            number = numbers.parse(match.raw_string)
        except numbers.NumberRefused:
            continue
        yield number
        if other := _OTHER_ENDING.match(text, match.end):
            yield f"{number}/{other[1]}"


def _plain_sign(sign: str) -> str:
    if sign.isspace():
        return "\n" if sign == "\n" else " "
    if unicodedata.category(sign) == "Pd" or sign == "\N{MINUS SIGN}":
        return "-"
    return unicodedata.normalize("NFKC", sign)[:1] if unicodedata.category(sign) == "Nd" or sign == "＋" else sign
