"""All tags that a municipality's own statement may use: the limits, so that it tells the truth, and what is needed to
show a list or leave a sentence out."""

from django import template
from django.template import defaulttags

from accounts.templatetags import limits

register = template.Library()
register.tags |= limits.register.tags
register.tag("if", defaulttags.do_if)
register.tag("for", defaulttags.do_for)
register.tag("comment", defaulttags.comment)
