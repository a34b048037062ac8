"""/helpdesk/: the queue."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods

from accounts import audit
from accounts.models import Company, User
from helpdesk.agent import next_ticket
from helpdesk.agent import queue as tickets
from helpdesk.agent.access import agent_only
from helpdesk.agent.queue_filter import QueueFilter, Tab
from helpdesk.models import Ticket
from helpdesk.searches import SearchForm, kept
from helpdesk.tickets.evidence import Evidence, gather_many


@require_http_methods(["GET", "HEAD", "POST"])
@agent_only
def queue(request: HttpRequest, agent: User) -> HttpResponse:
    """Shows the tickets under one tab. A search is posted, kept in the session, and answered by the same page."""
    companies = list(Company.objects.order_by("name").only("name"))
    wanted = QueueFilter.read(request.GET.dict(), [company.pk for company in companies], kept(request, "queue"))
    form = SearchForm(request, "queue", label := _("Nummer, företag eller namn"))
    form.fields["q"].widget.attrs["placeholder"] = label
    if request.method == "POST" and form.is_valid() and (number := tickets.by_number(form.cleaned_data["q"])):
        return redirect("helpdesk-ticket", number=number)
    if form.keep_posted():
        return redirect(wanted.address())
    next_ticket.keep(request.session, wanted)
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
        "rows": [_row(each.ticket, each, now) for each in gather_many(list(page))]
        if wanted.tab != Tab.CLOSED
        else [_row(ticket, None, now) for ticket in page],
        "counts": counts,
        "tabs": _tabs(wanted, counts),
        "kinds": tickets.KINDS.items(),
        "companies": companies,
        "columns": _columns(wanted),
        "before": wanted.address(page=str(page.previous_page_number())) if page.has_previous() else "",
        "after": wanted.address(page=str(page.next_page_number())) if page.has_next() else "",
        "chosen": bool(wanted.text or wanted.kind or wanted.company is not None),
        "found": any(counts.values()),
    }
    return render(request, "helpdesk/agent_queue.html", context)


@require_http_methods(["GET", "HEAD"])
@agent_only
def onward(request: HttpRequest, agent: User) -> HttpResponse:
    """Leads to the ticket after the one that is named, or back to the queue if there is no other."""
    words = request.session.get(next_ticket.KEPT, {})
    if number := next_ticket.number_after(request.GET.get("efter", ""), agent, words):
        return redirect("helpdesk-ticket", number=number)
    messages.info(request, _("Det finns inget mer ärende att ta."))
    return redirect("helpdesk-queue")


def _row(ticket: Ticket, evidence: Evidence | None, now: datetime) -> dict[str, object]:
    old = tickets.how_old(ticket, now)
    return {
        "ticket": ticket,
        "flag": evidence and tickets.worst_flag(evidence),
        "kind": tickets.KINDS[Ticket.Kind(ticket.kind)],
        "about": tickets.about(ticket),
        "age": tickets.age(ticket.created_at, now),
        "old": old,
        "over": tickets.OVER.get(old),
    }


def _tabs(wanted: QueueFilter, counts: dict[str, int]) -> list[tuple[str, str, int, bool]]:
    """Of each tab: its address, its words, its number of tickets, and whether it is open."""
    words = {Tab.NEW: _("Nya"), Tab.MINE: _("Mina"), Tab.WAITING: _("Pågår"), Tab.CLOSED: _("Klara")}
    return [(wanted.address(tab=tab), text, counts[tab], tab == wanted.tab) for tab, text in words.items()]


def _columns(wanted: QueueFilter) -> list[tuple[str, str, str, str]]:
    """Of each column: its name, its words, ``aria-sort``, and the address that sorts by it."""
    words = {
        "nummer": _("Nummer"),
        "typ": _("Typ"),
        "foretag": _("Företag"),
        "bestallare": pgettext("column", "Beställare"),
        "galler": _("Gäller"),
    }
    if wanted.tab == Tab.CLOSED:
        words |= {"avgjordes": _("Avgjordes"), "av": _("Avgjort av"), "resultat": _("Resultat")}
    else:
        words |= {"varning": _("Varning"), "vantetid": _("Väntetid"), "ansvarig": _("Ansvarig")}
    return [(name, text, *wanted.sorted_by(name)) for name, text in words.items()]
