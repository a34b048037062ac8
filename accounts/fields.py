"""The form fields of the portal, each with its widget and its messages: user name, name, telephone, address, code.

``missing`` is the message of a required field that is empty; a field without it may stay empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.humanize.templatetags.humanize import apnumber
from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import addresses, codes, limits, numbers
from idportal.text import one_line

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise  # of the stubs alone

VERBATIM: dict[str, str] = {"autocapitalize": "none", "autocorrect": "off", "spellcheck": "false"}


def with_digits(sentence: Callable[[], str], *counts: str) -> str:
    """The sentence with these limits in it, as they are when it is shown."""
    return lazy(lambda: sentence() % tuple(apnumber(getattr(limits, name)) for name in counts), str)()


_CODE_LENGTH = with_digits(lambda: gettext("Koden har %s siffror."), "CODE_DIGITS")


class _TextField(forms.CharField):
    """What the fields share. Each says in its class how long it may be, and what its messages are."""

    longest: int
    attributes: dict[str, str] = VERBATIM

    def __init__(
        self,
        *,
        label: _StrPromise | str,
        missing: _StrPromise | str | None = None,
        autocomplete: str = "off",
        widget: type[forms.Widget] | None = None,
    ) -> None:
        super().__init__(
            label=label,
            required=missing is not None,
            max_length=self.longest,
            widget=(widget or self.widget)(attrs={**self.attributes, "autocomplete": autocomplete}),
            error_messages={} if missing is None else {"required": missing},
        )


class UsernameField(_TextField):
    """A user name, or an e-mail address in its place."""

    longest = limits.LONGEST_USERNAME
    default_error_messages = {
        "max_length": _("Det är för långt för ett användarnamn. Skriv till exempel lovstlin32."),
        "null_characters_not_allowed": _("Skriv användarnamnet med bokstäver och siffror."),
    }


class NameField(_TextField):
    """The name of a person or a company; cleaned to one line without invisible characters."""

    longest = limits.LONGEST_NAME
    attributes = {"spellcheck": "false"}
    default_error_messages = {
        "max_length": _("Namnet är för långt. Skriv högst 200 tecken."),
        "null_characters_not_allowed": _("Skriv namnet med bokstäver."),
    }

    def clean(self, value: Any) -> str:
        return one_line(super().clean(value))


class PhoneField(_TextField):
    """A mobile number, in any way that people write one; cleaned to E.164."""

    longest = limits.LONGEST_NUMBER
    attributes = {"type": "tel", "inputmode": "tel"}
    default_error_messages = {
        "max_length": _("Det är för långt för ett mobilnummer. Skriv till exempel 070-174 06 05."),
        "null_characters_not_allowed": _("Skriv numret med siffror, till exempel 070-174 06 05."),
    }

    def clean(self, value: Any) -> str:
        return numbers.parse(super().clean(value))


class AddressField(_TextField):
    """A mail address of the form name@domain, as a company may have (``addresses.usual``)."""

    longest = limits.LONGEST_ADDRESS
    widget = forms.EmailInput
    default_validators = [addresses.usual]
    default_error_messages = {
        "invalid": _("Det är ingen e-postadress. Skriv den så här: namn@exempel.se."),
        "null_characters_not_allowed": _("Det är ingen e-postadress. Skriv den så här: namn@exempel.se."),
        "max_length": _("Adressen är för lång. Skriv högst 254 tecken."),
    }


class NewPasswordField(forms.CharField):
    """A new password, taken verbatim; the policy judges it."""

    def __init__(self, *, label: _StrPromise) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        super().__init__(label=label, strip=False, required=False, widget=widget)


class CodeField(_TextField):
    """The code of an SMS, in groups, with dashes or full-width too; cleaned to its digits.

    A text without the shape of a code is refused here and counts as no try: it guesses at nothing.
    """

    longest = 20
    attributes = {**VERBATIM, "inputmode": "numeric"}
    default_error_messages = dict.fromkeys(("max_length", "null_characters_not_allowed"), _CODE_LENGTH)

    def clean(self, value: Any) -> str:
        code = codes.plain(super().clean(value))
        if not re.fullmatch(rf"[0-9]{{{limits.CODE_DIGITS}}}", code):
            raise forms.ValidationError(_CODE_LENGTH)
        return code
