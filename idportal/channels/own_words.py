"""The municipality's own greeting and signature in mails, and which placeholders each may have.

A sentence is data, never a template: ``{name}`` gives way to a word if the name is allowed, and nothing else is read.
Each is a setting of the same name, in Swedish. Unset, and in English, the portal's own words stand.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.html import conditional_escape, escape
from django.utils.safestring import mark_safe

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_ODD = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\u2028\u2029]")  # a line's end may stand in a text of several lines


# What may stand in the braces of a sentence; and how many lines it may have.
ALLOWED = ("municipality", "helpdesk")
LINES = {"MAIL_GREETING": 1, "MAIL_SIGNATURE": 4}


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
    text: str = getattr(settings, name)
    for each in dict.fromkeys(_PLACEHOLDER.findall(text)):
        if each not in ALLOWED:
            yield f"holds {{{each}}}, which has no value here"
    if brace := re.search(r"\{[^{}]*\}?|\}", _PLACEHOLDER.sub("", text)):
        yield f"holds {brace[0]!r}, which is no placeholder"
    if _ODD.search(text):
        yield "holds control characters"
    elif len(text.splitlines()) > LINES[name]:
        yield f"has more than {LINES[name]} line(s)"
