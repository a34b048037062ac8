"""The forms of an orderer: the code by mail, and the tickets."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import limits
from accounts.companies.forms import RecipientFields
from accounts.forms import AddressField, CodeField, NameField, PhoneField, UsernameField, with_digits
from accounts.models import Company, Orderer
from accounts.models.recipients import Recipients
from helpdesk.models import Ticket
from helpdesk.orderer import employees
from helpdesk.orderer.employees import Employee
from helpdesk.tickets.creating import TicketDetails
from idportal.web.identity.look import with_example


class MailedCodeForm(forms.Form):
    code = CodeField(
        label=_("Kod från mejlet"),
        missing=with_digits(lambda: gettext("Skriv koden med %s siffror från mejlet."), "CODE_DIGITS"),
        autocomplete="one-time-code",
    )

    def refuse(self) -> None:
        """One sentence for every reason: wrong, too old, tried too often, used, or never sent."""
        words = _("Koden stämmer inte eller har gått ut. Kontrollera siffrorna, eller be om ett nytt mejl.")
        self.add_error("code", words)


class OwnCompanyForm(forms.Form):
    """Refuses a form that was opened for another company, before the orderer chose this one in another tab."""

    def __init__(self, *args: Any, company: Company, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.company = company

    def clean(self) -> dict[str, Any]:
        if self.data.get("company", str(self.company.pk)) != str(self.company.pk):
            words = _("Du har bytt företag i en annan flik. Nu gäller det %(company)s. Kontrollera det du har skrivit.")
            raise forms.ValidationError(words, params={"company": self.company.name})
        return super().clean() or self.cleaned_data


class PhoneTicketForm(OwnCompanyForm):
    """Koppla nytt mobil nr: for which of the ``listed`` employees, and which number. Cleans the number to E.164."""

    username = UsernameField(
        label=_("Användarnamn"),
        missing=with_example(_("Skriv medarbetarens användarnamn, till exempel {username}.")),
    )
    name = NameField(label=_("Namn"))
    phone = PhoneField(label=_("Nytt mobilnummer"), missing=_("Skriv det nya mobilnumret, till exempel 070-174 06 05."))

    def __init__(self, *args: Any, listed: Sequence[Employee], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.listed = listed
        self.employee: Employee | None = None

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if self.errors:
            return data
        employee = employees.find(self.company, self.listed, data["username"])
        if employee is None:
            # One sentence for an unknown, a protected and another company's account (H5).
            not_found = _(
                "Vi hittar inte kontot hos ert företag. Kontrollera stavningen, eller välj medarbetaren "
                "i Våra medarbetare."
            )
            self.add_error("username", not_found)
        elif employee.disabled:
            disabled = gettext(
                "Kontot är avstängt, så ett nytt nummer hjälper inte. Mejla kommunens helpdesk, %(email)s, "
                "och fråga varför det är avstängt."
            )
            self.add_error("username", disabled % {"email": settings.HELPDESK_EMAIL})
        self.employee = employee
        return data

    def details(self, orderer: Orderer, employee: Employee) -> TicketDetails:
        """The ticket's details, of a valid form."""
        return TicketDetails(
            Ticket.Kind.PHONE,
            company=self.company,
            orderer=orderer,
            employee_name=self.cleaned_data["name"] or employee.name,
            employee_username=employee.username,
            account=employee.id,
            new_number=self.cleaned_data["phone"],
        )


class AnswerForm(OwnCompanyForm):
    """The answer to the helpdesk's question about a ticket."""

    text = forms.CharField(
        label=_("Ditt svar"),
        max_length=limits.LONGEST_QUESTION,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": _("Skriv ditt svar."),
            "max_length": _("Skriv högst %(limit_value)d tecken."),
            "null_characters_not_allowed": _("Texten innehåller ett tecken som inte går att använda."),
        },
    )


class RecipientsForm(RecipientFields, OwnCompanyForm):
    """Ändring av e-postmottagare: all addresses that are to count, at least one (manual-sv.md, "Support")."""

    def __init__(self, *args: Any, now: Recipients | None = None, **kwargs: Any) -> None:
        """``now``: the recipients of today. None while others are waiting to confirm: then these may be sent too."""
        super().__init__(*args, **kwargs)
        self.now = now

    def recipient_field(self, number: int) -> AddressField:
        return AddressField(label=_("Mottagare %(number)d") % {"number": number})

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if self.errors:
            return data
        if not data["recipients"]:
            self.add_error("recipient1", _("Skriv minst en e-postadress."))
        elif data["recipients"] == self.now:
            self.add_error(
                "recipient1", _("De här adresserna får redan mejlen. Ändra en adress om någon annan ska få dem.")
            )
        return data
