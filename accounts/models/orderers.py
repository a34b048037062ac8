"""Authorised orderers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords

from accounts.encryption import EncryptedTextField
from accounts.models import normalised
from accounts.models.companies import Company
from idportal.text import one_line


class Orderer(normalised.NormalisedModel):
    """An authorised orderer (behörig beställare) of one company or several."""

    name = models.CharField(_("namn"), max_length=200)
    email = models.EmailField(_("e-post"), max_length=254)
    mobile = EncryptedTextField(_("mobilnummer"))  # E.164; where the codes go
    companies = models.ManyToManyField(Company, related_name="orderers", verbose_name=_("företag"))
    active = models.BooleanField(_("aktiv"), default=True)

    history: Any = HistoricalRecords(m2m_fields=[companies])

    normalisers = {"name": one_line, "email": normalised.address, "mobile": normalised.mobile}

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
