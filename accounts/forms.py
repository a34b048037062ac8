"""The forms that people fill in, and their fields with widgets and messages. What the input means is decided elsewhere.

``missing`` is the message of a required field that is empty; a field without it may stay empty.
"""

import re
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib.humanize.templatetags.humanize import apnumber
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import codes, limits
from accounts.models import numbers
from accounts.models.recipients import usual
from idportal.text import one_line
from idportal.web.identity.look import with_example

VERBATIM: dict[str, str] = {"autocapitalize": "none", "autocorrect": "off", "spellcheck": "false"}


def with_digits(sentence: Callable[[], str], *counts: str) -> str:
    """The sentence with these limits in it, as they are when it is shown."""
    return lazy(lambda: sentence() % tuple(apnumber(getattr(limits, name)) for name in counts), str)()


_CODE_LENGTH = with_digits(lambda: gettext("Koden har %s siffror."), "CODE_DIGITS")


class _TextField(forms.CharField):
    """What the fields share. Each says in its class how long it may be, and what its messages are."""

    longest: int
    attributes: dict[str, str] = VERBATIM

    def __init__(self, *, missing: Any = None, autocomplete: str = "off", **kwargs: Any) -> None:
        kind: Any = kwargs.pop("widget", self.widget)
        kwargs["widget"] = kind(attrs={**self.attributes, "autocomplete": autocomplete})
        messages = {"required": missing} if missing else {}
        super().__init__(required=bool(missing), max_length=self.longest, error_messages=messages, **kwargs)


class UsernameField(_TextField):
    """A user name, or an e-mail address in its place."""

    longest = limits.LONGEST_USERNAME
    default_error_messages = {
        "max_length": with_example(_("Användarnamnet är för långt. Det ser ut så här: {username}.")),
        "null_characters_not_allowed": _("Skriv användarnamnet med bokstäver och siffror."),
    }


class NameField(_TextField):
    """The name of a person or a company; cleaned to one line without invisible characters."""

    longest = limits.LONGEST_NAME
    attributes = {"spellcheck": "false"}
    default_error_messages = {
        "max_length": _("Namnet är för långt. Skriv högst %(limit_value)d tecken."),
        "null_characters_not_allowed": _("Skriv namnet med bokstäver."),
    }

    def clean(self, value: Any) -> str:
        return one_line(super().clean(value))


class PhoneField(_TextField):
    """A mobile number, in any way that people write one; cleaned to E.164."""

    longest = limits.LONGEST_NUMBER
    attributes = {"type": "tel", "inputmode": "tel"}
    default_error_messages = {
        "max_length": _("Mobilnumret är för långt. Det ska se ut så här: 070-174 06 05."),
        "null_characters_not_allowed": _("Skriv numret med siffror, till exempel 070-174 06 05."),
    }

    def clean(self, value: Any) -> str:
        return numbers.parse(super().clean(value))


class AddressField(_TextField):
    """A mail address of the form name@domain, as a company may have (``recipients.usual``)."""

    longest = limits.LONGEST_ADDRESS
    widget = forms.EmailInput
    default_validators = [usual]
    default_error_messages = {
        "invalid": _("Det är ingen e-postadress. Skriv den så här: namn@exempel.se."),
        "null_characters_not_allowed": _("Det är ingen e-postadress. Skriv den så här: namn@exempel.se."),
        "max_length": _("Adressen är för lång. Skriv högst %(limit_value)d tecken."),
    }


class NewPasswordField(forms.CharField):
    """A new password, taken verbatim; the policy judges it."""

    def __init__(self, **options: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        super().__init__(strip=False, required=False, widget=widget, **options)


class CodeField(_TextField):
    """The code of an SMS, in any way of writing; cleaned to its digits. No shape of a code: refused, and no try."""

    longest = 20
    attributes = {**VERBATIM, "inputmode": "numeric"}
    default_error_messages = dict.fromkeys(("max_length", "null_characters_not_allowed"), _CODE_LENGTH)

    def clean(self, value: Any) -> str:
        code = codes.plain(super().clean(value))
        if not re.fullmatch(rf"[0-9]{{{limits.CODE_DIGITS}}}", code):
            raise forms.ValidationError(_CODE_LENGTH)
        return code


class UsernameForm(forms.Form):
    username = UsernameField(
        label=_("Användarnamn"),
        missing=with_example(_("Skriv ditt användarnamn, till exempel {username}.")),
        autocomplete="username",
    )


class LoginForm(UsernameForm):
    """User name and current password. The password goes on exactly as typed."""

    password = forms.CharField(
        label=_("Lösenord"),
        strip=False,
        max_length=limits.LONGEST_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={
            "required": _("Skriv ditt nuvarande lösenord."),
            "max_length": _("Lösenordet är längre än vad som kan tas emot."),
            "null_characters_not_allowed": _("Lösenordet innehåller ett tecken som inte går att använda."),
        },
    )

    def refuse(self, wait: str, reset_url: str = "") -> None:
        """The same words for every reason: wrong, unknown, locked, protected, or stopped before a lock-out.

        ``wait``: how long a lock-out lasts; ``reset_url``: where a new password unlocks the account at once; "" for
        staff, who are told no more of an expired password.
        """
        words = (
            _(
                "Fel användarnamn eller lösenord. Efter flera felaktiga försök kan kontot vara låst. "
                'Vänta {wait} eller <a href="{url}">välj nytt lösenord</a>.'
            )
            if reset_url
            else _(
                "Fel användarnamn eller lösenord. Efter flera felaktiga försök kan kontot vara låst. "
                "Vänta {wait} och försök igen. Har lösenordet gått ut? Byt det på din arbetsdator, så som du brukar, "
                "och logga sedan in här."
            )
        )
        self.add_error(None, format_html(str(words), wait=wait, url=reset_url))


class PhoneForm(forms.Form):
    phone = PhoneField(
        label=_("Mobilnummer"), missing=_("Skriv ditt mobilnummer, till exempel 070-174 06 05."), autocomplete="tel"
    )


class CodeForm(forms.Form):
    code = CodeField(
        label=_("Säkerhetskod"),
        missing=with_digits(lambda: gettext("Skriv koden med %s siffror från ditt sms."), "CODE_DIGITS"),
        autocomplete="one-time-code",
    )

    def refuse(self) -> None:
        """One sentence for every reason: wrong, too old, tried too often, spent, or never sent."""
        self.add_error("code", _("Koden stämmer inte eller har gått ut. Kontrollera siffrorna, eller be om en ny kod."))


_EITHER_LENGTH = with_digits(
    lambda: gettext("Koden i appen har %s siffror, en återställningskod har %s."),
    *("APP_CODE_DIGITS", "RECOVERY_CODE_DIGITS"),
)


def _factor_code(label: Any, **how: Any) -> forms.CharField:
    """A code of an authenticator app, or a recovery code. Text that is no code counts as a wrong code."""
    attributes = {"autocomplete": "one-time-code", "inputmode": "numeric", "pattern": "[0-9 \\-]*", **VERBATIM}
    messages = {
        "required": with_digits(lambda: gettext("Skriv koden med %s siffror från din app."), "APP_CODE_DIGITS"),
        "max_length": _EITHER_LENGTH,
        "null_characters_not_allowed": _EITHER_LENGTH,
    }
    return forms.CharField(
        label=label, max_length=40, widget=forms.TextInput(attrs=attributes), error_messages=messages, **how
    )


class FactorForm(forms.Form):
    """A code, or the answer of a passkey in its place."""

    code = _factor_code(_("Kod"))

    def __init__(self, data: Any = None, **how: Any) -> None:
        super().__init__(data, **how)
        self.fields["code"].required = not (data and data.get("passkey"))

    def refuse(self) -> None:
        """One sentence for every reason: wrong, used already, or too soon after a wrong one."""
        self.add_error("code", _("Koden stämmer inte. Vänta tills appen visar nästa kod, och skriv den."))

    def refuse_passkey(self) -> None:
        self.add_error(None, _("Passkeyn godtogs inte. Försök igen, eller använd en annan."))


class ProofForm(FactorForm):
    """The second factor once more, beside another form: so it has a name and ids of its own (A3)."""

    prefix = "factor"

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="factor-%s")
        self.fields["code"].required = False  # the verb decides


class PasskeyForm(forms.Form):
    """A new passkey, which the browser adds."""

    name = NameField(label=_("Vad ska den heta?"), missing=_("Skriv vad passkeyn ska heta, till exempel Telefonen."))

    def refuse(self) -> None:
        self.add_error(
            None, _("Passkeyn gick inte att spara. Försök igen, eller använd en annan telefon eller nyckel.")
        )


class NewPasswordForm(forms.Form):
    new_password1 = NewPasswordField(label=_("Nytt lösenord"), help_text=_("Så ska lösenordet vara:"))
    new_password2 = NewPasswordField(label=_("Nytt lösenord en gång till"))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        first, second = data.get("new_password1", ""), data.get("new_password2", "")
        if not first and not self.errors:
            self.add_error("new_password1", _("Skriv ett nytt lösenord."))
        elif first and first != second and not self.errors:
            self.add_error("new_password2", _("Lösenorden stämmer inte överens. Skriv samma lösenord på båda raderna."))
        return data
