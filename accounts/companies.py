"""Which company an account belongs to, and what changes with a company."""

from __future__ import annotations

import re
import unicodedata

from django.db.models import F
from django.db.models.functions import Lower
from django.utils import timezone

from accounts import directory
from accounts.directory import Account
from accounts.models import BouncedAddress, Company, DirectoryKey

_UNIT = re.compile(r"(ou|cn|o|dc)\s*=.+,\s*(ou|cn|o|dc)\s*=", re.IGNORECASE)


def is_unit(value: str) -> bool:
    """Whether a directory value is the DN of a unit, and not what the company attribute holds."""
    return _UNIT.match(value) is not None


def key_of(value: str) -> str:
    """A directory value as it is compared: as directories do, without case and with single spaces."""
    if is_unit(value):
        return f"unit {directory.normal_unit(value)}"
    return f"value {_plain(value)}"


def _plain(value: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


class Belonging:
    """Tells which company an account belongs to. Reads all companies when made; a snapshot."""

    def __init__(self) -> None:
        self._companies = {company.pk: company for company in Company.objects.all()}
        self._keys = dict(DirectoryKey.objects.values_list("key", "company_id"))
        self._units = any(key.startswith("unit ") for key in self._keys)

    def company_of(self, account: Account) -> Company | None:
        """The company, active or not, or None. A unit that the account lies in is more exact than its attribute."""
        if self._units:
            for unit in directory.units_of(account.unit):  # the innermost first
                if found := self._keys.get(f"unit {unit}"):
                    return self._companies[found]
        found = self._keys.get(f"value {_plain(account.company)}") if account.company else None
        return self._companies[found] if found else None


def note_bounce(address: str, reason: str) -> None:
    """Mail to this address came back, or was refused for good: shown to administrators."""
    row, _made = BouncedAddress.objects.get_or_create(address=address.lower(), defaults={"reason": reason[:200]})
    changes = {"count": F("count") + 1, "last_at": timezone.now(), "reason": reason[:200]}
    BouncedAddress.objects.filter(pk=row.pk).update(**changes)


def bouncing(company: Company) -> list[str]:
    """Those of a company's recipients whose mail came back lately."""
    addresses = [address.lower() for address in company.recipients]
    found = set(BouncedAddress.objects.filter(address__in=addresses).values_list("address", flat=True))
    return [address for address in company.recipients if address.lower() in found]


def without_recipient() -> list[Company]:
    """Active companies of whose passwords nobody but the helpdesk is told."""
    return list(Company.objects.filter(active=True, recipient1="").order_by(Lower("name")))
