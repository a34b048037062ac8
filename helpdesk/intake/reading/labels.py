"""Finds labels in a mail ("Nytt mobilnummer:"), as the manual and people write them, and the value of each."""

import re
from collections.abc import Sequence
from enum import Enum
from itertools import zip_longest
from typing import NamedTuple

from helpdesk.intake.reading.decoding import folded


class Label(Enum):
    """What a value is. STALE and NOISE are not used; they end the value before them."""

    ORDERER = "orderer"
    PERSON = "person"  # name and user name in one
    NAME = "name"
    USERNAME = "username"
    NEW_NUMBER = "new number"
    NUMBER = "number"
    COMPANY = "company"
    RECIPIENTS = "recipients"
    STALE = "stale"
    NOISE = "noise"


# Without diacritics, as in ``folded``, because some keyboards lack them. Longer words come before shorter ones.
_NR = r"(?:tele(?:fon)?)?[ -]?(?:nr|nummer|numret|tele(?:fon)?|tfn|tlf)\.?"
_MOBILE = rf"(?:mobil(?:t)?(?:[ -]?{_NR})?|{_NR}|cell)"
_ON_WHOM = r"(?:(?: pa| for| till)? (?:den )?(?:personal(?:en)?|anstalld[ae]?|medarbetar(?:e|en)|personen)s?)?"
_ADDRESS = r"(?:e[ -]?post|mejl|mail|e[ -]?mail)(?:[ -]?adress(?:er|en|erna)?)?(?:[ -]?mottagare)?"
_WORDS = {
    Label.STALE: (
        rf"(?:gammalt|gamla|tidigare|nuvarande|forra|foregaende|befintligt?)(?: registrerat?)?"
        rf" (?:{_MOBILE}|{_ADDRESS}|mottagare)|ta bort|tas bort|bort"
    ),
    Label.ORDERER: r"(?:namn pa )?(?:behorig[a]? )?bestallar(?:e|en|ens namn)(?: namn)?|kontaktperson|ansvarig",
    Label.PERSON: (
        rf"namn(?: och|/| &| \+|,) ?(?:anv\.? ?namn|anvandar ?(?:namn|id)|konto(?:namn)?){_ON_WHOM}"
        rf"|(?:anvandar ?namn|konto)(?: och|/| &|,) ?namn{_ON_WHOM}"
    ),
    Label.USERNAME: (
        rf"(?:anvandar[ -]?(?:namn|namnet|id)|anv\.? ?(?:namn|id)|anvandare|konto(?:namn|t)?|inlogg(?:ning)?(?:s?[ -]?"
        rf"(?:namn|id))?|login|lov[ -]?(?:konto|id)){_ON_WHOM}"
    ),
    Label.COMPANY: (
        r"(?:namn pa )?(?:foretag(?:et)?s?(?:[ -]?namn)?|bolag(?:et)?(?:s namn)?|firma|utforare|arbetsgivare)"
    ),
    Label.NAME: (
        rf"(?:for[ -]? ?och efternamn|fullstandigt namn|namnet){_ON_WHOM}"
        rf"|namn{_ON_WHOM}|personal(?:en)?(?:s namn)?|medarbetar(?:e|en)s?(?: namn)?|anstalld(?:s namn)?"
    ),
    Label.NEW_NUMBER: (
        rf"(?:det )?(?:nytt|nya|ny) {_MOBILE}(?: som (?:ska|skall)(?: [^\W\d]{{1,20}}){{1,5}})?"
        rf"|(?:nr|nummer|{_MOBILE}) som (?:ska|skall) kopplas"
    ),
    Label.RECIPIENTS: (
        rf"(?:vilken eller )?vilka (?:tva )?{_ADDRESS}(?: som (?:ska|skall) vara aktuella)?|(?:nya|ny|nytt) {_ADDRESS}"
        rf"|{_ADDRESS}(?: ?[1-3]\b)?(?: som (?:ska|skall)[\w ]{{1,40}})?"
        r"|(?:nya? )?mottagare(?: ?[1-3]\b)?(?: av [\w -]{1,40})?"
    ),
    Label.NUMBER: rf"{_MOBILE}",
    Label.NOISE: (
        r"amne|subject|(?:org(?:anisations)?\.?[ -]?(?:nr|nummer))|person[ -]?(?:nr|nummer)|pnr|datum|arende|titel"
        r"|adress|besoksadress|postadress|hemsida|webb|www|vaxel(?:n)?|fax|direkt(?:nr|nummer)?|kontaktuppgifter"
        r"|bakgrund|orsak|anledning|ovrigt|meddelande|obs|ps"
    ),
}
_LABEL = "|".join(f"(?P<{label.name}>{words})" for label, words in _WORDS.items())
# With a separator behind it a label counts anywhere; without one only at the beginning of a line, before a value.
_SEPARATED = re.compile(
    rf"(?<![\w@.-])(?<!mitt )(?<!min )(?<!my )(?:{_LABEL})"
    r"(?: ?\([^()\n]{0,60}\))? ?(?::|=|\t|(?<= )-(?= )| -(?=[ \d+])|-(?= ))"
)
_AT_BEGIN = re.compile(rf"(?:[-*•·–>o]|\d{{1,2}}[.)])? {{0,3}}(?:{_LABEL})(?![\w@-])")
_ALONE = re.compile(rf"(?:[-*•·–>]|\d{{1,2}}[.)])? {{0,3}}(?:{_LABEL})(?: ?\([^()]{{0,60}}\))? ?[:?]?")
_STRONG = (Label.ORDERER, Label.PERSON, Label.NAME, Label.USERNAME, Label.NEW_NUMBER, Label.NUMBER, Label.COMPANY)
_NO_NUMBER = (Label.ORDERER, Label.COMPANY, Label.RECIPIENTS, Label.STALE, Label.NOISE)
_LONGEST_LINE = 2000  # characters; the rest of a line is not read


class Value(NamedTuple):
    """The value after a label; of RECIPIENTS it may be several lines. ``strong``: no signature uses this label.

    ``first`` and ``last``: the lines of label and value. ``begin`` and ``end``: their columns in the first line.
    """

    label: Label
    text: str
    strong: bool
    first: int
    last: int
    begin: int
    end: int


class Labelled(NamedTuple):
    """The labelled values of some lines, in order.

    ``rest``: each line up to its first label. ``loose``: each line in its old length, with blanks instead of values
    that hold no number to link: those of orderer, company …
    """

    values: list[Value]
    rest: str
    loose: str


def labelled_in(lines: Sequence[str]) -> Labelled:
    """All labelled values, and the lines without them."""
    lines = [line[:_LONGEST_LINE] for line in lines]
    found: list[Value] = []
    rest: list[str] = []
    while len(rest) < len(lines):
        place, kept = len(rest), ""
        values = _row(lines, place)
        if not values:
            line, labels = lines[place], _labels(lines[place])
            kept = line[: labels[0].start()].rstrip() if labels else line
            values = _values(labels, lines, place)
        found += values
        rest += [kept, *[""] * (values[-1].last - place if values else 0)]
    loose = list(lines)
    for each in found:
        if each.label in _NO_NUMBER:
            line = loose[each.first]
            loose[each.first] = line[: each.begin] + " " * (each.end - each.begin) + line[each.end :]
            loose[each.first + 1 : each.last + 1] = [""] * (each.last - each.first)
    return Labelled(found, "\n".join(rest), "\n".join(loose))


def _values(labels: Sequence[re.Match[str]], lines: Sequence[str], place: int) -> list[Value]:
    """The values of the labels in a line."""
    found: list[Value] = []
    line, after = lines[place], place + 1
    for each, following in zip_longest(labels, labels[1:]):
        until = following.start() if following else len(line)
        label, text = _label(each), line[each.end() : until].strip(" \t:=-–—")
        if until == len(line) and (not text or label == Label.RECIPIENTS):
            text, after = _following(label, text, lines, after)
        found.append(Value(label, text, _is_strong(label, each[0]), place, after - 1, each.start(), until))
    return found


def _labels(line: str) -> list[re.Match[str]]:
    """Each label in the line."""
    plain = folded(line)
    found = list(_SEPARATED.finditer(plain))
    if found and not plain[: found[0].start()].strip(" -*•·–>o0123456789.)"):
        return found
    first = _ALONE.fullmatch(plain) or _AT_BEGIN.match(plain)
    if first:
        alone = not plain[first.end() :].strip(" :?")
        if alone or (_label(first) in _STRONG and _fits(_label(first), line[first.end() :])):
            found.insert(0, first)
    return found


def _label(found: re.Match[str]) -> Label:
    return Label[str(found.lastgroup)]


def _fits(label: Label, value: str) -> bool:
    """Whether this looks like the label's value although no separator stands between them."""
    value = value.strip()
    if label in (Label.NEW_NUMBER, Label.NUMBER):
        return bool(re.match(r"[+(]?\d[\d\s()+./-]{5,}", folded(value)))
    if label == Label.USERNAME:
        return bool(re.fullmatch(r"[\w.\\@-]{4,80}[.,]?", value)) and any(character.isdigit() for character in value)
    words = value.split()
    return 1 < len(words) <= 8 and words[0][:1].isupper() and words[1][:1].isupper()  # noqa: PLR2004  a name


def _is_strong(label: Label, words: str) -> bool:
    """Whether this label is never part of a signature."""
    if label == Label.RECIPIENTS:
        return any(character in words for character in ("mottag", "aktuell", "ny", "1", "2"))
    return label in (Label.PERSON, Label.USERNAME, Label.NEW_NUMBER) or (label == Label.ORDERER and "bestall" in words)


def _following(label: Label, text: str, lines: Sequence[str], place: int) -> tuple[str, int]:
    """The value below its label, and the first line behind it: one line, or all lines with addresses."""
    after = place
    if not text:
        while after < len(lines) and not lines[after].strip() and after < place + 2:
            after += 1
        if after >= len(lines) or _labels(lines[after]) or not lines[after].strip():
            return text, place
        text, place = lines[after].strip(" \t-*•·"), after + 1
    if label == Label.RECIPIENTS:
        while place < len(lines) and "@" in lines[place] and not _labels(lines[place]):
            text, place = f"{text}\n{lines[place]}", place + 1
    return text, place


def _row(lines: Sequence[str], place: int) -> list[Value]:
    """The values of a table's first row, if its header row with the labels is here."""
    heads = [cell.strip() for cell in lines[place].split("\t") if cell.strip()]
    columns = [_ALONE.fullmatch(folded(head)) for head in heads] if len(heads) > 1 else [None]
    if None in columns:
        return []
    place += 1
    while place < len(lines) and not lines[place].strip():
        place += 1
    cells = lines[place].split("\t") if place < len(lines) else []
    found: list[Value] = []
    begin = 0
    for column, cell in zip(filter(None, columns), cells, strict=False):
        found.append(Value(_label(column), cell.strip(), True, place, place, begin, begin + len(cell)))
        begin += len(cell) + 1
    return found if len([cell for cell in cells if cell.strip()]) > 1 else []
