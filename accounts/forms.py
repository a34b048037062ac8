"""The shape of what people type. What it means is for the verbs to say."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.fields import VERBATIM, CodeField, NewPasswordField, PhoneField, UsernameField, with_digits
from accounts.limits import LONGEST_PASSWORD


class UsernameForm(forms.Form):
    """User name or e-mail address."""

    username = UsernameField(
        label=_("Användarnamn"),
        missing=_("Skriv ditt användarnamn, till exempel lovstlin32."),
        autocomplete="username",
    )


class LoginForm(UsernameForm):
    """User name and current password. The password goes on exactly as typed."""

    password = forms.CharField(
        label=_("Lösenord"),
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={
            "required": _("Skriv ditt nuvarande lösenord."),
            "max_length": _("Lösenordet är längre än vad som kan tas emot."),
            "null_characters_not_allowed": _("Lösenordet innehåller ett tecken som inte går att använda."),
        },
    )

    def refuse(self) -> None:
        """One sentence for every reason: wrong, unknown, locked, protected, or stopped before a lock-out."""
        self.add_error(
            None,
            _(
                "Fel användarnamn eller lösenord. Efter flera fel kan kontot också vara låst en stund. "
                "Vänta 30 minuter och försök igen, eller byt lösenord med en kod på sidan Återställa/byta lösenord."
            ),
        )


class PhoneForm(forms.Form):
    """A mobile number."""

    phone = PhoneField(
        label=_("Mobilnummer"), missing=_("Skriv ditt mobilnummer, till exempel 070-174 06 05."), autocomplete="tel"
    )


class CodeForm(forms.Form):
    """The code of an SMS."""

    code = CodeField(
        label=_("Säkerhetskod"),
        missing=with_digits(lambda: gettext("Skriv koden med %s siffror från ditt SMS."), "CODE_DIGITS"),
        autocomplete="one-time-code",
    )

    def refuse(self) -> None:
        """One sentence for every reason: wrong, too old, tried too often, spent, or never sent."""
        self.add_error("code", _("Koden stämmer inte eller har gått ut. Kontrollera siffrorna, eller be om en ny kod."))


_EITHER_LENGTH = with_digits(
    lambda: gettext("Koden i appen har %s siffror, en återställningskod har %s."),
    *("APP_CODE_DIGITS", "RECOVERY_CODE_DIGITS"),
)


class FactorForm(forms.Form):
    """A code of an authenticator app, or a recovery code. Text that is no code counts as a wrong code."""

    code = forms.CharField(
        label=_("Kod"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "pattern": "[0-9 \\-]*", **VERBATIM}
        ),
        error_messages={
            "required": with_digits(lambda: gettext("Skriv koden med %s siffror från din app."), "APP_CODE_DIGITS"),
            "max_length": _EITHER_LENGTH,
            "null_characters_not_allowed": _EITHER_LENGTH,
        },
    )

    def refuse(self) -> None:
        """One sentence for every reason: wrong, used already, or too soon after a wrong one."""
        self.add_error("code", _("Koden stämmer inte. Vänta tills appen visar nästa kod, och skriv den."))


class NewPasswordForm(forms.Form):
    """A new password, twice, taken verbatim."""

    new_password1 = NewPasswordField(label=_("Nytt lösenord"))
    new_password2 = NewPasswordField(label=_("Nytt lösenord en gång till"))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        first, second = data.get("new_password1", ""), data.get("new_password2", "")
        if not first and not self.errors:
            self.add_error("new_password1", _("Skriv ett nytt lösenord."))
        elif first and first != second and not self.errors:
            self.add_error("new_password2", _("De två lösenorden är inte lika. Skriv samma lösenord på båda raderna."))
        return data
