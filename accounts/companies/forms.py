"""The forms for companies, recipients and orderers, and for importing a file."""

from typing import Any

from django import forms
from django.contrib.humanize.templatetags.humanize import apnumber
from django.db.models import Model
from django.utils.functional import Promise, lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import limits
from accounts.forms import AddressField
from accounts.models import Company, Orderer, numbers
from accounts.models.recipients import RECIPIENT_COLUMNS, Recipients
from idportal import clock


class UnchangedSince(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Refuses to overwrite a change that was saved since the page was opened. Call it in a transaction."""

    seen = forms.CharField(label="", required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and (latest := self._latest()):
            self.initial["seen"] = latest.pk

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if "raced" in self.data:  # the second try, after a parallel save
            self.add_error(None, _("Någon annan sparade samtidigt. Kontrollera uppgifterna och spara igen."))
        if self.instance.pk:
            model: type[Model] = type(self.instance)
            model._default_manager.select_for_update().get(pk=self.instance.pk)  # locks it until it is saved
            latest = self._latest()
            if latest and str(latest.pk) != self.data.get("seen"):
                words = _(
                    "Uppgifterna ändrades %(when)s, medan du hade sidan öppen (%(who)s). Inget är sparat. "
                    "Ladda sidan på nytt och gör om din ändring."
                )
                who = latest.history_user or _("import eller portalen själv")
                self.add_error(None, words % {"when": clock.stamp(latest.history_date), "who": who})
        return cleaned

    def _latest(self) -> Any:
        return self.instance.history.select_related("history_user").first()


class CompanyForm(UnchangedSince):
    organisation_number = forms.CharField(
        label=gettext_lazy("Organisationsnummer"),
        max_length=numbers.LONGEST_ORGANISATION_NUMBER,
        help_text=gettext_lazy("Tio siffror, till exempel 556677-8899. För enskild firma: personnumret."),
    )

    class Meta:
        model = Company
        fields = (*Company.own_fields, *RECIPIENT_COLUMNS)
        help_texts = {
            "name": gettext_lazy("Som det ska stå i mejl och listor."),
            "directory_values": gettext_lazy(
                "Vad som står som företag på medarbetarnas konton i katalogen. Ett värde på varje rad. "
                "Ligger kontona i en egen enhet kan du skriva enhetens namn i stället, till exempel "
                "OU=Hemtjänst Ett,OU=Externa,DC=kommunen,DC=example."
            ),
            **dict.fromkeys(RECIPIENT_COLUMNS, gettext_lazy("Lämna tomt om en räcker.")),
            "recipient1": lazy(
                lambda: _("Hit går mejlet om lösenord som går ut. Högst %s adresser.") % apnumber(limits.RECIPIENTS),
                str,
            )(),
            "active": gettext_lazy(
                "Avmarkera när företaget inte längre har avtal. Mejlet går då till kommunens helpdesk i stället."
            ),
        }
        widgets = {"directory_values": forms.Textarea(attrs={"rows": 3, "cols": 60, "spellcheck": "false"})}


class OrdererForm(UnchangedSince):
    class Meta:
        model = Orderer
        fields = ("name", "email", "mobile", "companies", "active")
        help_texts = {
            "email": gettext_lazy("Hit går inloggningslänken. Adressen får finnas hos en enda beställare."),
            "mobile": gettext_lazy("Hit går koderna, i sms. Till exempel 070-174 06 05."),
            "companies": gettext_lazy("Skriv några bokstäver i namnet och välj. Det kan vara flera företag."),
            "active": gettext_lazy("Avmarkera när personen inte längre får beställa."),
        }
        widgets = {"mobile": forms.TextInput(attrs={"type": "tel", "class": "vTextField", "autocomplete": "off"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        widget: Any = self.fields["companies"].widget
        widget.can_add_related = False  # a company has a page of its own
        if self.instance.pk:
            self.initial["mobile"] = numbers.shown(self.instance.mobile)


class ImportFileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("CSV-fil"),
        help_text=lazy(
            lambda: _("Högst %d MB. Komma, semikolon eller tabb mellan kolumnerna.") % (limits.LARGEST_FILE // 2**20),
            str,
        )(),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv"}),
        error_messages={"required": gettext_lazy("Välj en fil."), "empty": gettext_lazy("Filen är tom.")},
    )


class RecipientFields(forms.Form):
    """A form with a field for each recipient. Its cleaned data hold ``recipients`` in their place."""

    same: str | Promise = ""  # see Recipients.checked

    def recipient_field(self, number: int) -> AddressField:
        """The field of the recipient with this number, from 1."""
        raise NotImplementedError

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number, column in enumerate(RECIPIENT_COLUMNS, 1):
            self.fields[column] = self.recipient_field(number)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors:
            typed = [data.pop(column) for column in RECIPIENT_COLUMNS]
            data["recipients"] = Recipients.checked(typed, same=str(self.same))
        return data
