"""The two statements, as their pages need them."""

from django import template

from accounts.privacy import statements

register = template.Library()

register.simple_tag(statements.audit, name="audit")


@register.simple_block_tag(takes_context=True)
def statement(context: template.Context, content: str, name: str) -> str:
    """The municipality's own page of that name; if there is none, what stands in the tag."""
    return statements.own_page(name, {"portal": context.get("portal")}) or content
