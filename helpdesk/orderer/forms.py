"""The shape of what an orderer types. What it means is for the views' verbs to say."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts import numbers
from accounts.addresses import UsualAddressField
from accounts.companies.forms import RecipientFields
from accounts.models.recipients import Recipients
from accounts.passwords.policy import MAX_LENGTH
from idportal.text import one_line

_PLAIN = {"autocapitalize": "none", "autocorrect": "off", "spellcheck": "false"}


_UNREADABLE = _("Det är ingen e-postadress. Skriv den så här: namn@exempel.se.")
_ADDRESS: dict[str, Any] = {
    "required": False,
    "max_length": 254,
    "widget": forms.EmailInput(attrs={**_PLAIN, "autocomplete": "off"}),
    "error_messages": {
        "invalid": _UNREADABLE,
        "null_characters_not_allowed": _UNREADABLE,
        "max_length": _("Adressen är för lång. Skriv högst 254 tecken."),
    },
}


class PhoneTicketForm(forms.Form):
    """Koppla nytt mobil nr: for whom, and which number, in any way that people write one; cleaned to E.164."""

    username = forms.CharField(
        label=_("Användarnamn"),
        max_length=MAX_LENGTH,
        widget=forms.TextInput(attrs=_PLAIN),
        error_messages={
            "required": _("Skriv den anställdas användarnamn, till exempel lovstlin32."),
            "max_length": _("Det är för långt för ett användarnamn. Skriv till exempel lovstlin32."),
            "null_characters_not_allowed": _("Skriv användarnamnet med bokstäver och siffror."),
        },
    )
    name = forms.CharField(
        label=_("Namn"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={
            "max_length": _("Namnet är för långt. Skriv högst 200 tecken."),
            "null_characters_not_allowed": _("Skriv namnet med bokstäver."),
        },
    )
    phone = forms.CharField(
        label=_("Nytt mobilnummer"),
        max_length=40,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
        error_messages={
            "required": _("Skriv det nya mobilnumret, till exempel 070-174 06 05."),
            "max_length": _("Det är för långt för ett mobilnummer. Skriv till exempel 070-174 06 05."),
            "null_characters_not_allowed": _("Skriv numret med siffror, till exempel 070-174 06 05."),
        },
    )

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])

    def clean_phone(self) -> str:
        try:
            return numbers.parse(self.cleaned_data["phone"])
        except numbers.NumberRefused as refusal:
            raise forms.ValidationError(str(refusal), code="refused") from refusal


class RecipientsForm(RecipientFields):
    """Ändring av e-postmottagare: all addresses that are to count, at least one (manual-sv.md, "Support")."""

    def __init__(self, *args: Any, now: Recipients | None = None, **kwargs: Any) -> None:
        """``now``: the present recipients; None while a change waits, so that these can be asked for again."""
        super().__init__(*args, **kwargs)
        self.now = now

    def recipient_field(self, number: int) -> UsualAddressField:
        return UsualAddressField(label=_("Mottagare %(number)d") % {"number": number}, **_ADDRESS)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if self.errors:
            return data
        if not data["recipients"]:
            self.add_error("recipient1", _("Skriv minst en e-postadress."))
        elif data["recipients"] == self.now:
            self.add_error(
                "recipient1", _("Mejlen går redan till den eller dem. Ändra en adress, om någon annan ska få mejlen.")
            )
        return data
