"""External companies, their directory values and the recipients of their daily mail; and authorised orderers."""

import re
from collections.abc import Callable, Collection, Iterable
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

from accounts.directory import Account, folded, normal_unit, units_of
from accounts.models import numbers
from accounts.models.recipients import RECIPIENT_COLUMNS, HasRecipients, Recipients, has_unseen, is_unusual
from accounts.privacy.encryption import EncryptedTextField
from idportal.text import one_line, short

LONGEST_KEY = 500  # characters, of a directory value
LONGEST_LINE = 2000  # characters: normalising a longer line takes too long
MOST_VALUES = 100  # directory values of one company
BETWEEN = "|"  # parts the directory values in one cell of a file, so no value can hold it

_UNIT = re.compile(r"(ou|cn|o|dc)\s*=.+,\s*(ou|cn|o|dc)\s*=", re.IGNORECASE)


def is_unit(value: str) -> bool:
    """Whether a directory value is the DN of a unit. Any other value stands in the company attribute."""
    return _UNIT.match(value) is not None


def key_of(value: str) -> str:
    """The same text for directory values that a directory takes for equal."""
    return f"unit {normal_unit(value)}" if is_unit(value) else f"value {folded(value)}"


def normalise_values(text: str) -> str:
    """Directory values, one a line, each once. Raises ValidationError."""
    too_long = ValidationError(
        gettext("Ett värde är för långt. Skriv högst %(count)d tecken på varje rad.") % {"count": LONGEST_LINE}
    )
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_VALUES:
        raise ValidationError(gettext("Det är för många värden. Skriv högst %(count)d.") % {"count": MOST_VALUES})
    if any(len(line) > LONGEST_LINE for line in lines):
        raise too_long
    if any(BETWEEN in line for line in lines):
        raise ValidationError(gettext("Tecknet | kan inte ingå i ett värde. Skriv ett värde på varje rad."))
    values: dict[str, str] = {}
    for line in lines:
        if value := one_line(line):
            values.setdefault(key_of(value), value)
    if any(len(key) > LONGEST_KEY for key in values):
        raise too_long
    return "\n".join(values.values())


class NormalisedModel(models.Model):
    """Normalises the fields in ``normalisers`` before validation, so that forms and files read alike."""

    normalisers: dict[str, Callable[[str], str]] = {}

    # The history reads these from an object that is saved: its author, and whether to write no row this time.
    _history_user: Any
    skip_history_when_saving: bool

    class Meta:
        abstract = True

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        exclude, errors = set(exclude or ()), {}
        for name, normalise in self.normalisers.items():
            try:
                if name not in exclude:
                    text = getattr(self, name).strip()
                    setattr(self, name, normalise(text) if text else "")
            except ValidationError as error:
                errors[name] = error.error_list
        try:
            super().clean_fields(exclude | set(errors))
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        if errors:
            raise ValidationError(errors)


def _company_name(text: str) -> str:
    """A name on one line. Raises ValidationError for an organisation number: a file knows a company by either."""
    name = one_line(text)
    if numbers.organisation_number_or_blank(name):
        raise ValidationError(gettext("Det är ett organisationsnummer. Skriv företagets namn."))
    return name


def _address(text: str) -> str:
    """An e-mail address. Raises ValidationError for one that no company has; Django's own check follows."""
    if has_unseen(text):
        raise ValidationError(gettext("Adressen har tecken som inte syns. Skriv den på nytt."))
    if is_unusual(text):
        words = gettext("Det är ingen e-postadress som går att skicka till. Skriv den så här: namn@exempel.se.")
        raise ValidationError(words)
    return text


class CompanyQuerySet(models.QuerySet["Company"]):
    def without_recipients(self) -> Self:
        return self.filter(recipient1="")  # the first one comes first

    def with_recipient(self, address: str) -> Self:
        """Companies whose daily mail goes to the address. Case makes no difference."""
        theirs = (Q(**{f"{column}__iexact": address}) for column in RECIPIENT_COLUMNS)
        return self.filter(reduce(or_, theirs))

    def with_bounces(self) -> models.QuerySet[Any]:
        """Adds ``bounces``: whether mail to one of the recipients came back."""
        theirs = (Q(address=Lower(OuterRef(column))) for column in RECIPIENT_COLUMNS)
        return self.annotate(bounces=Exists(BouncedAddress.objects.filter(reduce(or_, theirs))))


class Company(HasRecipients, NormalisedModel):
    """One external care company. An address not confirmed yet waits with its ticket, and is no recipient (H6)."""

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
        "name": _company_name,
        "organisation_number": numbers.parse_organisation_number,
        "directory_values": normalise_values,
        **dict.fromkeys(RECIPIENT_COLUMNS, _address),
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
        return [line.strip() for line in self.directory_values.splitlines() if line.strip()]


_TAKEN = {
    "name": _("Namnet finns redan: %(owner)s. Skriv ett annat, eller ändra det företaget i stället."),
    "organisation_number": _("Organisationsnumret finns redan hos %(owner)s. Ändra det företaget i stället."),
    "directory_values": _("”%(value)s” hör redan till %(owner)s. Ta bort värdet där först, eller skriv ett annat."),
}


class CompanyConflicts:
    """The names, organisation numbers and directory values of some companies, with their owners. A snapshot."""

    def __init__(self, companies: Iterable[Company]) -> None:
        self._owners: dict[tuple[str, str], str] = {}
        for company in companies:
            self.add(company)

    def add(self, company: Company, owner: str = "") -> None:
        """Adds a company; ``owner``: its name in messages, if not its own."""
        self._owners |= dict.fromkeys(self._claims(company), short(owner or company.name))

    def of_company(self, company: Company) -> dict[str, str]:
        """What the company can't have, by field: a message that names the owner."""
        found = {}
        for (name, key), value in self._claims(company).items():
            if owner := self._owners.get((name, key)):
                found[name] = str(_TAKEN[name] % {"owner": owner, "value": short(value)})
        return found

    @staticmethod
    def _claims(company: Company) -> dict[tuple[str, str], str]:
        """The values that no other company may have, by field and by what is compared."""
        number = company.organisation_number
        single = {("name", company.name.casefold()): company.name, ("organisation_number", number): number}
        return single | {("directory_values", key_of(value)): value for value in company.values}


class DirectoryKey(models.Model):
    """A directory value as it is compared. No two companies share one, or an account would belong to both."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="keys")
    key = models.CharField(max_length=500, unique=True)

    def __str__(self) -> str:
        return self.key


class CompanyMatcher:
    """Matches accounts to companies. Reads all companies when it is made: a snapshot."""

    def __init__(self) -> None:
        self._companies = {company.pk: company for company in Company.objects.all()}
        # A company that was added since has keys here, and is none of those that were read.
        keys = DirectoryKey.objects.values_list("key", "company_id")
        self._keys = {key: company_id for key, company_id in keys if company_id in self._companies}
        self._units = any(key.startswith("unit ") for key in self._keys)

    def company_of(self, account: Account) -> Company | None:
        """The company, active or not. The account's innermost unit comes first, its company attribute last."""
        keys = [f"unit {each}" for each in units_of(account.unit)] if self._units else []
        if account.company:
            keys.append(f"value {folded(account.company)}")
        return next((self._companies[self._keys[key]] for key in keys if key in self._keys), None)


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


class Orderer(NormalisedModel):
    """An authorised orderer (behörig beställare) of one company or several."""

    name = models.CharField(_("namn"), max_length=200)
    email = models.EmailField(_("e-post"), max_length=254)
    mobile = EncryptedTextField(_("mobilnummer"), bound_to=["email"])  # E.164; where the codes go
    companies = models.ManyToManyField(Company, related_name="orderers", verbose_name=_("företag"))
    active = models.BooleanField(_("aktiv"), default=True)
    # Until then the contact details are too new to verify anybody (security.md H9). None: they count.
    waits_until = models.DateTimeField(null=True, editable=False)

    history: Any = HistoricalRecords(m2m_fields=[companies], excluded_fields=["waits_until"])

    normalisers = {"name": one_line, "email": _address, "mobile": numbers.parse}

    class Meta:
        verbose_name = _("beställare")
        verbose_name_plural = pgettext_lazy("plural", "beställare")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("email"), name="one_orderer_of_an_address")]

    def __str__(self) -> str:
        return self.name

    @property
    def waiting(self) -> bool:
        """Whether the contact details changed so lately that they verify nobody yet."""
        return self.waits_until is not None and timezone.now() < self.waits_until

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        """Raises ValidationError if another orderer has the address, and names that one."""
        other = Orderer.objects.filter(email__iexact=self.email).exclude(pk=self.pk).first()
        if other and "email" not in (exclude or ()):
            words = gettext("Adressen finns redan hos beställaren %(name)s. Ändra den beställaren i stället.")
            raise ValidationError({"email": ValidationError(words, params={"name": other.name})})
