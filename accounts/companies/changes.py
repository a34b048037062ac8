"""Which company an account belongs to, and what changes a company: each change with its history and its trail."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from django.contrib.humanize.templatetags.humanize import apnumber
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, directory, limits
from accounts.companies import orderers
from accounts.companies.files.cells import short
from accounts.directory import Account
from accounts.models import BouncedAddress, Company, DirectoryKey, Event, User
from accounts.signals import address_bounced

_UNIT = re.compile(r"(ou|cn|o|dc)\s*=.+,\s*(ou|cn|o|dc)\s*=", re.IGNORECASE)


def is_unit(value: str) -> bool:
    """Whether a directory value is the DN of a unit, and not what the company attribute holds."""
    return _UNIT.match(value) is not None


def key_of(value: str) -> str:
    """A directory value as it is compared: as directories do, without case and with single spaces."""
    if is_unit(value):
        return f"unit {directory.normal_unit(value)}"
    return f"value {directory.folded(value)}"


class CompanyMatcher:
    """Tells which company an account belongs to. Reads all companies when made; a snapshot."""

    def __init__(self) -> None:
        self._companies = {company.pk: company for company in Company.objects.all()}
        # A company that was added since has keys here, and is none of those that were read.
        keys = DirectoryKey.objects.values_list("key", "company_id")
        self._keys = {key: company_id for key, company_id in keys if company_id in self._companies}
        self._units = any(key.startswith("unit ") for key in self._keys)

    def company_of(self, account: Account) -> Company | None:
        """The company, active or not, or None. A unit that the account lies in is more exact than its attribute."""
        if self._units:
            for unit in directory.units_of(account.unit):  # the innermost first
                if found := self._keys.get(f"unit {unit}"):
                    return self._companies[found]
        found = self._keys.get(f"value {directory.folded(account.company)}") if account.company else None
        return self._companies[found] if found else None


class DirectoryValueConflicts:
    """Which names, organisation numbers and directory values are some company's already; a snapshot."""

    def __init__(self, companies: Iterable[Company]) -> None:
        self._names: dict[str, str] = {}
        self._numbers: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        for company in companies:
            self.add(company)

    @classmethod
    def by_all_but(cls, company: Company) -> DirectoryValueConflicts:
        """By all other companies, as the database has them."""
        return cls(Company.objects.exclude(pk=company.pk).only("name", "organisation_number", "directory_values"))

    def add(self, company: Company, owner: str = "") -> None:
        """``owner``: what a message calls it, if not by its name."""
        owner = short(owner or company.name)
        self._names[company.name.casefold()] = owner
        self._numbers[company.organisation_number] = owner
        self._keys.update((key_of(value), owner) for value in company.values)

    def conflicts(self, company: Company) -> dict[str, str]:
        """What the company can't have, by field, in words that name whose it is."""
        found = {}
        if owner := self._names.get(company.name.casefold()):
            found["name"] = _(
                "Namnet finns redan: %(owner)s. Skriv ett annat, eller ändra det företaget i stället."
            ) % {"owner": owner}
        if owner := self._numbers.get(company.organisation_number):
            found["organisation_number"] = _(
                "Organisationsnumret finns redan hos %(owner)s. Ändra det företaget i stället."
            ) % {"owner": owner}
        for value in company.values:
            if owner := self._keys.get(key_of(value)):
                found["directory_values"] = _(
                    "”%(value)s” hör redan till %(owner)s. Ta bort värdet där först, eller skriv ett annat."
                ) % {"value": short(value), "owner": owner}
        return found


OWN_FIELDS = ("name", "organisation_number", "directory_values", "active")
RECIPIENTS = tuple(f"recipient{number}" for number in range(1, limits.RECIPIENTS + 1))


def store(company: Company, *, actor: User | None, address: str | None = None) -> list[str]:
    """Saves a new or changed company that has been cleaned, and returns the names of the fields that changed.

    ``actor`` None: someone with a shell. The row, its history and its trail come together or not at all, and nothing
    is written if nothing changed. Raises IntegrityError if another company got its name, number or value meanwhile.
    """
    with transaction.atomic():
        before = Company.objects.select_for_update().filter(pk=company.pk).first() if company.pk else None
        changed = [
            name
            for name in (*OWN_FIELDS, *RECIPIENTS)
            if before is None or getattr(before, name) != getattr(company, name)
        ]
        if not changed:
            return []
        company._history_user = actor
        company.save()
        own = [name for name in changed if name not in RECIPIENTS]
        if before is None:
            audit.record(Event.COMPANY_ADDED, company, actor=actor, address=address)
        elif own:
            audit.record(Event.COMPANY_CHANGED, company, actor=actor, result=", ".join(own), address=address)
        if company.recipients != (before.recipients if before else []):
            audit.record(Event.RECIPIENTS_CHANGED, company, actor=actor, address=address)
    return changed


def set_recipients(
    company_id: int, addresses: Sequence[str], *, actor: User | None, address: str | None = None
) -> Company:
    """Makes these the company's recipients, none, one or two; they count from now on. Returns the company.

    Of several who do so at once the last one's stand, whole: the row is locked (security.md H6). ``address`` is where
    the request came from. Raises ValidationError for a third one, for the same one twice and for what is no address;
    Company.DoesNotExist.
    """
    if len(addresses) > len(RECIPIENTS):
        raise ValidationError(_("Ett företag kan ha högst %s mottagare.") % apnumber(limits.RECIPIENTS))
    with transaction.atomic():
        company = Company.objects.select_for_update().get(pk=company_id)
        company.recipient1, company.recipient2 = [*addresses, "", ""][:2]
        company.clean_fields(exclude=OWN_FIELDS)
        company.clean()
        store(company, actor=actor, address=address)
    return company


def remove(company: Company, *, actor: User | None, address: str | None = None) -> None:
    """Deletes a company. Its orderers stay, without it; messages about it stay, without its name."""
    with transaction.atomic():
        company = Company.objects.select_for_update().get(pk=company.pk)
        audit.record(Event.COMPANY_REMOVED, company, actor=actor, address=address)
        for orderer in company.orderers.prefetch_related("companies"):
            left = [other for other in orderer.companies.all() if other != company]
            orderers.store(orderer, left, actor=actor, address=address)
        company._history_user = actor
        company.delete()


def note_bounce(address: str, reason: str) -> None:
    """Mail to this address came back, or was refused for good: shown to administrators and to the orderer."""
    with transaction.atomic():
        row, _made = BouncedAddress.objects.get_or_create(address=address.lower(), defaults={"reason": reason[:200]})
        changes = {"count": F("count") + 1, "last_at": timezone.now(), "reason": reason[:200]}
        BouncedAddress.objects.filter(pk=row.pk).update(**changes)
        row.refresh_from_db()
        address_bounced.send(BouncedAddress, address=row.address, count=row.count, reason=row.reason)
