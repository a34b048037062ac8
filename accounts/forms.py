"""The shape of what people type. What it means is for the verbs to say."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.humanize.templatetags.humanize import apnumber
from django.core.validators import RegexValidator
from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import limits, numbers
from accounts.codes import texts
from accounts.passwords.policy import MAX_LENGTH

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise  # of the stubs alone


def with_digits(sentence: Callable[[], str], *counts: str) -> str:
    """The sentence with these limits in it, as they are when it is shown."""
    return lazy(lambda: sentence() % tuple(apnumber(getattr(limits, name)) for name in counts), str)()


CODE_LENGTH = with_digits(lambda: gettext("Koden har %s siffror."), "CODE_DIGITS")
_EITHER_LENGTH = with_digits(
    lambda: gettext("Koden i appen har %s siffror, en återställningskod har %s."),
    *("APP_CODE_DIGITS", "RECOVERY_CODE_DIGITS"),
)

_PLAIN = {"autocapitalize": "none", "autocorrect": "off", "spellcheck": "false"}


class NameForm(forms.Form):
    """User name or e-mail address."""

    username = forms.CharField(
        label=_("Användarnamn"),
        max_length=MAX_LENGTH,
        widget=forms.TextInput(attrs={**_PLAIN, "autocomplete": "username"}),
        error_messages={
            "required": _("Skriv ditt användarnamn, till exempel lovstlin32."),
            "max_length": _("Det är för långt för ett användarnamn. Skriv till exempel lovstlin32."),
            "null_characters_not_allowed": _("Skriv ditt användarnamn med bokstäver och siffror."),
        },
    )


class LoginForm(NameForm):
    """User name and current password. The password goes on exactly as typed."""

    password = forms.CharField(
        label=_("Lösenord"),
        strip=False,
        max_length=MAX_LENGTH,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={
            "required": _("Skriv ditt nuvarande lösenord."),
            "max_length": _("Lösenordet är längre än vad som kan tas emot."),
            "null_characters_not_allowed": _("Lösenordet innehåller ett tecken som inte går att använda."),
        },
    )


class PhoneForm(forms.Form):
    """A mobile number, in any way that people write one; cleaned to E.164."""

    phone = forms.CharField(
        label=_("Mobilnummer"),
        max_length=40,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
        error_messages={
            "required": _("Skriv ditt mobilnummer, till exempel 070-174 06 05."),
            "max_length": _("Det är för långt för ett mobilnummer. Skriv till exempel 070-174 06 05."),
            "null_characters_not_allowed": _("Skriv numret med siffror, till exempel 070-174 06 05."),
        },
    )

    def clean_phone(self) -> str:
        try:
            return numbers.parse(self.cleaned_data["phone"])
        except numbers.NumberRefused as refusal:
            raise forms.ValidationError(str(refusal), code="refused") from refusal


class CodeField(forms.CharField):
    """The code of an SMS, in groups, with dashes or full-width too; cleaned to its digits.

    What can't be a code is told to be none, and counts as no try: it guesses at nothing.
    """

    _shape = RegexValidator(rf"\A[0-9]{{{limits.CODE_DIGITS}}}\Z", CODE_LENGTH)

    def __init__(self, *, label: _StrPromise, missing: str, widget: forms.TextInput) -> None:
        errors = {"required": missing, "max_length": CODE_LENGTH, "null_characters_not_allowed": CODE_LENGTH}
        super().__init__(label=label, max_length=20, widget=widget, error_messages=errors)

    def clean(self, value: Any) -> str:
        code = texts.plain(super().clean(value))
        self._shape(code)
        return code


class CodeForm(forms.Form):
    """The code of an SMS."""

    code = CodeField(
        label=_("Säkerhetskod"),
        missing=with_digits(lambda: gettext("Skriv koden med %s siffror från ditt SMS."), "CODE_DIGITS"),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", **_PLAIN}),
    )


class FactorForm(forms.Form):
    """A code of an authenticator app, or for recovery. Whatever is no code is a wrong one, and counts as such."""

    code = forms.CharField(
        label=_("Kod"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "pattern": "[0-9 \\-]*", **_PLAIN}
        ),
        error_messages={
            "required": with_digits(lambda: gettext("Skriv koden med %s siffror från din app."), "APP_CODE_DIGITS"),
            "max_length": _EITHER_LENGTH,
            "null_characters_not_allowed": _EITHER_LENGTH,
        },
    )


class NewPasswordForm(forms.Form):
    """A new password, twice, taken verbatim."""

    new_password1 = forms.CharField(
        label=_("Nytt lösenord"),
        strip=False,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    new_password2 = forms.CharField(
        label=_("Nytt lösenord en gång till"),
        strip=False,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        first, second = data.get("new_password1", ""), data.get("new_password2", "")
        if not first and not self.errors:
            self.add_error("new_password1", _("Skriv ett nytt lösenord."))
        elif first and first != second and not self.errors:
            self.add_error("new_password2", _("De två lösenorden är inte lika. Skriv samma lösenord på båda raderna."))
        return data
