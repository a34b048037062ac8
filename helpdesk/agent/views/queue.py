"""/helpdesk/: the queue."""

import re
from datetime import datetime
from typing import Any

from django.core.paginator import Page
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_http_methods

from accounts import audit
from accounts.models import Company, User
from accounts.privacy.encryption import token_digest
from helpdesk.agent.access import agent_only
from helpdesk.agent.waiting import next_ticket, saved_filters
from helpdesk.agent.waiting import queue as tickets
from helpdesk.agent.waiting.queue_filter import QueueFilter, Tab
from helpdesk.models import Ticket
from helpdesk.searches import SearchForm, kept
from helpdesk.tickets.automatic import all_automatic
from helpdesk.tickets.evidence import Evidence, gather_many

NEWS_SECONDS = 30  # how often a page that is looked at asks what is new
_ID = re.compile(r"\d{1,18}", re.ASCII)


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
    page, counts, found_news = tickets.look(wanted, agent)
    if form.is_new():
        found, whom = f"queue, {sum(counts.values())} rows", audit.named(form.text)
        audit.record_search(found, actor=agent, subject=whom, address=request.META["REMOTE_ADDR"])
    context = {
        "here": "queue",
        "form": form,
        "tabs": _tabs(wanted, counts),
        "kinds": tickets.KINDS.items(),
        "companies": companies,
        "save": wanted.address("helpdesk-save-filter"),
        "saved": saved_filters.shown(agent, wanted),
        **_table(wanted, page, counts, agent),
        "newest": found_news.newest,
        "news_seconds": NEWS_SECONDS,
    }
    return render(request, "helpdesk/agent_queue.html", context)


@require_http_methods(["GET", "HEAD"])
@agent_only
def news(request: HttpRequest, agent: User) -> HttpResponse:
    """The table anew for a page that asks by itself (``accounts.sessions.UNATTENDED``); 204 if it shows the same.

    ``marke``: what the page shows, as ``_mark`` has it; ``nyast``: the newest ticket that it knew.
    """
    wanted, known = asked_for(request), request.GET.get("nyast", "")
    page, counts, (newest, fresh) = tickets.look(wanted, agent, int(known) if _ID.fullmatch(known) else 0, again=True)
    if request.GET.get("marke") == _mark(page, counts, timezone.now()):
        return HttpResponse(status=204)
    words = {"count": fresh, "time": date_format(timezone.localtime(), "H:i")}
    said = ngettext("%(count)d nytt ärende kl. %(time)s.", "%(count)d nya ärenden kl. %(time)s.", fresh) % words
    context = {**_table(wanted, page, counts, agent), "newest": newest, "said": said if fresh else ""}
    return render(request, "helpdesk/queue_table.html", context)


def asked_for(request: HttpRequest) -> QueueFilter:
    """The filter of the address."""
    companies = list(Company.objects.values_list("pk", flat=True)) if request.GET.get("foretag") else []
    return QueueFilter.read(request.GET.dict(), companies, kept(request, "queue"))


def _table(wanted: QueueFilter, page: Page[Any], counts: dict[str, int], agent: User) -> dict[str, object]:
    """What ``queue_table.html`` shows."""
    now = timezone.now()
    readable: set[int] = set()
    if wanted.tab == Tab.CLOSED:
        rows = [_row(ticket, None, now) for ticket in page]
    else:
        rows = [_row(evidence.ticket, evidence, now) for evidence in gather_many(list(page))]
        readable = all_automatic(ticket for ticket in page if ticket.agent in (None, agent))
    return {
        "wanted": wanted,
        "page": page,
        "rows": rows,
        "readable": readable,
        "read": wanted.address("helpdesk-read"),
        "counts": counts,
        "mark": _mark(page, counts, now),
        "columns": _columns(wanted),
        "before": wanted.address(page=str(page.previous_page_number())) if page.has_previous() else "",
        "after": wanted.address(page=str(page.next_page_number())) if page.has_next() else "",
        "chosen": bool(wanted.text or wanted.kind or wanted.company is not None),
        "found": any(counts.values()),
        "news": wanted.address("helpdesk-news", page=wanted.page),
    }


def _mark(page: Page[Any], counts: dict[str, int], now: datetime) -> str:
    """A digest of what changes in the table by itself."""
    rows = [
        (
            ticket.number,
            ticket.state,
            ticket.agent_id,
            ticket.news,
            ticket.question,
            tickets.age(ticket.created_at, now),
        )
        for ticket in page
    ]
    open_ones = [count for tab, count in counts.items() if tab != Tab.CLOSED]
    return token_digest(repr((open_ones, rows)))[:16]


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
