"""Where the municipality's own sentence stands in a mail or SMS."""

from typing import Any

from django import template

from idportal import own_words

register = template.Library()


@register.simple_block_tag(takes_context=True)
def own(context: template.Context, content: str, name: str, **words: Any) -> str:
    """The municipality's sentence, with ``words`` and the context's own; if there is none, what stands in the tag."""
    everywhere = {each: context[each] for each in ("municipality", "helpdesk")}
    return own_words.own(name, {**everywhere, **words}, html=context.autoescape) or content
