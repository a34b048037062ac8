"""Mail addresses that a company may have, where Django's own check takes all that a mail server might."""

from __future__ import annotations

import unicodedata

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

# What RFC 5321 allows beside name@domain, a quoted name or a machine by its number, no company has; servers read it
# unalike, and one that is taken for two addresses would be a third recipient.
UNUSUAL = frozenset('"[]\\')


def has_unseen(address: str) -> bool:
    """Whether it holds signs that nobody sees."""
    return any(unicodedata.category(character) in ("Cc", "Cf") for character in address)


def is_unusual(address: str) -> bool:
    """Whether mail servers may read it as something else than people do, or it leads to no domain."""
    return has_unseen(address) or not UNUSUAL.isdisjoint(address) or "." not in address.rpartition("@")[2]


def usual(address: str) -> None:
    """Raises ValidationError for what isn't name@domain."""
    if is_unusual(address):
        raise ValidationError(EmailValidator.message, code="invalid", params={"value": address})
    EmailValidator()(address)


class UsualAddressField(forms.EmailField):
    """As forms.EmailField, of name@domain only."""

    default_validators = [usual]
