"""Template tag for a sentence that a municipality may replace in a mail."""

from django import template

from idportal.channels import own_words

register = template.Library()


@register.simple_block_tag(takes_context=True)
def own(context: template.Context, content: str, name: str) -> str:
    """The municipality's sentence; if there is none, what stands in the tag."""
    words = {each: context[each] for each in own_words.ALLOWED}
    return own_words.own(name, words, html=context.autoescape) or content
