"""The municipality's own sentences in mails and SMS: which there are, and what may stand in their braces.

A sentence is data, never a template: ``{name}`` gives way to a word if the name is allowed, and nothing else is read.
Each is a setting of the same name, in Swedish. Unset, and in English, the portal's own words stand.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.utils import translation
from django.utils.html import conditional_escape, escape
from django.utils.safestring import mark_safe

from idportal import sms

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_ODD = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\u2028\u2029]")  # a line's end may stand in a text of several lines


class OwnWords(NamedTuple):
    """What may stand in the braces of a sentence, what has to, how many lines it may have, and if an SMS holds it."""

    allowed: tuple[str, ...]
    needed: tuple[str, ...] = ()
    lines: int = 1
    by_sms: bool = False


SENTENCES = {
    "MAIL_GREETING": OwnWords(("municipality",)),
    "MAIL_SIGNATURE": OwnWords(("municipality", "helpdesk"), lines=4),
    "DIGEST_SENTENCE": OwnWords(("municipality", "helpdesk")),
    "SIGN_IN_SENTENCE": OwnWords(("municipality",)),
    "CODE_SENTENCE": OwnWords(("code", "municipality"), needed=("code",), by_sms=True),
    "RESET_SENTENCE": OwnWords(("account", "time", "municipality"), needed=("account", "time"), by_sms=True),
}


def own(name: str, words: Mapping[str, Any], *, html: bool) -> str:
    """The municipality's sentence with its words filled in; "" if it has none in the active language.

    In HTML nothing of it is markup, but what is marked as safe among the words.
    """
    text: str = getattr(settings, name)
    if not text or translation.get_language() != "sv":
        return ""
    if not html:
        return _PLACEHOLDER.sub(lambda found: str(words.get(found[1], found[0])), text)
    markup = escape(text).replace("\n", "<br>\n")
    filled = _PLACEHOLDER.sub(lambda found: conditional_escape(words.get(found[1], found[0])), markup)
    return mark_safe(filled)  # noqa: S308


def problems(name: str) -> Iterator[str]:
    """What is wrong with the municipality's sentence of that name, if anything."""
    text, rule = getattr(settings, name), SENTENCES[name]
    if not text:
        return
    used = _PLACEHOLDER.findall(text)
    for each in dict.fromkeys(used):
        if each not in rule.allowed:
            yield f"holds {{{each}}}, which has no value here"
    if brace := re.search(r"\{[^{}]*\}?|\}", _PLACEHOLDER.sub("", text)):
        yield f"holds {brace[0]!r}, which is no placeholder"
    for each in rule.needed:
        if each not in used:
            yield f"lacks {{{each}}}"
    if _ODD.search(text) or len(text.splitlines()) > rule.lines:
        yield "holds control characters" if _ODD.search(text) else f"has more than {rule.lines} line(s)"
    if rule.by_sms and (odd := sorted({each for each in text if sms.septets(each) is None})):
        yield f"holds {' '.join(odd)}, which the alphabet of an SMS lacks: each message would cost more"
