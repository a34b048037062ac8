"""External companies, whom the daily mail about them goes to, and who may order for them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords

from accounts import addresses, numbers, organisation_numbers
from accounts.encryption import EncryptedTextField

LONGEST_KEY = 500  # of a directory value
LONGEST_LINE = 2000  # of what is read as one: normalising takes long for what is made to
MOST_VALUES = 100  # of one company
BETWEEN = "|"  # several directory values in one cell of a file; so no value can hold it


def one_line(text: str) -> str:
    """The text with single spaces, in NFC, and without signs that nobody sees and that make two names of one."""
    seen = (
        character for character in text if character.isspace() or unicodedata.category(character) not in ("Cf", "Cc")
    )
    return unicodedata.normalize("NFC", " ".join("".join(seen).split()))


def _company_name(text: str) -> str:
    name = one_line(text)
    try:
        organisation_numbers.parse(name)
    except organisation_numbers.OrganisationNumberRefused:
        return name
    # A file tells of a company by its name or its number; nobody's name may be another one's number.
    raise ValidationError(_("Det är ett organisationsnummer. Skriv företagets namn."))


def _address(text: str) -> str:
    address = text.strip()
    if addresses.has_unseen(address):
        raise ValidationError(_("Adressen har tecken som inte syns. Skriv den på nytt."))
    if address and addresses.is_unusual(address):
        raise ValidationError(
            _("Det är ingen e-postadress som går att skicka till. Skriv den så här: namn@exempel.se.")
        )
    return address


def _number(text: str) -> str:
    try:
        return organisation_numbers.parse(text) if text.strip() else ""
    except organisation_numbers.OrganisationNumberRefused as refused:
        raise ValidationError(str(refused)) from refused


def _mobile(text: str) -> str:
    try:
        return numbers.parse(text) if text.strip() else ""
    except numbers.NumberRefused as refused:
        raise ValidationError(str(refused)) from refused


def _values(text: str) -> str:
    from accounts.companies import key_of

    values: dict[str, str] = {}
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_VALUES:
        raise ValidationError(_("Det är för många värden. Skriv högst 100."))
    if any(len(line) > LONGEST_LINE for line in lines):
        raise ValidationError(_("Ett värde är för långt. Skriv högst 480 tecken på varje rad."))
    if any(BETWEEN in line for line in lines):
        raise ValidationError(_("Tecknet | kan inte ingå i ett värde. Skriv ett värde på varje rad."))
    for line in lines:
        if value := one_line(line):
            values.setdefault(key_of(value), value)
    if any(len(key) > LONGEST_KEY for key in values):
        raise ValidationError(_("Ett värde är för långt. Skriv högst 480 tecken på varje rad."))
    return "\n".join(values.values())


class NormalisedModel(models.Model):
    """Texts become what is kept before they are checked, so that forms and files are read alike."""

    tidied: dict[str, Callable[[str], str]] = {}

    # What the history reads of an object that is saved: by whom, and whether to write nothing this time.
    _history_user: Any
    skip_history_when_saving: bool

    class Meta:
        abstract = True

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        exclude, errors = set(exclude or ()), {}
        for name, tidy in self.tidied.items():
            if name in exclude:
                continue
            try:
                setattr(self, name, tidy(getattr(self, name)))
            except ValidationError as error:
                errors[name] = error.error_list
        try:
            super().clean_fields(exclude | set(errors))
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        if errors:
            raise ValidationError(errors)


class Company(NormalisedModel):
    """One external care company.

    Its recipients are two columns, so that there can't be a third however many write at once (security.md H6; the
    manual: "max två e-postadresser"). An address stands here once it counts; until it is confirmed it waits elsewhere.
    """

    name = models.CharField(_("namn"), max_length=200)
    organisation_number = models.CharField(_("organisationsnummer"), max_length=11, unique=True)  # 556677-8899
    # One a line: what the company attribute holds for its staff, or the DN of a unit that they lie in.
    directory_values = models.TextField(_("värden i katalogen"))
    recipient1 = models.EmailField(_("mottagare 1"), max_length=254, blank=True)
    recipient2 = models.EmailField(_("mottagare 2"), max_length=254, blank=True)
    active = models.BooleanField(_("aktivt"), default=True)

    history: Any = HistoricalRecords()

    tidied = {
        "name": _company_name,
        "organisation_number": _number,
        "directory_values": _values,
        "recipient1": _address,
        "recipient2": _address,
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
        from accounts.companies import key_of

        with transaction.atomic():
            super().save(*args, **kwargs)
            wanted = {key_of(value) for value in self.values}
            self.keys.exclude(key__in=wanted).delete()
            missing = wanted - set(self.keys.values_list("key", flat=True))
            DirectoryKey.objects.bulk_create([DirectoryKey(company=self, key=key) for key in sorted(missing)])

    def clean(self) -> None:
        """Two different recipients, the first one first; raises ValidationError for the same one twice."""
        if self.recipient2 and not self.recipient1:
            self.recipient1, self.recipient2 = self.recipient2, ""
        if self.recipient2 and self.recipient1.lower() == self.recipient2.lower():
            raise ValidationError(
                {"recipient2": _("Det är samma adress som mottagare 1. Skriv en annan, eller lämna fältet tomt.")}
            )

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        """Raises ValidationError if another company has its name, number or one of its values, and names that one."""
        from accounts.companies import DirectoryValueConflicts

        conflicts = DirectoryValueConflicts.by_all_but(self).conflicts(self)
        if errors := {name: words for name, words in conflicts.items() if name not in (exclude or ())}:
            raise ValidationError(errors)

    @property
    def recipients(self) -> list[str]:
        """The addresses that the daily mail goes to: none, one or two."""
        return [address for address in (self.recipient1, self.recipient2) if address]

    @property
    def values(self) -> list[str]:
        """The directory's values that mark its staff."""
        return [line.strip() for line in self.directory_values.splitlines() if line.strip()]


class DirectoryKey(models.Model):
    """A directory value as it is compared: no two companies share one, or their staff would belong to both."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="keys")
    key = models.CharField(max_length=500, unique=True)

    def __str__(self) -> str:
        return self.key


class Orderer(NormalisedModel):
    """An authorised orderer (behörig beställare) of one company or several."""

    name = models.CharField(_("namn"), max_length=200)
    email = models.EmailField(_("e-post"), max_length=254)
    mobile = EncryptedTextField(_("mobilnummer"))  # E.164; where her codes go
    companies = models.ManyToManyField(Company, related_name="orderers", verbose_name=_("företag"))
    active = models.BooleanField(_("aktiv"), default=True)

    history: Any = HistoricalRecords(m2m_fields=[companies])

    tidied = {"name": one_line, "email": _address, "mobile": _mobile}

    class Meta:
        verbose_name = _("beställare")
        verbose_name_plural = pgettext_lazy("plural", "beställare")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("email"), name="one_orderer_of_an_address")]

    def __str__(self) -> str:
        return self.name

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        """Raises ValidationError if another orderer has the address, and names that one."""
        other = Orderer.objects.filter(email__iexact=self.email).exclude(pk=self.pk).first()
        if other and "email" not in (exclude or ()):
            words = _("Adressen finns redan hos beställaren %(name)s. Ändra den beställaren i stället.")
            raise ValidationError({"email": ValidationError(words, params={"name": other.name})})


class BouncedAddress(models.Model):
    """An address whose mail came back, or was refused for good. Forgotten when a month has passed without another."""

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
