"""Filters for the texts of mails and SMS: moments in words, and paragraphs in HTML."""

import re

from django import template
from django.utils.safestring import SafeString, mark_safe

from idportal import clock

register = template.Library()

register.filter(clock.moment)
register.filter(clock.deadline)
register.filter(clock.clock)
register.filter(clock.duration)

_PARAGRAPH = '<p style="margin:0 0 16px;max-width:680px">%s</p>\n'
_LIST = '<ul style="margin:0 0 16px;padding:0 0 0 24px">%s</ul>\n'


@register.filter
def paragraphs(text: SafeString, headed: bool = False) -> SafeString:
    """Marks up a text that is HTML already: paragraphs between empty lines, and lines with a dash as a list.

    ``headed``: the text before the first colon of a paragraph is its heading.
    """
    done = ""
    for block in re.split(r"\n\s*\n", text.strip()):
        if block:
            words, *items = block.strip().split("\n- ")
            if headed:
                heading, _, words = words.partition(": ")
                words = f"<strong>{heading}:</strong> {words}"
            done += _PARAGRAPH % words
            done += _LIST % "".join(f"<li>{item}</li>" for item in items) if items else ""
    return mark_safe(done)  # noqa: S308
