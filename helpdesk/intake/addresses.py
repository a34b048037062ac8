"""The addresses that a mail asks to have as recipients: all that are to count, or none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.conf import settings
from django.core.exceptions import ValidationError

from accounts.addresses import usual
from helpdesk.intake.fields import Why
from helpdesk.intake.labels import Label, Value, folded

LONGEST_ADDRESS = 254  # RFC 5321 4.5.3.1.3
# Not all that are to count, but what is to change about those of today.
_PARTLY = re.compile(
    r"(?<!\w)(?:(?:ta|tas|plocka) bort|byta? ut|ersatt\w*|i ?stallet for|inte langre|slutat?|tidigare|gamla|nuvarande"
    r"|lagga? (?:till|in)|laggs till|aven|ocksa|utover|forutom|ytterligare|kvar|jag sjalv|mig"
    r"|fran \S{1,100}@\S{1,100} till)(?!\w)"
)


def recipients(values: Sequence[Value], rest: str, sender: str = "") -> tuple[list[str], Why | None]:
    """All that are to count: one or two addresses. Three are a question to whoever wrote them, and so is what is to be
    added to, or taken from, those of today. ``sender``: whose own address may be no more than how they sign.
    """
    texts, labelled = _of_recipients(values, sender)
    found, broken = addresses_in("\n".join(texts) if labelled else rest)
    said = folded(f"{rest}\n" + "\n".join(texts))
    if found and _PARTLY.search(said):
        return [], Why.UNCLEAR
    if not labelled and len(found) > 1 and _may_be_signed(found, rest, sender):
        return [], Why.UNCLEAR
    if broken:
        return [], Why.UNREADABLE
    if len(found) > 2:  # noqa: PLR2004  manual-sv.md, "Support": "max två"
        return [], Why.SEVERAL
    return found, None if found else Why.MISSING


def _of_recipients(values: Sequence[Value], sender: str) -> tuple[list[str], bool]:
    """What stands after labels of recipients, and whether anything does. "E-post:" alone may be how somebody signs."""
    labelled = [value for value in values if value.label == Label.RECIPIENTS and value.text]
    strong = [value for value in labelled if value.strong]
    weak = [value for value in labelled if not value.strong and sender.lower() not in value.text.lower()]
    texts = [value.text for value in (strong or weak or labelled)]
    return texts, bool(texts)


def _may_be_signed(found: Sequence[str], rest: str, sender: str) -> bool:
    """Whether one of several addresses in sentences is the sender's own, or stands alone on a line below them."""
    if sender.lower() in [each.lower() for each in found]:
        return True
    lines = [line.strip(" -*•·.,;") for line in rest.split("\n") if "@" in line]
    alone = [line in found for line in lines]
    return any(alone) and not all(alone)


def addresses_in(text: str) -> tuple[list[str], bool]:
    """Different ones, in order, without our own; and whether something was meant as one and isn't."""
    text = re.sub(r"(?i)\bmailto:", " ", text[:20_000])
    ours = {settings.HELPDESK_EMAIL.lower()}
    found: dict[str, str] = {}
    broken = False
    for rough in re.split(r"[\s,;<>()\[\]\"”“]+", text):
        word = rough.strip(".:'’!?|*")
        if "@" not in word or word.startswith("@"):
            continue
        try:
            usual(word)
        except ValidationError:
            broken = True
            continue
        if len(word) > LONGEST_ADDRESS:
            broken = True
        elif word.lower() not in ours:
            found.setdefault(word.lower(), word)
    return list(found.values()), broken
