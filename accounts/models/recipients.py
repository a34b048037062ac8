"""The recipients of a company's daily mail (security.md H6; manual-sv.md: "max två e-postadresser")."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import chain, repeat

from django.contrib.humanize.templatetags.humanize import apnumber
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext as _

from accounts import limits

# A column for each, so that there can't be one more, however many write at once.
RECIPIENT_COLUMNS = tuple(f"recipient{number}" for number in range(1, limits.RECIPIENTS + 1))

# RFC 5321 also allows a quoted name, or a machine by its number. No company has such an address, and servers read it
# differently: one that is read as two addresses would be a third recipient.
UNUSUAL = frozenset('"[]\\')


def has_unseen(address: str) -> bool:
    return any(unicodedata.category(character) in ("Cc", "Cf") for character in address)


def is_unusual(address: str) -> bool:
    """Whether mail servers may read it differently than people do, or it leads to no domain."""
    return has_unseen(address) or not UNUSUAL.isdisjoint(address) or "." not in address.rpartition("@")[2]


def usual(address: str) -> None:
    """Raises ValidationError for an address that is not name@domain."""
    if is_unusual(address):
        raise ValidationError(EmailValidator.message, code="invalid", params={"value": address})
    EmailValidator()(address)


class Recipients(Set[str]):
    """E-mail addresses in their order, each one once. Never changes.

    ``in``, ``-``, ``&`` and ``==`` ignore case, and ``==`` ignores the order. ``-`` and ``&`` take recipients.
    """

    def __init__(self, addresses: Iterable[str] = ()) -> None:
        """Leaves blank addresses out."""
        self._addresses = {address.lower(): address for address in addresses if address}

    @classmethod
    def checked(cls, addresses: Sequence[str], *, same: str = "") -> Recipients:
        """The addresses as they were typed, blank ones left out.

        Raises ValidationError for more than ``limits.RECIPIENTS`` and, at its column, for the same one twice.
        ``same``: the message for that, if it has other words; %(number)d is the first one's.
        """
        typed = [address.lower() for address in addresses]
        if len(typed) > len(RECIPIENT_COLUMNS):
            raise ValidationError(_("Ett företag kan ha högst %s mottagare.") % apnumber(limits.RECIPIENTS))
        words = same or _("Det är samma adress som mottagare %(number)d. Skriv en annan, eller lämna fältet tomt.")
        for at, address in enumerate(typed):
            first = typed.index(address)
            if address and first != at:
                raise ValidationError({RECIPIENT_COLUMNS[at]: words % {"number": first + 1}})
        return cls(addresses)

    def __contains__(self, address: object) -> bool:
        return isinstance(address, str) and address.lower() in self._addresses

    def __iter__(self) -> Iterator[str]:
        return iter(self._addresses.values())

    def __len__(self) -> int:
        return len(self._addresses)

    def __and__(self, others: Set[object]) -> Recipients:
        return Recipients(address for address in self if address in others)

    def __sub__(self, others: Set[object]) -> Recipients:
        return Recipients(address for address in self if address not in others)

    def __repr__(self) -> str:
        return f"Recipients({list(self)})"

    @property
    def columns(self) -> dict[str, str]:
        """The addresses by column, "" where there is none."""
        return dict(zip(RECIPIENT_COLUMNS, chain(self, repeat("")), strict=False))

    @property
    def compared(self) -> list[str]:
        """The addresses as texts that are equal if the recipients are: in lower case, sorted."""
        return sorted(self._addresses)


class HasRecipients:
    @property
    def recipients(self) -> Recipients:
        return Recipients(getattr(self, column) for column in RECIPIENT_COLUMNS)

    @recipients.setter
    def recipients(self, addresses: Recipients) -> None:
        for column, address in addresses.columns.items():
            setattr(self, column, address)
