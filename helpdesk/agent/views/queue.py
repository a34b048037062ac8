"""/helpdesk/: the queue."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import audit
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
        return redirect(_address(wanted))
    page, counts = tickets.look(wanted, agent)
    if form.is_new():
        found, whom = f"queue, {sum(counts.values())} rows", audit.named(form.text)
        audit.record_search(found, actor=agent, subject=whom, address=request.META["REMOTE_ADDR"])
    now = timezone.now()
    context = {
        "here": "queue",
        "form": form,
        "wanted": wanted,
        "page": page,
        "rows": [
            {
                "ticket": ticket,
                "kind": tickets.KINDS[Ticket.Kind(ticket.kind)],
                "age": tickets.age(ticket.created_at, now),
                "old": (old := tickets.how_old(ticket, now)),
                "over": tickets.OVER.get(old),
            }
            for ticket in page
        ],
        "tabs": _tabs(wanted, counts),
        "kinds": tickets.KINDS.items(),
        "companies": companies,
        "before": _address(wanted, page=page.previous_page_number()) if page.has_previous() else "",
        "after": _address(wanted, page=page.next_page_number()) if page.has_next() else "",
        "chosen": bool(wanted.text or wanted.kind or wanted.company is not None),
        "found": any(counts.values()),
    }
    return render(request, "helpdesk/agent_queue.html", context)


def _wanted(request: HttpRequest, companies: list[Company]) -> QueueFilter:
    """The filter that the address asks for. Unknown words and ids in it are ignored."""
    tab, kind = request.GET.get("flik", ""), request.GET.get("typ", "")
    company = request.GET.get("foretag", "")
    return QueueFilter(
        tab=next((there for there in Tab if there == tab), Tab.NEW),
        kind=kind if kind in Ticket.Kind else "",
        company=next((there.pk for there in companies if str(there.pk) == company), None),
        text=kept(request, "queue"),
        page=request.GET.get("sida", ""),
    )


def _address(wanted: QueueFilter, *, tab: Tab | None = None, page: int = 1) -> str:
    pairs = {
        "flik": str(tab or wanted.tab),
        "typ": wanted.kind,
        "foretag": str(wanted.company or ""),
        "sida": str(page) if page > 1 else "",
    }
    return reverse("helpdesk-queue", query={name: value for name, value in pairs.items() if value})


def _tabs(wanted: QueueFilter, counts: dict[str, int]) -> list[tuple[str, str, int, bool]]:
    """Of each tab: its address, its words, its number of tickets, and whether it is open."""
    words = {Tab.NEW: _("Nya"), Tab.MINE: _("Mina"), Tab.WAITING: _("Pågår"), Tab.CLOSED: _("Klara")}
    return [(_address(wanted, tab=tab), text, counts[tab], tab == wanted.tab) for tab, text in words.items()]
