"""A call without a form: whom the agent may open a request for, and the shape of what is written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Prefetch, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import directory, numbers
from accounts.addresses import UsualAddressField
from accounts.companies import CompanyMatcher
from accounts.directory import Account
from accounts.models import Company, Orderer
from accounts.models.companies import one_line
from helpdesk.models import Ticket
from helpdesk.searches import words_of

MOST = 50  # orderers of one search
DIGITS = 10  # more than an id has

_PLAIN = {"autocapitalize": "none", "autocorrect": "off", "spellcheck": "false", "autocomplete": "off"}
_OFF = {"autocomplete": "off"}
_NUL = {"null_characters_not_allowed": gettext_lazy("Skriv med bokstäver och siffror.")}


@dataclass(frozen=True, slots=True)
class Caller:
    """An orderer, and one of the active companies that they may act for."""

    orderer: Orderer
    company: Company


def callers(text: str) -> list[Caller]:
    """The registered, active orderers whom a search finds, once for each active company, by name.

    By name, address or company, each word of it; or by a whole mobile number.
    """
    words = words_of(text)
    if not words:
        return []
    active = Company.objects.filter(active=True)
    orderers = Orderer.objects.filter(active=True, companies__in=active).distinct().order_by("name", "pk")
    number = _number(text)
    if number:
        # Numbers are encrypted, each differently: all of them are read, a few hundred.
        ids = [orderer.pk for orderer in orderers.only("mobile") if orderer.mobile == number]
        orderers = orderers.filter(pk__in=ids)
    else:
        for word in words:
            of_company = Q(companies__in=active.filter(name__icontains=word))
            orderers = orderers.filter(Q(name__icontains=word) | Q(email__icontains=word) | of_company)
    found = orderers.defer("mobile").prefetch_related(Prefetch("companies", active.order_by("name")))[:MOST]
    return [Caller(orderer, company) for orderer in found for company in orderer.companies.all()]


def caller(orderer_id: int, company_id: int) -> Caller | None:
    """The orderer with this company, as the register has them now; None if they may not act for it."""
    company = Company.objects.filter(pk=company_id, active=True, orderers=orderer_id).first()
    orderer = Orderer.objects.filter(pk=orderer_id, active=True).first()
    return Caller(orderer, company) if orderer and company else None


def called(orderer_id: str, company_id: str) -> Caller | None:
    """Whom an address of a page names, if the register still has them so."""
    ids = [int(text) for text in (orderer_id, company_id) if text.isascii() and text.isdecimal() and len(text) < DIGITS]
    return caller(*ids) if len(ids) == 2 else None  # noqa: PLR2004  the two


def kinds() -> list[tuple[Ticket.Kind, str]]:
    """What a request can be about, in the words of the page."""
    return [
        (Ticket.Kind.PHONE, _("Nytt mobilnummer")),
        (Ticket.Kind.RECIPIENTS, _("Mottagare av mejl")),
        (Ticket.Kind.OTHER, _("Annat")),
    ]


def _number(text: str) -> str:
    try:
        return numbers.parse(text)
    except numbers.NumberRefused:
        return ""


class CallForm(forms.Form):
    """What every request of a call has. Who is not registered is written down by name and company."""

    kind = ""

    orderer_name = forms.CharField(
        label=gettext_lazy("Vem ringer?"),
        max_length=200,
        widget=forms.TextInput(attrs=_OFF),
        error_messages={"required": gettext_lazy("Skriv namnet på den som ringer."), **_NUL},
    )
    company_name = forms.CharField(
        label=gettext_lazy("Företag"),
        max_length=200,
        widget=forms.TextInput(attrs=_OFF),
        error_messages={"required": gettext_lazy("Skriv vilket företag det gäller."), **_NUL},
    )
    field_order: Sequence[str] = ("orderer_name", "company_name")

    def __init__(self, *args: Any, caller: Caller | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.caller = caller
        self.account: Account | None = None
        self.doubt = ""  # what is odd about the account; the agent may know why
        if caller:
            del self.fields["orderer_name"], self.fields["company_name"]

    def clean_orderer_name(self) -> str:
        return one_line(self.cleaned_data["orderer_name"])

    def clean_company_name(self) -> str:
        return one_line(self.cleaned_data["company_name"])

    def look_up(self, name: str) -> str:
        """The user name as the directory writes it; notes the account, and what is odd about it.

        Raises ValidationError if it is nobody's, DirectoryError.
        """
        account = directory.connect().find(name)
        if account is None:
            raise forms.ValidationError(_("Användarnamnet finns inte i katalogen. Fråga beställaren hur det stavas."))
        self.account, self.doubt = account, self._doubt(account)
        return account.username

    def _doubt(self, account: Account) -> str:
        if self.caller is None:
            return ""
        company = CompanyMatcher().company_of(account)
        if company == self.caller.company:
            return ""
        words = {"who": account.username, "wanted": self.caller.company.name, "company": company and company.name}
        if company:
            return _("%(who)s hör till %(company)s, inte till %(wanted)s.") % words
        return _("%(who)s hör inte till något företag i registret, alltså inte till %(wanted)s.") % words


class CallPhoneForm(CallForm):
    """Koppla nytt mobil nr."""

    kind = "phone"

    employee_name = forms.CharField(
        label=gettext_lazy("Medarbetarens namn"),
        max_length=200,
        widget=forms.TextInput(attrs=_OFF),
        error_messages={"required": gettext_lazy("Skriv medarbetarens namn."), **_NUL},
    )
    employee_username = forms.CharField(
        label=gettext_lazy("Medarbetarens användarnamn"),
        max_length=256,
        widget=forms.TextInput(attrs=_PLAIN),
        error_messages={"required": gettext_lazy("Skriv användarnamnet, till exempel lovstlin32."), **_NUL},
    )
    new_number = forms.CharField(
        label=gettext_lazy("Nytt mobilnummer"),
        max_length=40,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
        error_messages={
            "required": gettext_lazy("Skriv det nya numret, till exempel 070-174 06 05."),
            "max_length": gettext_lazy("Det är för långt för ett mobilnummer. Skriv till exempel 070-174 06 05."),
            **_NUL,
        },
    )

    def clean_employee_name(self) -> str:
        return one_line(self.cleaned_data["employee_name"])

    def clean_employee_username(self) -> str:
        return self.look_up(self.cleaned_data["employee_username"])

    def clean_new_number(self) -> str:
        try:
            return numbers.parse(self.cleaned_data["new_number"])
        except numbers.NumberRefused as refused:
            raise forms.ValidationError(str(refused), code="refused") from refused


class CallRecipientsForm(CallForm):
    """Ändring av e-postmottagare: all that are to count afterwards, one or two."""

    kind = "recipients"

    recipient1 = UsualAddressField(
        label=gettext_lazy("E-postadress 1"),
        max_length=254,
        widget=forms.EmailInput(attrs=_PLAIN),
        error_messages={
            "required": gettext_lazy("Skriv minst en adress."),
            "invalid": gettext_lazy("Det är ingen e-postadress. Skriv till exempel namn@foretaget.se."),
            **_NUL,
        },
    )
    recipient2 = UsualAddressField(
        label=gettext_lazy("E-postadress 2, om det ska vara två"),
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs=_PLAIN),
        error_messages={
            "invalid": gettext_lazy("Det är ingen e-postadress. Skriv till exempel namn@foretaget.se."),
            **_NUL,
        },
    )

    def clean_recipient2(self) -> str:
        second = str(self.cleaned_data["recipient2"])
        if second and second.lower() == self.cleaned_data.get("recipient1", "").lower():
            raise forms.ValidationError(
                _("Det är samma adress som den första. Skriv en annan, eller lämna fältet tomt.")
            )
        return second

    @property
    def addresses(self) -> list[str]:
        both = (self.cleaned_data["recipient1"], self.cleaned_data["recipient2"])
        return [address for address in both if address]


class CallOtherForm(CallForm):
    """Anything else, in the agent's own words."""

    kind = "other"

    text = forms.CharField(
        label=gettext_lazy("Vad gäller det?"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("Skriv aldrig ner ett lösenord eller en kod."),
        error_messages={"required": gettext_lazy("Skriv vad det gäller."), **_NUL},
    )
    employee_username = forms.CharField(
        label=gettext_lazy("Användarnamn, om det gäller ett konto"),
        max_length=256,
        required=False,
        widget=forms.TextInput(attrs=_PLAIN),
        error_messages=_NUL,
    )

    def clean_employee_username(self) -> str:
        name = self.cleaned_data["employee_username"]
        return self.look_up(name) if name else ""


FORMS: dict[str, type[CallForm]] = {form.kind: form for form in (CallPhoneForm, CallRecipientsForm, CallOtherForm)}
