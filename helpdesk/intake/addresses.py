"""The recipients that a mail asks for: the complete new list, or none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.conf import settings
from django.core.exceptions import ValidationError

from accounts import limits
from accounts.addresses import usual
from accounts.limits import LONGEST_ADDRESS
from helpdesk.intake.decoding import folded
from helpdesk.intake.fields import Why
from helpdesk.intake.labels import Label, Value

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
    texts = _after_labels(values, sender)
    found, broken = addresses_in("\n".join(texts) if texts else rest)
    everything = folded(f"{rest}\n" + "\n".join(texts))
    if found and _PARTLY.search(everything):
        return [], Why.UNCLEAR
    if not texts and len(found) > 1 and _may_be_signed(found, rest, sender):
        return [], Why.UNCLEAR
    if broken:
        return [], Why.UNREADABLE
    if len(found) > limits.RECIPIENTS:
        return [], Why.SEVERAL
    return found, None if found else Why.MISSING


def _after_labels(values: Sequence[Value], sender: str) -> list[str]:
    """The texts after labels of recipients. A plain "E-post:" counts less: it may be part of a signature."""
    labelled = [value for value in values if value.label == Label.RECIPIENTS and value.text]
    strong = [value for value in labelled if value.strong]
    weak = [value for value in labelled if not value.strong and sender.lower() not in value.text.lower()]
    return [value.text for value in (strong or weak or labelled)]


def _may_be_signed(found: Sequence[str], rest: str, sender: str) -> bool:
    """Whether one of several addresses is the sender's own, or stands alone on its line while others don't."""
    if sender.lower() in [address.lower() for address in found]:
        return True
    lines = [line.strip(" -*•·.,;") for line in rest.split("\n") if "@" in line]
    alone = [line in found for line in lines]
    return any(alone) and not all(alone)


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
        if not _is_valid(word):
            broken = True
        elif word.lower() not in ours:
            found.setdefault(word.lower(), word)
    return list(found.values()), broken


def _is_valid(address: str) -> bool:
    try:
        usual(address)
    except ValidationError:
        return False
    return len(address) <= LONGEST_ADDRESS
