"""A ticket that an agent fills in during a call or from a mail: finding the orderer, and the forms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.humanize.templatetags.humanize import apnumber
from django.db.models import Prefetch, Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import directory
from accounts.companies import CompanyMatcher
from accounts.companies.forms import RecipientFields
from accounts.directory import Account
from accounts.forms import AddressField, NameField, PhoneField, UsernameField
from accounts.models import Company, Orderer, numbers
from helpdesk.models import Ticket
from helpdesk.searches import words_of
from helpdesk.tickets.creating import TicketDetails
from idportal.web.identity.look import with_example

MOST_CALLERS = 50  # orderers of one search
DIGITS = 10  # more than an id has
NOBODY = "ingen"  # in the place of the orderer's id: the orderer is not registered


@dataclass(frozen=True, slots=True)
class Caller:
    """An orderer, and one of the active companies that they may act for."""

    orderer: Orderer
    company: Company


def query_of(caller: Caller | None) -> dict[str, str]:
    """How the address of a page names the caller; :func:`from_query` reads it."""
    if caller is None:
        return {"bestallare": NOBODY}
    return {"bestallare": str(caller.orderer.pk), "foretag": str(caller.company.pk)}


def from_query(query: Mapping[str, str]) -> Caller | None:
    """The caller whom the address of a page names, if the register still has them with this company."""
    ids = [query.get(name, "") for name in ("bestallare", "foretag")]
    if not all(text.isascii() and text.isdecimal() and len(text) < DIGITS for text in ids):
        return None
    return caller_of(*map(int, ids))


def caller_of(orderer_id: int, company_id: int) -> Caller | None:
    """The orderer with this company, as the register has them now; None if they may not act for it."""
    company = Company.objects.filter(pk=company_id, active=True, orderers=orderer_id).first()
    orderer = Orderer.objects.filter(pk=orderer_id, active=True).first()
    return Caller(orderer, company) if orderer and company else None


def find_callers(text: str) -> list[Caller]:
    """Active orderers by a whole mobile number, or by words; each once for every active company of theirs, by name."""
    words = words_of(text)
    if not words:
        return []
    active = Company.objects.filter(active=True)
    orderers = Orderer.objects.filter(active=True, companies__in=active).distinct().order_by("name", "pk")
    try:
        number = numbers.parse(text)
    except numbers.NumberRefused:
        for word in words:
            of_company = Q(companies__in=active.filter(name__icontains=word))
            orderers = orderers.filter(Q(name__icontains=word) | Q(email__icontains=word) | of_company)
    else:
        # Each number is encrypted differently, so all of them are read: a few hundred.
        ids = [orderer.pk for orderer in orderers.only("mobile") if orderer.mobile == number]
        orderers = orderers.filter(pk__in=ids)
    found = orderers.defer("mobile").prefetch_related(Prefetch("companies", active.order_by("name")))[:MOST_CALLERS]
    return [Caller(orderer, company) for orderer in found for company in orderer.companies.all()]


class CallForm(forms.Form):
    """The part that every ticket has. Without a registered caller, it asks for a name and a company."""

    kind: Ticket.Kind
    tab: Promise  # the words that choose it on the page

    orderer_name = NameField(label=gettext_lazy("Vem ringer?"), missing=gettext_lazy("Skriv namnet på den som ringer."))
    company_name = NameField(label=gettext_lazy("Företag"), missing=gettext_lazy("Skriv vilket företag det gäller."))
    field_order: Sequence[str] = ("orderer_name", "company_name")

    def __init__(self, *args: Any, caller: Caller | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.caller = caller
        self.account: Account | None = None
        self.doubt = ""  # what is odd about the account: the agent has to confirm it
        if caller:
            del self.fields["orderer_name"], self.fields["company_name"]

    def is_settled(self) -> bool:
        """Whether the form is valid and nothing is in doubt, or the agent has seen the doubt and sent it once more."""
        if not self.is_valid():
            return False
        return not self.doubt or (self.account is not None and self.data.get("sure") == self.account.id)

    def details(self) -> TicketDetails:
        """The ticket's details, of a valid form."""
        typed = {name: value for name, value in self.cleaned_data.items() if name in TicketDetails._fields}
        if self.caller:
            company, orderer = self.caller.company, self.caller.orderer
            typed |= {"company": company, "company_name": company.name}
            typed |= {"orderer": orderer, "orderer_name": orderer.name}
        return TicketDetails(kind=self.kind, account=self.account.id if self.account else "", **typed)

    def look_up(self, name: str) -> str:
        """The user name as the directory writes it; notes the account. Raises ValidationError, DirectoryError."""
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

    kind, tab = Ticket.Kind.PHONE, gettext_lazy("Nytt mobilnummer")

    employee_name = NameField(
        label=gettext_lazy("Medarbetarens namn"), missing=gettext_lazy("Skriv medarbetarens namn.")
    )
    employee_username = UsernameField(
        label=gettext_lazy("Medarbetarens användarnamn"),
        missing=with_example(gettext_lazy("Skriv användarnamnet, till exempel {username}.")),
    )
    new_number = PhoneField(
        label=gettext_lazy("Nytt mobilnummer"),
        missing=gettext_lazy("Skriv det nya numret, till exempel 070-174 06 05."),
    )

    def clean_employee_username(self) -> str:
        return self.look_up(self.cleaned_data["employee_username"])


class CallRecipientsForm(RecipientFields, CallForm):
    """Ändring av e-postmottagare: all the new recipients."""

    kind, tab = Ticket.Kind.RECIPIENTS, gettext_lazy("Mottagare av mejl")
    same = gettext_lazy("Det är samma adress som den första. Skriv en annan, eller lämna fältet tomt.")

    def recipient_field(self, number: int) -> AddressField:
        label = _("E-postadress %(number)d, om det ska vara %(count)s") if number > 1 else _("E-postadress %(number)d")
        missing = _("Skriv minst en adress.") if number == 1 else None
        return AddressField(label=label % {"number": number, "count": apnumber(number)}, missing=missing)


class CallOtherForm(CallForm):
    """Anything else, in the agent's own words."""

    kind, tab = Ticket.Kind.OTHER, gettext_lazy("Annat")

    text = forms.CharField(
        label=gettext_lazy("Vad gäller det?"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("Skriv aldrig ner ett lösenord eller en kod."),
        error_messages={
            "required": gettext_lazy("Skriv vad det gäller."),
            "null_characters_not_allowed": gettext_lazy("Skriv med bokstäver och siffror."),
        },
    )
    employee_username = UsernameField(label=gettext_lazy("Användarnamn, om det gäller ett konto"))

    def clean_employee_username(self) -> str:
        name = self.cleaned_data["employee_username"]
        return self.look_up(name) if name else ""


FORMS: dict[str, type[CallForm]] = {form.kind: form for form in (CallPhoneForm, CallRecipientsForm, CallOtherForm)}
