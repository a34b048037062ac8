"""/helpdesk/: the queue."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import Company, User
from helpdesk.agent import queue as tickets
from helpdesk.agent.access import agent_only
from helpdesk.agent.queue import QueueFilter, Tab
from helpdesk.models import Ticket
from helpdesk.searches import SearchForm, kept


@require_http_methods(["GET", "HEAD", "POST"])
@agent_only
def queue(request: HttpRequest, agent: User) -> HttpResponse:
    """Shows the tickets under one tab. A search is posted, kept in the session, and answered by the same page."""
    companies = list(Company.objects.order_by("name").only("name"))
    wanted = _wanted(request, companies)
    form = SearchForm(request, "queue", _("Nummer, företag eller namn"))
    if request.method == "POST" and form.is_valid() and (number := tickets.by_number(form.cleaned_data["q"])):
        return redirect("helpdesk-ticket", number=number)
    if form.keep_posted():
        return redirect(_address(wanted, page=1))
    page = tickets.look(wanted, agent)
    context = {
        "here": "queue",
        "form": form,
        "wanted": wanted,
        "page": page,
        "tabs": _tabs(wanted, page),
        "kinds": tickets.KINDS.items(),
        "companies": companies,
        "before": _address(wanted, page=page.number - 1) if page.number > 1 else "",
        "after": _address(wanted, page=page.number + 1) if page.number < page.pages else "",
        "chosen": bool(wanted.text or wanted.kind or wanted.company is not None),
        "found": any(page.counts.values()),
    }
    return render(request, "helpdesk/agent_queue.html", context)


def _wanted(request: HttpRequest, companies: list[Company]) -> QueueFilter:
    """The filter that the address asks for. Unknown words and ids in it are ignored."""
    tab, kind = request.GET.get("flik", ""), request.GET.get("typ", "")
    company, page = request.GET.get("foretag", ""), request.GET.get("sida", "")
    return QueueFilter(
        tab=next((there for there in Tab if there == tab), Tab.NEW),
        kind=kind if kind in Ticket.Kind else "",
        company=next((there.pk for there in companies if str(there.pk) == company), None),
        text=kept(request, "queue"),
        page=int(page) if page.isascii() and page.isdecimal() and len(page) < 7 else 1,  # noqa: PLR2004
    )


def _address(wanted: QueueFilter, *, tab: Tab | None = None, page: int) -> str:
    pairs = {
        "flik": str(tab or wanted.tab),
        "typ": wanted.kind,
        "foretag": str(wanted.company or ""),
        "sida": str(page) if page > 1 else "",
    }
    return reverse("helpdesk-queue", query={name: value for name, value in pairs.items() if value})


def _tabs(wanted: QueueFilter, page: tickets.Page) -> list[tuple[str, str, int, bool]]:
    """Of each tab: its address, its words, its number of tickets, and whether it is open."""
    words = {Tab.NEW: _("Nya"), Tab.MINE: _("Mina"), Tab.WAITING: _("Väntar"), Tab.CLOSED: _("Klara")}
    return [
        (_address(wanted, tab=tab, page=1), text, page.counts[tab], tab == wanted.tab) for tab, text in words.items()
    ]
