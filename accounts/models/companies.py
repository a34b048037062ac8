"""External companies, their directory values and the recipients of their daily mail."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import reduce
from operator import or_
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from accounts.models import normalised
from accounts.models.directory_values import key_of, normalise_values
from accounts.models.recipients import RECIPIENT_COLUMNS, HasRecipients, Recipients
from idportal.text import short


class CompanyQuerySet(models.QuerySet["Company"]):
    """Companies by their recipients."""

    def without_recipients(self) -> Self:
        return self.filter(recipient1="")  # the first one comes first

    def with_recipient(self, address: str) -> Self:
        """Companies whose daily mail goes to the address. Case makes no difference."""
        return self.filter(_any(Q(**{f"{column}__iexact": address}) for column in RECIPIENT_COLUMNS))

    def with_bounces(self) -> models.QuerySet[Any]:
        """Adds ``bounces``: whether mail to one of the recipients came back."""
        theirs = _any(Q(address=Lower(OuterRef(column))) for column in RECIPIENT_COLUMNS)
        return self.annotate(bounces=Exists(BouncedAddress.objects.filter(theirs)))


def _any(conditions: Iterable[Q]) -> Q:
    return reduce(or_, conditions)


class Company(HasRecipients, normalised.NormalisedModel):
    """One external care company.

    An address becomes a recipient once it counts: one that is not confirmed yet waits with its ticket (H6).
    """

    name = models.CharField(_("namn"), max_length=200)
    organisation_number = models.CharField(_("organisationsnummer"), max_length=11, unique=True)  # 556677-8899
    # One a line: a value of the company attribute of its employees' accounts, or the DN of a unit that they lie in.
    directory_values = models.TextField(_("värden i katalogen"))
    recipient1 = models.EmailField(_("mottagare 1"), max_length=254, blank=True)
    recipient2 = models.EmailField(_("mottagare 2"), max_length=254, blank=True)
    active = models.BooleanField(_("aktivt"), default=True)

    objects = CompanyQuerySet.as_manager()
    history: Any = HistoricalRecords()

    own_fields = ("name", "organisation_number", "directory_values", "active")  # all that people fill in but recipients
    normalisers = {
        "name": normalised.company_name,
        "organisation_number": normalised.organisation_number,
        "directory_values": normalise_values,
        **dict.fromkeys(RECIPIENT_COLUMNS, normalised.address),
    }

    class Meta:
        verbose_name = _("företag")
        verbose_name_plural = pgettext_lazy("plural", "företag")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="one_company_of_a_name"),
            models.CheckConstraint(
                condition=Q(recipient2="") | ~Q(recipient1=F("recipient2")), name="two_different_recipients"
            ),
            models.CheckConstraint(condition=Q(recipient2="") | ~Q(recipient1=""), name="first_recipient_first"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Also claims its directory values; raises IntegrityError, and saves nothing, if another company has one."""
        with transaction.atomic():
            super().save(*args, **kwargs)
            wanted = {key_of(value) for value in self.values}
            self.keys.exclude(key__in=wanted).delete()
            missing = wanted - set(self.keys.values_list("key", flat=True))
            DirectoryKey.objects.bulk_create([DirectoryKey(company=self, key=key) for key in sorted(missing)])

    def clean(self) -> None:
        """Moves the recipients to the first columns. Raises ValidationError for the same one twice."""
        self.recipients = Recipients.checked([getattr(self, column) for column in RECIPIENT_COLUMNS])

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        """Raises ValidationError, with the owner's name, if another company has its name, its number or a value."""
        others = Company.objects.exclude(pk=self.pk).only("name", "organisation_number", "directory_values")
        found = CompanyConflicts(others).of_company(self)
        if errors := {name: words for name, words in found.items() if name not in (exclude or ())}:
            raise ValidationError(errors)

    @property
    def values(self) -> list[str]:
        """The directory values that mark the accounts of its employees."""
        return [line.strip() for line in self.directory_values.splitlines() if line.strip()]


class CompanyConflicts:
    """The names, organisation numbers and directory values of some companies, with their owners. A snapshot."""

    def __init__(self, companies: Iterable[Company]) -> None:
        self._names: dict[str, str] = {}
        self._numbers: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        for company in companies:
            self.add(company)

    def add(self, company: Company, owner: str = "") -> None:
        """Adds a company; ``owner``: its name in messages, if not its own."""
        owner = short(owner or company.name)
        self._names[company.name.casefold()] = owner
        self._numbers[company.organisation_number] = owner
        self._keys.update((key_of(value), owner) for value in company.values)

    def of_company(self, company: Company) -> dict[str, str]:
        """What the company can't have, by field: a message that names the owner."""
        found = {}
        if owner := self._names.get(company.name.casefold()):
            found["name"] = gettext(
                "Namnet finns redan: %(owner)s. Skriv ett annat, eller ändra det företaget i stället."
            ) % {"owner": owner}
        if owner := self._numbers.get(company.organisation_number):
            found["organisation_number"] = gettext(
                "Organisationsnumret finns redan hos %(owner)s. Ändra det företaget i stället."
            ) % {"owner": owner}
        for value in company.values:
            if owner := self._keys.get(key_of(value)):
                found["directory_values"] = gettext(
                    "”%(value)s” hör redan till %(owner)s. Ta bort värdet där först, eller skriv ett annat."
                ) % {"value": short(value), "owner": owner}
        return found


class DirectoryKey(models.Model):
    """A directory value as it is compared. No two companies share one, or an account would belong to both."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="keys")
    key = models.CharField(max_length=500, unique=True)

    def __str__(self) -> str:
        return self.key


class BouncedAddress(models.Model):
    """An address to which mail came back, or was refused for good. Deleted a month after the last time."""

    address = models.CharField(max_length=254, unique=True)  # in lower case
    count = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=200, blank=True)  # the mail server's words

    class Meta:
        verbose_name = _("adress som studsar")
        verbose_name_plural = _("adresser som studsar")

    def __str__(self) -> str:
        return self.address
