"""Fields of companies and orderers that are normalised before they are checked, so that forms and files read alike."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from accounts import addresses, numbers, organisation_numbers
from idportal.text import one_line


class NormalisedModel(models.Model):
    """Normalises the fields in ``normalisers`` before validation."""

    normalisers: dict[str, Callable[[str], str]] = {}

    # The history reads these from an object that is saved: its author, and whether to write no row this time.
    _history_user: Any
    skip_history_when_saving: bool

    class Meta:
        abstract = True

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        exclude, errors = set(exclude or ()), {}
        for name, normalise in self.normalisers.items():
            if name in exclude:
                continue
            try:
                setattr(self, name, normalise(getattr(self, name)))
            except ValidationError as error:
                errors[name] = error.error_list
        try:
            super().clean_fields(exclude | set(errors))
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        if errors:
            raise ValidationError(errors)


def company_name(text: str) -> str:
    """A name on one line. Raises ValidationError for an organisation number: a file knows a company by either."""
    name = one_line(text)
    if organisation_numbers.parse_or_blank(name):
        raise ValidationError(_("Det är ett organisationsnummer. Skriv företagets namn."))
    return name


def address(text: str) -> str:
    """An e-mail address. Raises ValidationError for one that no company has; Django's own check follows."""
    plain = text.strip()
    if addresses.has_unseen(plain):
        raise ValidationError(_("Adressen har tecken som inte syns. Skriv den på nytt."))
    if plain and addresses.is_unusual(plain):
        raise ValidationError(
            _("Det är ingen e-postadress som går att skicka till. Skriv den så här: namn@exempel.se.")
        )
    return plain


def organisation_number(text: str) -> str:
    """As 556677-8899, or "". Raises ValidationError."""
    return _parsed(organisation_numbers.parse, text)


def mobile(text: str) -> str:
    """In E.164, or "". Raises ValidationError."""
    return _parsed(numbers.parse, text)


def _parsed(parse: Callable[[str], str], text: str) -> str:
    try:
        return parse(text) if text.strip() else ""
    except (numbers.NumberRefused, organisation_numbers.OrganisationNumberRefused) as refused:
        raise ValidationError(str(refused)) from refused
