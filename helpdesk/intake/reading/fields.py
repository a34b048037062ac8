"""The employee, the orderer and the recipients that one part of a mail names. A field that is not clear stays blank."""

import re
from collections.abc import Sequence, Set
from enum import StrEnum
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError

from accounts import limits
from accounts.models.recipients import usual
from helpdesk.intake.reading.decoding import folded
from helpdesk.intake.reading.labels import Label, Value
from idportal.text import names_agree

LONGEST_VALUE = 200


class Why(StrEnum):
    """Why a field is blank and left for the agent."""

    MISSING = "missing"
    SEVERAL = "several"
    UNREADABLE = "unreadable"
    UNCLEAR = "unclear"


class FieldFound(NamedTuple):
    """One field's value, or why there is none; MISSING: this part does not mention the field.

    ``words``: the words of the mail, if they differ from the value.
    """

    value: str = ""
    why: Why | None = Why.MISSING
    words: str = ""

    @property
    def is_missing(self) -> bool:
        return self.why == Why.MISSING


NOTHING = FieldFound()
OF_PERSON = frozenset((Label.PERSON, Label.NAME, Label.USERNAME))

# User names as the municipality makes them for external employees: lovstlin32, lovmalsund (manual-sv.md).
_ACCOUNT = re.compile(r"(?<![\w@.-])lov(?:[a-z]{3,12}\d{1,4}|[a-z]{7})(?![\w-]|\.\w)", re.ASCII)
_WORD = r"[^\W\d_][\w'’.-]*"
_CAPITAL = r"[A-ZÅÄÖÉÜŠŽ][\w'’]*(?:-[\w'’]+)*"
_NAME_BEFORE = re.compile(
    rf"({_CAPITAL}(?: {_CAPITAL}){{1,3}})[\s,(:;–-]{{0,4}}(?:anv\w*\.?|konto\w*)?[\s,(:;–-]{{0,4}}$"
)
_NAME_AFTER = re.compile(rf"[\s,(:;–-]{{0,4}}({_CAPITAL}(?: {_CAPITAL}){{1,3}})")
_NO_NAMES = ("hej", "kan", "ni", "koppla", "till", "den", "vår", "min", "anställda", "medarbetare", "personal", "konto")
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w.-]{1,253}")


def person(values: Sequence[Value]) -> tuple[FieldFound, FieldFound]:
    """Name and user name by their labels. Neither, if there are two people: a ticket is about one."""
    pairs = [_person(value) for value in values if value.label in OF_PERSON and value.text]
    accounts = {username.value for _, username in pairs if username.value}
    names = [name.value for name, _ in pairs if name.value]
    if (
        len(accounts) > 1
        or any(username.why == Why.SEVERAL for _, username in pairs)
        or (not accounts and any(not names_agree(names[0], other) for other in names[1:]))
    ):
        return FieldFound(why=Why.SEVERAL), FieldFound(why=Why.SEVERAL)
    name = username = NOTHING
    for found_name, found_username in pairs:
        name = found_name if name.is_missing else name
        username = found_username if found_username.value or username.is_missing else username
    return name, username


def _person(value: Value) -> tuple[FieldFound, FieldFound]:
    text = value.text[:LONGEST_VALUE].strip()
    accounts = accounts_in(text)
    if len(accounts) > 1:
        return NOTHING, FieldFound(why=Why.SEVERAL)
    username = next(iter(accounts), "") or _username(value.label, text)
    name = _name(text, username)
    if value.label == Label.USERNAME:
        name = name if _NAME_AFTER.fullmatch(name) else ""  # "Användare: Anna Berg"
        if not username and not name:
            return NOTHING, FieldFound(why=Why.UNREADABLE)
    return _read(name), _read(username)


def _read(text: str) -> FieldFound:
    return FieldFound(text, None) if text else NOTHING


def _username(label: Label, text: str) -> str:
    """A user name of another shape than ``_ACCOUNT``, beside a name or alone."""
    words = [_bare(word) for word in re.split(r"[\s,;()/]+", text) if _bare(word)]
    if label == Label.USERNAME:
        return words[0] if len(words) == 1 or (words and re.search(r"\d", words[0])) else ""
    odd = [word for word in words if re.search(r"\d", word)]
    small = [_bare(word) for word in text.replace(",", " ").split() if word.islower() and word.isalnum()]
    candidates = odd or small
    return candidates[0] if label == Label.PERSON and len(candidates) == 1 else ""


def _bare(word: str) -> str:
    r"""A user name without its domain: ORG\name, name@domain."""
    word = word.strip(" .,;:()[]<>\"'”’").lower()
    word = word.rpartition("\\")[2].partition("@")[0]
    return word if re.fullmatch(r"[a-z0-9][a-z0-9._-]{2,63}", word, re.ASCII) else ""


def accounts_in(text: str) -> Set[str]:
    """All user names of the shape of ``_ACCOUNT``, in order."""
    return dict.fromkeys(_ACCOUNT.findall(_without_domains(text.lower()))).keys()


def _without_domains(text: str) -> str:
    r"""Blanks out the domain of ORG\lovstlin32 and lovstlin32@orebro.se; every place in the text stays the same."""
    text = re.sub(r"(?<![\w.-])[\w.-]{1,30}\\", lambda found: " " * len(found[0]), text)
    return re.sub(r"(?<=\w)@[\w.-]{1,100}", lambda found: " " * len(found[0]), text)


def _name(text: str, username: str) -> str:
    """The value without the user name, if the rest can be a person's name."""
    if username:
        text = re.sub(rf"(?i)[\w.-]*\\?{re.escape(username)}(@[\w.-]+)?", " ", text)
    text = re.sub(r"(?i)(?<!\w)(?:anv(?:ändar)?\.? ?namn(?:et)?|konto|användare|med|har|heter)(?!\w)\s*:?", " ", text)
    text = re.split(r"[+\d\n\t;]", text)[0]
    text = " ".join(re.sub(r"[()\[\]<>\"”/\\|=:]", " ", text).split()).strip(" ,.-–")
    words = text.split()
    usual_length = 0 < len(words) <= 6 and len(text) <= 80  # noqa: PLR2004  the longest names have five
    return text if usual_length and all(re.fullmatch(rf"(?:{_WORD}),?", word) for word in words) else ""


def unlabelled_person(text: str) -> tuple[FieldFound, FieldFound]:
    """The only account that a text names, with the name beside it: name and user name."""
    plain = _without_domains(text.lower())
    places = list(_ACCOUNT.finditer(plain)) if len(plain) == len(text) else []
    accounts = {each[0] for each in places}
    if len(accounts) != 1:
        return NOTHING, FieldFound(why=Why.SEVERAL) if accounts else NOTHING
    for each in places:
        begin = re.sub(r"[\w.-]*\\\s*$", "", text[: each.start()].rpartition("\n")[2][-120:])
        end = re.sub(r"^@[\w.-]*", "", text[each.end() :].partition("\n")[0][:120])
        for found in (_NAME_BEFORE.search(begin), _NAME_AFTER.match(end)):
            words = found[1].split() if found else []
            while words and words[0].lower() in _NO_NAMES:
                words = words[1:]
            if len(words) > 1:
                return FieldFound(" ".join(words), None), FieldFound(each[0], None)
    return NOTHING, FieldFound(places[0][0], None)


def orderer(values: Sequence[Value]) -> tuple[FieldFound, FieldFound]:
    """The orderer's name and company by their labels."""
    name = company = NOTHING
    for value in values:
        text = value.text[:LONGEST_VALUE].strip()
        if value.label == Label.ORDERER and text and not name.value:
            name, beside = map(_read, _name_and_company(text))
            company = beside if company.is_missing else company
        elif value.label == Label.COMPANY and text:
            company = _read(text.partition("\t")[0].strip(" ,."))
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


# Words of a mail that changes the present list instead of giving a complete new one.
_PARTLY = re.compile(
    r"(?<!\w)(?:(?:ta|tas|plocka) bort|byta? ut|ersatt\w*|i ?stallet for|inte langre|slutat?|tidigare|gamla|nuvarande"
    r"|lagga? (?:till|in)|laggs till|aven|ocksa|utover|forutom|ytterligare|kvar|jag sjalv|mig"
    r"|fran \S{1,100}@\S{1,100} till)(?!\w)"
)


def recipients(values: Sequence[Value], rest: str, sender: str = "") -> tuple[list[str], Why | None]:
    """The addresses of the new list; none, with the reason, if there are more or the list is unclear.

    ``rest``: the text without labelled values. ``sender``: the sender's address, which may be part of a signature.
    """
    labelled = [value for value in values if value.label == Label.RECIPIENTS and value.text]
    strong = [value for value in labelled if value.strong]
    # A plain "E-post:" counts less: it may be part of a signature.
    weak = [value for value in labelled if not value.strong and sender.lower() not in value.text.lower()]
    texts = [value.text for value in (strong or weak or labelled)]
    found, broken = addresses_in("\n".join(texts) if texts else rest)
    is_partial = found and _PARTLY.search(folded("\n".join([rest, *texts])))
    # One of several addresses may be of a signature: the sender's own, or one alone on its line while others aren't.
    alone = [line.strip(" -*•·.,;") in found for line in rest.split("\n") if "@" in line]
    may_be_signed = sender.lower() in map(str.lower, found) or (any(alone) and not all(alone))
    if is_partial or (not texts and len(found) > 1 and may_be_signed):
        return [], Why.UNCLEAR
    if broken:
        return [], Why.UNREADABLE
    if len(found) > limits.RECIPIENTS:
        return [], Why.SEVERAL
    return found, None if found else Why.MISSING


def addresses_in(text: str) -> tuple[list[str], bool]:
    """The different addresses in order, without the helpdesk's; and whether one of them is not valid."""
    text = re.sub(r"(?i)\bmailto:", " ", text[:20_000])
    ours = {settings.HELPDESK_EMAIL.lower()}
    found: dict[str, str] = {}
    broken = False
    for rough in re.split(r"[\s,;<>()\[\]\"”“]+", text):
        word = rough.strip(".:'’!?|*")
        if "@" not in word or word.startswith("@"):
            continue
        valid = len(word) <= limits.LONGEST_ADDRESS
        try:
            usual(word)
        except ValidationError:
            valid = False
        broken = broken or not valid
        if valid and word.lower() not in ours:
            found.setdefault(word.lower(), word)
    return list(found.values()), broken
