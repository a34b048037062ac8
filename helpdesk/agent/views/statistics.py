"""/helpdesk/oversikt/: the figures of a month, on a page and as a file."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.companies.files import sheets
from accounts.models import Event, User
from helpdesk.agent.access import agent_only
from helpdesk.agent.statistics import company_counts, figures, file
from helpdesk.agent.statistics import page as words
from helpdesk.agent.statistics.months import Month


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
        "previous": month.previous if month > first else None,
        "next": month.next if month < this else None,
        "read_at": found.read_at,
        "sections": words.sections(found, counting=counting),
    }
    return render(request, "helpdesk/agent_overview.html", context)


@require_safe
@agent_only
def export(request: HttpRequest, agent: User) -> HttpResponse:
    """The month's figures as a file. The trail records it."""
    month = _month(request, figures.earliest(), _this_month())
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


def _this_month() -> Month:
    return Month.of(timezone.localdate())


def _month(request: HttpRequest, first: Month, last: Month) -> Month:
    """The month that the address names. Raises Http404 for a month without figures."""
    text = request.GET.get("manad", "")
    month = Month.read(text) if text else last
    if month is None or not first <= month <= last:
        raise Http404
    return month
