"""/bestallare/: the company's own employees, most urgent first, on a page and as a file."""

from collections.abc import Mapping

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import audit, limits
from accounts.models import Company, Event, Orderer
from accounts.throttling import by_address
from helpdesk.orderer import employee_table, employees
from helpdesk.orderer.employee_table import ALL, PARTS
from helpdesk.orderer.sessions import orderer_only
from helpdesk.searches import SearchForm, kept
from idportal.clock import duration
from idportal.web.hosts import journey_url

A_PAGE = 50


@by_address.form_page
@orderer_only
def show(request: HttpRequest, orderer: Orderer, company: Company) -> HttpResponse:
    """Shows a part of the list. A search is posted, kept in the session, and answered by the same page."""
    part, form = _part(request.GET.get("visa")), SearchForm(request, _place(company), _("Namn eller konto"))
    if form.keep_posted():
        return redirect(_address(part))
    listed = employees.of_company(company)
    found = employee_table.search(listed.employees, form.text)
    of_all = employee_table.counts(listed.employees)
    page = Paginator(list(filter(PARTS[part], found)), A_PAGE).get_page(request.GET.get("sida"))
    context = {
        "here": "employees",
        "form": form,
        "text": form.text,
        "part": part,
        "tabs": _tabs(part, employee_table.counts(found) if form.text else of_all),
        "page": page,
        "rows": [(each, employee_table.days(each), employee_table.tags(each)) for each in page],
        "before": _address(part, page.previous_page_number()) if page.has_previous() else "",
        "after": _address(part, page.next_page_number()) if page.has_next() else "",
        "everybody": len(listed.employees),
        "soon": duration(limits.EXPIRES_SOON),
        "summary": _summary(of_all),
        "found": bool(found),
        "read_at": listed.read_at,
        "register_url": journey_url("REGISTER_HOST", "/registrera/"),
        "reset_url": journey_url("RESET_HOST", "/aterstall/"),
    }
    return render(request, "helpdesk/orderer_employees.html", context)


@require_POST
@by_address.posts_by_address
@orderer_only
def refresh(request: HttpRequest, orderer: Orderer, company: Company) -> HttpResponse:
    """Reads the list from the directory now, unless that was done a moment ago."""
    began = timezone.now()
    found = employees.refreshed(company)
    if found is None:
        wait = duration(limits.EMPLOYEES_READ_AGAIN)
        messages.info(request, _("Listan hämtades nyss. Vänta %s innan du hämtar den igen.") % wait)
    elif found.read_at < began:
        messages.warning(request, _("Det går inte att hämta listan just nu. Du ser den som den såg ut tidigare."))
    else:
        messages.success(request, _("Listan är hämtad på nytt."))
    return redirect(_address(_part(request.POST.get("visa"))))


@require_http_methods(["GET", "HEAD"])
@orderer_only
def export(request: HttpRequest, orderer: Orderer, company: Company) -> HttpResponse:
    """The same part of the list with the same search, all of it, as a file."""
    part = _part(request.GET.get("visa"))
    if request.GET.get("foretag", str(company.pk)) != str(company.pk):
        messages.warning(request, _("Du har bytt företag i en annan flik. Nu visas %s.") % company.name)
        return redirect(_address(part))
    found = employee_table.search(employees.of_company(company).employees, kept(request, _place(company)))
    data = employee_table.as_file(filter(PARTS[part], found))
    audit.record(Event.STAFF_EXPORTED, company, actor=orderer, result=part, address=request.META["REMOTE_ADDR"])
    headers = {"Content-Disposition": 'attachment; filename="personal.csv"'}
    return HttpResponse(data, content_type="text/csv; charset=utf-8", headers=headers)


def _place(company: Company) -> str:
    """Where a search is kept: each company has its own."""
    return f"employees_{company.pk}"


def _part(word: str | None) -> str:
    """The part that the address asks for; all for an unknown word."""
    return word if word in PARTS else ALL


def _address(part: str, page: int = 1) -> str:
    pairs = {"visa": "" if part == ALL else part, "sida": str(page) if page > 1 else ""}
    return reverse("orderer-employees", query={name: value for name, value in pairs.items() if value})


def _tabs(part: str, counts: Mapping[str, int]) -> list[tuple[str, str, int, bool]]:
    """Of each tab: its address, its words, its number of employees, and whether it is open."""
    words = {
        ALL: _("Alla"),
        "utgangna": _("Gått ut eller måste bytas"),
        "snart": _("Går ut inom %s") % duration(limits.EXPIRES_SOON),
        "utan-nummer": _("Saknar nummer"),
        "sparrade": _("Låst eller avstängt"),
    }
    return [(_address(tab), text, counts[tab], tab == part) for tab, text in words.items()]


def _summary(counts: Mapping[str, int]) -> str:
    """The whole company in one line, without regard to the search."""
    words = {
        "soon": counts["snart"],
        "days": duration(limits.EXPIRES_SOON),
        "all": counts[ALL],
        "expired": counts["utgangna"],
        "no_number": counts["utan-nummer"],
    }
    return (
        _(
            "%(soon)d av %(all)d lösenord går ut inom %(days)s. %(expired)d har redan gått ut eller måste bytas. Utan "
            "nummer: %(no_number)d."
        )
        % words
    )
