"""/bestallare/mobilnummer/ and /bestallare/mottagare/: what an orderer asks of the helpdesk."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import directory, limits
from accounts.models import BouncedAddress, Company, Orderer
from helpdesk.models import OPEN, Ticket
from helpdesk.orderer import employees
from helpdesk.orderer.access import orderer_only
from helpdesk.orderer.employees import Employee
from helpdesk.orderer.forms import PhoneTicketForm, RecipientsForm
from helpdesk.tickets import recipients as changes
from helpdesk.tickets.creating import create_ticket
from helpdesk.tickets.details import TicketDetails
from helpdesk.tickets.refusals import TicketRefused
from idportal.hosts import journey_url

SUGGESTED = 200  # user names that the field offers; more would be slow to send, and no help to whoever looks


@require_http_methods(["GET", "HEAD", "POST"])
@limits.posts_by_address
@orderer_only
def phone(request: HttpRequest, orderer: Orderer, company: Company) -> HttpResponse:
    """Koppla nytt mobil nr, for one of the company's own staff (H5)."""
    staff = employees.of_company(company).members
    member = None
    if request.method == "POST":
        form = PhoneTicketForm(request.POST)
        if _was_for_another(request, company):
            form.add_error(None, _other_company(company))
        elif form.is_valid():
            member = _own(company, staff, form.cleaned_data["username"])
            if member is None:
                form.add_error("username", _not_ours())
            elif member.disabled:
                form.add_error("username", _disabled())
            else:
                try:
                    answer = _sent(request, _ask_for_phone(request, form, member, orderer, company))
                except TicketRefused as refused:
                    form.add_error(None, str(refused))
                else:
                    if _can_alone(member):
                        messages.info(request, _advice(member))
                    return answer
    else:
        member = _chosen(request, staff)
        form = PhoneTicketForm(initial={"username": member.username, "name": member.name} if member else None)
    suggested = sorted(staff, key=lambda each: employees.swedish(each.name)) if len(staff) <= SUGGESTED else []
    if suggested:
        form.fields["username"].widget.attrs["list"] = "staff"
    context = {
        "here": "phone",
        "form": form,
        "company": company,
        "member": member,
        "alone": member is not None and _can_alone(member),
        "register_url": journey_url("REGISTER_HOST", "/registrera/"),
        "suggested": suggested,
    }
    return render(request, "helpdesk/orderer_phone.html", context)


def _chosen(request: HttpRequest, staff: Sequence[Employee]) -> Employee | None:
    """Whom the list of the staff was left with. Somebody else's id is nobody's."""
    wanted = request.GET.get("konto")
    if wanted is None:
        return None
    member = next((each for each in staff if each.id == wanted), None)
    if member is None:
        raise Http404
    return member


def _own(company: Company, staff: Sequence[Employee], username: str) -> Employee | None:
    """The company's own member of that name. Who is new is looked for in the directory, every half minute at most."""
    wanted = directory.folded(username)

    def among(members: Sequence[Employee]) -> Employee | None:
        return next((each for each in members if directory.folded(each.username) == wanted), None)

    if found := among(staff):
        return found
    newer = employees.again(company)
    return among(newer.members) if newer else None


def _can_alone(member: Employee) -> bool:
    """Whether a password that is remembered lets them in at pwreg: then the number is theirs to change."""
    return not (member.expired or member.locked or member.disabled)


def _advice(member: Employee) -> str:
    """For an orderer who has asked on behalf of somebody whose password still works (manual-sv.md, "Support")."""
    words = {"name": member.name or member.username, "url": journey_url("REGISTER_HOST", "/registrera/")}
    return (
        _(
            "Lösenordet till %(name)s har inte gått ut. Den som kommer ihåg det registrerar eller byter "
            "nummer själv på %(url)s, dygnet runt. Det går fortare. Ta då tillbaka ärendet längre ner på sidan."
        )
        % words
    )


def _ask_for_phone(
    request: HttpRequest, form: PhoneTicketForm, member: Employee, orderer: Orderer, company: Company
) -> Ticket:
    details = TicketDetails(
        Ticket.Kind.PHONE,
        company=company,
        orderer=orderer,
        employee_name=form.cleaned_data["name"] or member.name,
        employee_username=member.username,
        account=member.id,
        new_number=form.cleaned_data["phone"],
    )
    return create_ticket(details, source=Ticket.Source.PAGES, address=request.META["REMOTE_ADDR"])


def _was_for_another(request: HttpRequest, company: Company) -> bool:
    """Whether the form was opened for another company than the one that is chosen now, in another tab."""
    return request.POST.get("company", str(company.pk)) != str(company.pk)


def _other_company(company: Company) -> str:
    return _("Du har bytt företag i en annan flik. Nu gäller det %(company)s. Kontrollera det du har skrivit.") % {
        "company": company.name
    }


def _not_ours() -> str:
    """One sentence for every reason: of another company, unknown, or protected (H5)."""
    return _("Vi hittar inte kontot hos ert företag. Kontrollera stavningen, eller välj personen i Vår personal.")


def _disabled() -> str:
    return _(
        "Kontot är avstängt, så ett nytt nummer hjälper inte. Mejla kommunens helpdesk, %(email)s, "
        "och fråga varför det är avstängt."
    ) % {"email": settings.HELPDESK_EMAIL}


@require_http_methods(["GET", "HEAD", "POST"])
@limits.posts_by_address
@orderer_only
def recipients(request: HttpRequest, orderer: Orderer, company: Company) -> HttpResponse:
    """Ändring av e-postmottagare för mejl om lösenordsbyte LOV."""
    now, waiting = company.recipients, changes.waiting(company)
    # Who has been asked and has not answered yet is wanted, too: what is sent is all that count afterwards.
    form = RecipientsForm(
        request.POST if request.method == "POST" else None,
        now=None if waiting else now,
        initial=(waiting[0].ticket.recipients if waiting else now).columns,
    )
    if request.method == "POST" and _was_for_another(request, company):
        form.add_error(None, _other_company(company))
    elif form.is_valid():
        try:
            details = TicketDetails(
                Ticket.Kind.RECIPIENTS, company=company, orderer=orderer, recipients=form.cleaned_data["recipients"]
            )
            made = create_ticket(details, source=Ticket.Source.PAGES, address=request.META["REMOTE_ADDR"])
        except TicketRefused as refused:
            form.add_error(None, str(refused))
        else:
            return _sent(request, made)
    bouncing = set(BouncedAddress.objects.filter(address__in=now.compared).values_list("address", flat=True))
    context = {
        "here": "recipients",
        "form": form,
        "company": company,
        "now": [(address, address.lower() in bouncing) for address in now],
        "waiting": waiting,
        "open": company.tickets.filter(kind=Ticket.Kind.RECIPIENTS, state__in=OPEN).last(),
    }
    return render(request, "helpdesk/orderer_recipients.html", context)


def _sent(request: HttpRequest, made: Ticket) -> HttpResponse:
    messages.success(request, _("Ärendet är skickat till helpdesk. Det har nummer %s.") % made.number)
    return redirect("orderer-ticket", number=made.number)
