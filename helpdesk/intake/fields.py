"""Whom one part of a mail is about, and who asks. What is not plain is left open."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from helpdesk.intake.labels import Label, Value
from helpdesk.tickets.name_match import names_agree

LONGEST_VALUE = 200


class Why(StrEnum):
    """Why a field is left for the agent."""

    MISSING = "missing"
    SEVERAL = "several"
    UNREADABLE = "unreadable"
    UNCLEAR = "unclear"


class FieldsFound(NamedTuple):
    """A value, or why there is none; "" and MISSING: this part says nothing of it.

    ``words``: what it was read from, if it is not written as the value is. ``at``: a line and a column of the part,
    where the words stand or a little before them.
    """

    value: str = ""
    why: Why | None = Why.MISSING
    words: str = ""
    at: tuple[int, int] | None = None

    @property
    def says_nothing(self) -> bool:
        return self.why == Why.MISSING


NOTHING = FieldsFound()

# User names of the external companies' staff, as the municipality makes them: lovstlin32, lovmalsund (manual-sv.md).
_ACCOUNT = re.compile(r"(?<![\w@.-])lov(?:[a-z]{3,12}\d{1,4}|[a-z]{7})(?![\w-]|\.\w)", re.ASCII)
_WORD = r"[^\W\d_][\w'’.-]*"
_CAPITAL = r"[A-ZÅÄÖÉÜŠŽ][\w'’]*(?:-[\w'’]+)*"
_NAME_BEFORE = re.compile(
    rf"({_CAPITAL}(?: {_CAPITAL}){{1,3}})[\s,(:;–-]{{0,4}}(?:anv\w*\.?|konto\w*)?[\s,(:;–-]{{0,4}}$"
)
_NAME_AFTER = re.compile(rf"[\s,(:;–-]{{0,4}}({_CAPITAL}(?: {_CAPITAL}){{1,3}})")
_NO_NAMES = ("hej", "kan", "ni", "koppla", "till", "den", "vår", "min", "anställda", "medarbetare", "personal", "konto")
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w.-]{1,253}")


def person(values: Sequence[Value]) -> tuple[FieldsFound, FieldsFound]:
    """Name and user name, as far as labels tell. Of two people neither: a request is about one."""
    told = [
        _person(value) for value in values if value.label in (Label.PERSON, Label.NAME, Label.USERNAME) and value.text
    ]
    accounts = {username.value for _, username in told if username.value}
    if len(accounts) > 1 or any(username.why == Why.SEVERAL for _, username in told):
        return FieldsFound(why=Why.SEVERAL), FieldsFound(why=Why.SEVERAL)
    named = [name.value for name, _ in told if name.value]
    if not accounts and any(not names_agree(named[0], other) for other in named[1:]):
        return FieldsFound(why=Why.SEVERAL), FieldsFound(why=Why.SEVERAL)
    name = username = NOTHING
    for found_name, found_username in told:
        name = _first(name, found_name)
        username = found_username if found_username.value or username.says_nothing else username
    return name, username


def _first(one: FieldsFound, other: FieldsFound) -> FieldsFound:
    return other if one.says_nothing else one


def _person(value: Value) -> tuple[FieldsFound, FieldsFound]:
    text = _short(value.text)
    known = _accounts(text)
    if len(known) > 1:
        return NOTHING, FieldsFound(why=Why.SEVERAL)
    username = known[0] if known else _username(value.label, text)
    name = _name(text, username)
    if value.label == Label.USERNAME:
        name = name if _NAME_AFTER.fullmatch(name) else ""  # "Användare: Anna Berg"
        if not username and not name:
            return NOTHING, FieldsFound(why=Why.UNREADABLE)
    return _read(name, value), _read(username, value)


def _read(text: str, value: Value) -> FieldsFound:
    """``text``: read from the label's value."""
    return FieldsFound(text, None, at=value.place) if text else NOTHING


def _username(label: Label, text: str) -> str:
    """A user name of another shape, beside a name or alone."""
    words = [_bare(word) for word in re.split(r"[\s,;()/]+", text) if _bare(word)]
    if label == Label.USERNAME:
        return words[0] if len(words) == 1 or (words and any(character.isdigit() for character in words[0])) else ""
    if label == Label.PERSON:
        odd = [word for word in words if any(character.isdigit() for character in word)]
        small = [_bare(word) for word in text.replace(",", " ").split() if word.islower() and word.isalnum()]
        one = odd or small
        return one[0] if len(one) == 1 else ""
    return ""


def _bare(word: str) -> str:
    r"""A user name without its domain: ORG\name, name@domain."""
    word = word.strip(" .,;:()[]<>\"'”’").lower()
    word = word.rpartition("\\")[2].partition("@")[0]
    return word if re.fullmatch(r"[a-z0-9][a-z0-9._-]{2,63}", word, re.ASCII) else ""


def _accounts(text: str) -> list[str]:
    plain = _without_domains(text.lower())
    return list(dict.fromkeys(each[0] for each in _ACCOUNT.finditer(plain)))


def _without_domains(text: str) -> str:
    r"""ORG\lovstlin32 and lovstlin32@orebro.se as the name between blanks, sign for sign."""
    text = re.sub(r"(?<![\w.-])[\w.-]{1,30}\\", lambda found: " " * len(found[0]), text)
    return re.sub(r"(?<=\w)@[\w.-]{1,100}", lambda found: " " * len(found[0]), text)


def _name(text: str, username: str) -> str:
    """What is left of a value without the user name, if it can be somebody's name."""
    if username:
        text = re.sub(rf"(?i)[\w.-]*\\?{re.escape(username)}(@[\w.-]+)?", " ", text)
    text = re.sub(r"(?i)(?<!\w)(?:anv(?:ändar)?\.? ?namn(?:et)?|konto|användare|med|har|heter)(?!\w)\s*:?", " ", text)
    text = re.split(r"[+\d\n\t;]", text)[0]
    text = " ".join(re.sub(r"[()\[\]<>\"”/\\|=:]", " ", text).split()).strip(" ,.-–")
    words = text.split()
    usual_length = 0 < len(words) <= 6 and len(text) <= 80  # noqa: PLR2004  the longest names have five
    return text if usual_length and all(re.fullmatch(rf"(?:{_WORD}),?", word) for word in words) else ""


def unlabelled_person(text: str) -> tuple[FieldsFound, FieldsFound]:
    """The only account that a text names, and whose it says that it is."""
    plain = _without_domains(text.lower())
    places = list(_ACCOUNT.finditer(plain)) if len(plain) == len(text) else []
    known = list(dict.fromkeys(each[0] for each in places))
    if len(known) != 1:
        return NOTHING, FieldsFound(why=Why.SEVERAL) if known else NOTHING
    place = _place(text, places[0].start())
    for each in places:
        begin = text[: each.start()].rpartition("\n")[2][-120:]
        end = text[each.end() :].partition("\n")[0][:120]
        begin = re.sub(r"[\w.-]*\\\s*$", "", begin)
        end = re.sub(r"^@[\w.-]*", "", end)
        for found in (_NAME_BEFORE.search(begin), _NAME_AFTER.match(end)):
            if found and (name := _without_small_talk(found[1])):
                here = _place(text, each.start())
                return FieldsFound(name, None, at=(here[0], 0)), FieldsFound(known[0], None, at=here)
    return NOTHING, FieldsFound(known[0], None, at=place)


def _place(text: str, at: int) -> tuple[int, int]:
    """Line and column."""
    return text.count("\n", 0, at), at - text.rfind("\n", 0, at) - 1


def _without_small_talk(name: str) -> str:
    words = name.split()
    while words and words[0].lower() in _NO_NAMES:
        words = words[1:]
    return " ".join(words) if len(words) > 1 else ""


def accounts_in(text: str) -> set[str]:
    """All user names of the usual shape."""
    return set(_accounts(text))


def orderer(values: Sequence[Value]) -> tuple[FieldsFound, FieldsFound]:
    """Name and company of who asks, as far as labels tell."""
    name = company = NOTHING
    for value in values:
        text = _short(value.text)
        if value.label == Label.ORDERER and text and not name.value:
            name, beside = (_read(each, value) for each in _name_and_company(text))
            company = _first(company, beside)
        elif value.label == Label.COMPANY and text:
            company = _read(text.partition("\t")[0].strip(" ,."), value)
    return name, company


def _name_and_company(text: str) -> tuple[str, str]:
    text = _EMAIL.sub(" ", text.partition("\t")[0])
    text = re.sub(r"<[^<>]{0,200}>", " ", text)
    text = re.split(r"\+?\(?\d[\d\s()./-]{6,}", text)[0]
    parts = re.split(r"\s*[,;/|(]\s*|\s+[-–—]\s+|\s+(?:på|från|vid|hos)\s+", text.strip(), maxsplit=1)
    name = parts[0].strip(" .:-–")
    company = parts[1].strip(" .,:;()-–") if len(parts) > 1 else ""
    company = re.split(r"\s*[,;|(]\s*", company)[0].strip(" )")
    company = company if company[:1].isupper() or company[:1].isdigit() else ""  # "nås på …"
    return (name if len(name.split()) <= 6 else "", company)  # noqa: PLR2004


def _short(text: str) -> str:
    return text[:LONGEST_VALUE].strip()
