"""Is it said whose portal this is?"""

from collections.abc import Iterator

from django.conf import settings
from django.core.checks import CheckMessage, Error

_WHAT = {
    "MUNICIPALITY_NAME": "Write the municipality's name: pages and messages would not say whose they are.",
    "HELPDESK_EMAIL": "Write the helpdesk's address, which messages name and to which what concerns it is mailed.",
    "HELPDESK_PHONE": "Write the helpdesk's telephone number: who writes no mail would have no way to it.",
    "DATA_PROTECTION_OFFICER": "Write how to reach the data protection officer (GDPR art. 13.1 b).",
    "EXAMPLE_USERNAME": "Write a user name as the municipality makes them, for the hints beside fields.",
}


def unset() -> Iterator[CheckMessage]:
    """A default for all would be wrong for each."""
    for name, what in _WHAT.items():
        if getattr(settings, name) in ("", settings.MADE_UP[name]):
            yield Error(f"{name} is not set.", hint=what, id="idportal.E070")
