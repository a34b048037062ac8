"""Limits in texts, by the name that each has in ``accounts.limits`` or in the settings."""

from typing import Any

from django import template
from django.conf import settings
from django.contrib.humanize.templatetags.humanize import apnumber

from accounts import limits
from idportal import clock

register = template.Library()


@register.simple_tag
def duration(name: str) -> str:
    """10 minuter."""
    return clock.duration(limit(name))


@register.simple_tag
def limit(name: str) -> Any:
    """As the limit has it: 3."""
    return getattr(limits, name) if hasattr(limits, name) else getattr(settings, name)


@register.simple_tag
def limit_in_words(name: str) -> str:
    """As a word up to nine: tre."""
    return str(apnumber(limit(name)))
