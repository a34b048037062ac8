"""Mail addresses that a company may have. Django's own check accepts more: all that a mail server might."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

# RFC 5321 also allows a quoted name, or a machine by its number. No company has such an address, and servers read it
# differently: one that is read as two addresses would be a third recipient.
UNUSUAL = frozenset('"[]\\')


def has_unseen(address: str) -> bool:
    """Whether it holds invisible characters."""
    return any(unicodedata.category(character) in ("Cc", "Cf") for character in address)


def is_unusual(address: str) -> bool:
    """Whether mail servers may read it differently than people do, or it leads to no domain."""
    return has_unseen(address) or not UNUSUAL.isdisjoint(address) or "." not in address.rpartition("@")[2]


def usual(address: str) -> None:
    """Raises ValidationError for an address that is not name@domain."""
    if is_unusual(address):
        raise ValidationError(EmailValidator.message, code="invalid", params={"value": address})
    EmailValidator()(address)
