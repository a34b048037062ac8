"""/helpdesk/oversikt/: a month in figures, and the same as a file."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.companies.files import sheets
from accounts.models import Event, User
from helpdesk.agent.access import agent_only
from helpdesk.agent.statistics import company_counts, figures, file
from helpdesk.agent.statistics import page as words
from helpdesk.agent.statistics.months import Month, today


@require_safe
@agent_only
def overview(request: HttpRequest, agent: User) -> HttpResponse:
    """One month, this one if none is named. If nobody has counted the companies' staff lately, it is asked for."""
    this, first = Month.of(today()), figures.earliest()
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
        "previous": month.previous if month > first else None,
        "next": month.next if month < this else None,
        "read_at": found.read_at,
        "sections": words.sections(found, counting=counting),
    }
    return render(request, "helpdesk/agent_overview.html", context)


@require_safe
@agent_only
def export(request: HttpRequest, agent: User) -> HttpResponse:
    """The month's figures as a file, which the trail tells of."""
    month = _month(request, figures.earliest(), Month.of(today()))
    lines = list(file.lines(figures.for_month(month)))
    audit.record(
        Event.FIGURES_EXPORTED,
        actor=agent,
        result=f"{month}, {len(lines)} rows",
        address=request.META["REMOTE_ADDR"],
    )
    content = sheets.write(file.columns(), iter(lines))
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="Oversikt-{month}.csv"'
    return response


def _month(request: HttpRequest, first: Month, last: Month) -> Month:
    """The month that the address names. Raises Http404 for one of which there is nothing to tell."""
    text = request.GET.get("manad", "")
    month = Month.read(text) if text else last
    if month is None or not first <= month <= last:
        raise Http404
    return month
