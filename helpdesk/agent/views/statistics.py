"""/helpdesk/oversikt/: the figures of a month, on a page and as a file."""

from datetime import date

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.companies.files import sheets
from accounts.models import Event, User
from helpdesk.agent.access import agent_only
from helpdesk.agent.statistics import company_counts, figures, page


@require_safe
@agent_only
def overview(request: HttpRequest, agent: User) -> HttpResponse:
    """Shows one month, this one by default. Queues a count of the companies' employees if there is no fresh one."""
    this, first = _this_month(), figures.earliest()
    month = _month(request, first, this)
    found = figures.for_month(month)
    if month == this and company_counts.is_old(found.counted_on):
        company_counts.ask()
        if settings.CELERY_TASK_ALWAYS_EAGER:
            found = figures.for_month(month)
    counting = month == this and company_counts.is_old(found.counted_on)
    context = {
        "here": "overview",
        "month": month,
        "this": this,
        "previous": figures.previous_month(month) if month > first else None,
        "next": figures.next_month(month) if month < this else None,
        "read_at": found.read_at,
        "headline": [
            (name, now, before)
            for (name, now), (_name, before) in zip(
                page.headline(found), page.headline(found.before or found), strict=True
            )
        ],
        "sections": page.sections(found, counting=counting),
    }
    return render(request, "helpdesk/agent_overview.html", context)


@require_safe
@agent_only
def export(request: HttpRequest, agent: User) -> HttpResponse:
    """The month's figures as a file. The trail records it."""
    month = _month(request, figures.earliest(), _this_month())
    lines = [list(map(str, line)) for line in page.file_lines(figures.for_month(month))]
    address, result = request.META["REMOTE_ADDR"], f"{month:%Y-%m}, {len(lines)} rows"
    audit.record(Event.FIGURES_EXPORTED, actor=agent, result=result, address=address)
    content = sheets.write((_("Datum"), _("Siffra"), _("Gäller"), _("Värde")), iter(lines))
    headers = {"Content-Disposition": f'attachment; filename="Oversikt-{month:%Y-%m}.csv"'}
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)


def _this_month() -> date:
    return timezone.localdate().replace(day=1)


def _month(request: HttpRequest, first: date, last: date) -> date:
    """The month that the address names. Raises Http404 for a month without figures."""
    text = request.GET.get("manad", "")
    try:
        month = date.fromisoformat(f"{text}-01") if text else last
    except ValueError:
        raise Http404 from None
    if not first <= month <= last:
        raise Http404
    return month
