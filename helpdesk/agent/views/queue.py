"""/helpdesk/: the queue."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import Company, User
from helpdesk import searches
from helpdesk.access import agent_only
from helpdesk.agent import queue as tickets
from helpdesk.agent.queue import QueueFilter, Tab
from helpdesk.models import Ticket


@require_http_methods(["GET", "HEAD", "POST"])
@agent_only
def queue(request: HttpRequest, agent: User) -> HttpResponse:
    """The requests under one tab; a search is posted, kept in the session, and shown by the same page (M, T)."""
    companies = list(Company.objects.order_by("name").only("name"))
    wanted = _wanted(request, companies)
    form = searches.SearchForm(request.POST if request.method == "POST" else {"q": wanted.text})
    form.fields["q"].label = _("Nummer, företag eller namn")
    if request.method == "POST" and form.is_valid():
        text = "" if "rensa" in request.POST else form.cleaned_data["q"]
        if number := tickets.by_number(text):
            return redirect("helpdesk-ticket", number=number)
        searches.keep(request, "queue", text)
        return HttpResponseRedirect(_address(wanted, page=1))
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
        "empty": _nothing(wanted, page),
    }
    return render(request, "helpdesk/agent_queue.html", context)


def _wanted(request: HttpRequest, companies: list[Company]) -> QueueFilter:
    """What the address asks for, in its fixed words and ids; whatever else stands there is passed over."""
    tab, kind = request.GET.get("flik", ""), request.GET.get("typ", "")
    company, page = request.GET.get("foretag", ""), request.GET.get("sida", "")
    return QueueFilter(
        tab=next((each for each in Tab if each == tab), Tab.NEW),
        kind=kind if kind in Ticket.Kind else "",
        company=next((each.pk for each in companies if str(each.pk) == company), None),
        text=searches.kept(request, "queue"),
        page=int(page) if page.isascii() and page.isdecimal() and len(page) < 7 else 1,  # noqa: PLR2004
    )


def _address(wanted: QueueFilter, *, tab: Tab | None = None, page: int) -> str:
    pairs = {
        "flik": str(tab or wanted.tab),
        "typ": wanted.kind,
        "foretag": str(wanted.company or ""),
        "sida": str(page) if page > 1 else "",
    }
    return f"{reverse('helpdesk-queue')}?{urlencode({name: value for name, value in pairs.items() if value})}"


def _tabs(wanted: QueueFilter, page: tickets.Page) -> list[tuple[str, str, int, bool]]:
    """Each with its address, its words, how many there are, and whether it is the one that is open."""
    words = {Tab.NEW: _("Nya"), Tab.MINE: _("Mina"), Tab.WAITING: _("Väntar"), Tab.CLOSED: _("Klara")}
    return [
        (_address(wanted, tab=tab, page=1), text, page.counts[tab], tab == wanted.tab) for tab, text in words.items()
    ]


def _nothing(wanted: QueueFilter, page: tickets.Page) -> str:
    """What an empty list says."""
    chosen = wanted.text or wanted.kind or wanted.company is not None
    if chosen and not any(page.counts.values()):
        if wanted.text:
            return _("Inget ärende stämmer med det du söker. Rensa sökningen, eller sök på en del av namnet.")
        return _("Inget ärende stämmer med det du har valt. Välj en annan typ eller ett annat företag.")
    if chosen:
        return _("Inget ärende här stämmer med det du söker. Titta under de andra flikarna, eller rensa sökningen.")
    return {
        Tab.NEW: _("Inga nya ärenden. Allt som har kommit in är taget."),
        Tab.MINE: _("Du har inget ärende just nu. Ta ett under Nya."),
        Tab.WAITING: _("Inget ärende kontrolleras just nu."),
        Tab.CLOSED: _("Inget ärende är avgjort än."),
    }[wanted.tab]
