"""/bestallare/mobilnummer/ and /bestallare/mottagare/: an orderer opens a ticket; and a new recipient confirms."""

from collections.abc import Sequence

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import BouncedAddress, Company, Orderer, numbers
from accounts.throttling import by_address
from helpdesk.models import OPEN, Ticket
from helpdesk.orderer import company_tickets, employees
from helpdesk.orderer.employees import Employee
from helpdesk.orderer.forms import PhoneTicketForm, RecipientsForm
from helpdesk.orderer.sessions import orderer_only
from helpdesk.tickets import recipients as changes
from helpdesk.tickets.creating import TicketDetails, create_ticket
from helpdesk.tickets.states import TicketRefused
from idportal.web.hosts import journey_url

DONE = "klart"
SUGGESTED = 200  # user names that the field offers; more would be slow to send, and too many to look through


@by_address.form_page
@orderer_only
def phone(request: HttpRequest, orderer: Orderer, company: Company) -> HttpResponse:
    """Koppla nytt mobil nr, for one of the company's own employees (H5)."""
    listed = employees.of_company(company).employees
    if request.method == "POST":
        form = PhoneTicketForm(request.POST, company=company, listed=listed)
        employee = form.employee if form.is_valid() else None
        if employee and (ticket := _create(request, form, form.details(orderer, employee))):
            if employee.can_sign_in:
                messages.info(request, _advice(employee))
            return redirect("orderer-ticket", number=ticket.number)
    else:
        wanted = request.GET.get("konto")
        employee = next((each for each in listed if each.id == wanted), None)
        if wanted is not None and employee is None:
            raise Http404  # not the company's
        initial = {"username": employee.username, "name": employee.name} if employee else None
        form = PhoneTicketForm(company=company, listed=listed, initial=initial)
    return _phone_page(request, form, listed, employee)


@require_http_methods(["GET", "HEAD"])
@orderer_only
def again(request: HttpRequest, orderer: Orderer, company: Company, number: str) -> HttpResponse:
    """The form of a rejected ticket, filled in as that was. Nothing is sent before the form is.

    The number is filled in for the orderer who gave it alone: by now the account may have it (security.md E3).
    """
    rejected = company_tickets.shown(company).filter(state=Ticket.State.REJECTED)
    ticket = get_object_or_404(rejected, number=number, kind__in=(Ticket.Kind.PHONE, Ticket.Kind.RECIPIENTS))
    if ticket.kind == Ticket.Kind.RECIPIENTS:
        form = RecipientsForm(company=company, initial=ticket.recipients.columns)
        return _recipients_page(request, form, company, ticket)
    listed = employees.of_company(company).employees
    initial = {"username": ticket.employee_username, "name": ticket.employee_name}
    if ticket.orderer_id == orderer.pk:
        initial["phone"] = numbers.shown(ticket.new_number)
    return _phone_page(request, PhoneTicketForm(company=company, listed=listed, initial=initial), listed, None, ticket)


def _phone_page(
    request: HttpRequest,
    form: PhoneTicketForm,
    listed: Sequence[Employee],
    employee: Employee | None,
    rejected: Ticket | None = None,
) -> HttpResponse:
    """The form for a number. ``employee``: chosen in the list; ``rejected``: the ticket that is sent again."""
    suggested = sorted(listed, key=lambda each: employees.swedish(each.name)) if len(listed) <= SUGGESTED else []
    if suggested:
        form.fields["username"].widget.attrs["list"] = "staff"
    context = {
        "here": "phone",
        "form": form,
        "company": form.company,
        **_rejected(rejected),
        "employee": employee,
        "alone": employee is not None and employee.can_sign_in,
        "register_url": journey_url("REGISTER_HOST", "/registrera/"),
        "suggested": suggested,
    }
    return render(request, "helpdesk/orderer_phone.html", context)


def _rejected(ticket: Ticket | None) -> dict[str, object]:
    return {"rejected": ticket, "why": company_tickets.why_rejected(ticket) if ticket else ""}


def _advice(employee: Employee) -> str:
    """What to say when the employee's password still works (manual-sv.md, "Support")."""
    words = {"name": employee.name or employee.username, "url": journey_url("REGISTER_HOST", "/registrera/")}
    return (
        _(
            "Lösenordet till %(name)s har inte gått ut. Den som kommer ihåg det registrerar eller byter "
            "nummer själv på %(url)s, dygnet runt. Det går fortare. Ta då tillbaka ärendet längre ner på sidan."
        )
        % words
    )


@by_address.form_page
@orderer_only
def recipients(request: HttpRequest, orderer: Orderer, company: Company) -> HttpResponse:
    """Ändring av e-postmottagare för mejl om lösenordsbyte LOV."""
    now, waiting = company.recipients, changes.waiting(company)
    # Recipients who have not confirmed yet stay wanted: the form holds all who are to count afterwards.
    form = RecipientsForm(
        request.POST if request.method == "POST" else None,
        company=company,
        now=None if waiting else now,
        initial=(waiting[0].ticket.recipients if waiting else now).columns,
    )
    if form.is_valid():
        wanted = form.cleaned_data["recipients"]
        details = TicketDetails(Ticket.Kind.RECIPIENTS, company=company, orderer=orderer, recipients=wanted)
        if ticket := _create(request, form, details):
            return redirect("orderer-ticket", number=ticket.number)
    return _recipients_page(request, form, company)


def _recipients_page(
    request: HttpRequest, form: RecipientsForm, company: Company, rejected: Ticket | None = None
) -> HttpResponse:
    now = company.recipients
    bouncing = set(BouncedAddress.objects.filter(address__in=now.compared).values_list("address", flat=True))
    context = {
        "here": "recipients",
        "form": form,
        "company": company,
        "now": [(address, address.lower() in bouncing) for address in now],
        "waiting": changes.waiting(company),
        **_rejected(rejected),
        "open": company_tickets.shown(company).filter(kind=Ticket.Kind.RECIPIENTS, state__in=OPEN).last(),
    }
    return render(request, "helpdesk/orderer_recipients.html", context)


def _create(request: HttpRequest, form: forms.Form, details: TicketDetails) -> Ticket | None:
    """Creates the ticket. None if it is refused; the form says why."""
    try:
        ticket = create_ticket(details, source=Ticket.Source.PAGES, address=request.META["REMOTE_ADDR"])
    except TicketRefused as refused:
        form.add_error(None, str(refused))
        return None
    messages.success(request, _("Ärendet är skickat till helpdesk. Det har nummer %s.") % ticket.number)
    return ticket


@by_address.form_page
def confirm(request: HttpRequest) -> HttpResponse:
    """A new recipient confirms the address; the link is enough, and no one signs in.

    GET shows the company and a button, so that a program that opens links confirms nothing. POST confirms.
    """
    context: dict[str, object] = {"waiting": None}
    if request.method == "POST":
        if changes.confirm(request.POST.get("nyckel", ""), request.META["REMOTE_ADDR"]):
            return redirect(f"{reverse('recipient-confirm')}?{DONE}")
    elif DONE in request.GET:
        context = {"done": True}
    else:
        token = request.GET.get("nyckel", "")
        context = {"waiting": changes.find(token), "token": token}
    return render(request, "helpdesk/recipient_confirm.html", context)
