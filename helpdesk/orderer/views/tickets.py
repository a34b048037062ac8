"""/bestallare/arenden/: what the company has asked of the helpdesk, what became of it, and how to take it back."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts import limits
from accounts.models import Company, Orderer, Phone, PhoneLink
from helpdesk.orderer.access import orderer_only
from helpdesk.models import Entry, Ticket
from helpdesk.tickets import handling as verbs
from helpdesk.tickets import recipients
from helpdesk.tickets.missing import is_about_several
from helpdesk.tickets.refusals import Closed
from idportal.hosts import journey_url

A_PAGE = 50
Kind, State, What = Ticket.Kind, Ticket.State, Entry.What

_NUMBER = re.compile(r"\d{4}-\d{5,7}", re.ASCII)

# What an orderer sees of the timeline. What is not here is the helpdesk's own: notes, who has it, why it can't be done.
_SEEN: dict[str, Promise] = {
    What.OPENED: gettext_lazy("Ärendet kom in"),
    What.MAILED: gettext_lazy("Ett mejl till kom in"),
    What.COMPLETED: gettext_lazy("Fyllde i eller rättade uppgifterna"),
    What.TAKEN: gettext_lazy("Började kontrollera ärendet"),
    What.CODE_SENT: gettext_lazy("Skickade en kod till beställarens mobil"),
    What.CODE_WRONG: gettext_lazy("Fick en kod som var fel"),
    What.CODE_RIGHT: gettext_lazy("Fick rätt kod av beställaren"),
    What.CALLED_BACK: gettext_lazy("Ringde upp beställaren"),
    What.NOT_CARRIED_OUT: gettext_lazy("Försökte, men det gick inte att utföra än"),
    What.CARRIED_OUT: gettext_lazy("Godkände ärendet, och det är utfört"),
    What.REJECTED: gettext_lazy("Avslog ärendet"),
    What.WITHDRAWN: gettext_lazy("Tog tillbaka ärendet"),
    What.CONFIRMED: gettext_lazy("En mottagare bekräftade sin adress"),
    What.STOPPED: gettext_lazy("Kopplingen av numret stoppades"),
}


class TimelineStep(NamedTuple):
    """One line of the timeline, as an orderer reads it."""

    at: datetime
    what: Promise
    who: str
    why: str


@require_http_methods(["GET", "HEAD"])
@orderer_only
def tickets(request: HttpRequest, orderer: Orderer, company: Company) -> HttpResponse:
    """All of the company, whichever of its orderers asked, newest first."""
    page = Paginator(_of(company).order_by("-created_at", "-pk"), A_PAGE).get_page(request.GET.get("sida"))
    return render(request, "helpdesk/orderer_tickets.html", {"here": "tickets", "page": page})


@require_http_methods(["GET", "HEAD"])
@orderer_only
def ticket(request: HttpRequest, orderer: Orderer, company: Company, number: str) -> HttpResponse:
    """What was asked, how it stands, and what has happened."""
    one = _one(company, number)
    steps = _steps(one)
    done = one.state == State.DONE
    waiting = recipients.waiting(company) if done and one.kind == Kind.RECIPIENTS else []
    context = {
        "here": "tickets",
        "one": one,
        "mine": one.orderer_id == orderer.pk,
        "several": is_about_several(one.unread),
        "phone": one.shown_number,
        "steps": steps,
        "why": next((step.why for step in reversed(steps) if step.why), ""),
        "stopped": any(step.what is _SEEN[What.STOPPED] for step in steps),
        **_of_link(one),
        "reset_url": journey_url("RESET_HOST", "/aterstall/"),
        "waiting": [each.address for each in waiting if each.ticket_id == one.pk],
    }
    return render(request, "helpdesk/orderer_ticket.html", context)


def _of_link(one: Ticket) -> dict[str, object]:
    """Whether the linked number is still the account's, and from when codes go there if that is to come (H4)."""
    link = PhoneLink.objects.filter(reference=one.number).order_by("-made_at").only("user", "usable_from").first()
    if link is None:
        return {"still_linked": False, "usable_from": None}
    still = Phone.objects.filter(user=link.user_id, usable_from=link.usable_from).exists()
    return {"still_linked": still, "usable_from": link.usable_from if link.usable_from > timezone.now() else None}


@require_POST
@limits.posts_by_address
@orderer_only
def withdraw(request: HttpRequest, orderer: Orderer, company: Company, number: str) -> HttpResponse:
    """Takes it back, whichever of the company's orderers asked."""
    one = _one(company, number)
    try:
        verbs.withdraw(one.pk, orderer, request.META["REMOTE_ADDR"])
    except Closed as closed:
        messages.warning(request, _too_late(closed.ticket))
    else:
        messages.success(request, _("Ärendet är återtaget. Helpdesk gör inget mer med det."))
    return redirect("orderer-ticket", number=one.number)


def _of(company: Company) -> QuerySet[Ticket]:
    """What was asked in the company's name. What the portal itself tells the helpdesk is theirs alone."""
    return Ticket.objects.filter(company=company).exclude(source=Ticket.Source.PORTAL)


def _one(company: Company, number: str) -> Ticket:
    """The company's own request. Somebody else's is not to be found (H5)."""
    if not _NUMBER.fullmatch(number):  # no database need be asked, and PostgreSQL would refuse some
        raise Http404
    return get_object_or_404(_of(company), number=number)


def _steps(one: Ticket) -> list[TimelineStep]:
    steps: list[TimelineStep] = []
    verifying = False
    for entry in one.entries.all():
        if entry.what not in _SEEN or (entry.what == What.TAKEN and verifying):
            continue  # from one agent to another, it is with the helpdesk still
        verifying = entry.what == What.TAKEN or verifying
        why = entry.why if entry.what == What.REJECTED else ""
        steps.append(TimelineStep(entry.at, _SEEN[entry.what], _who(entry), why))
    return steps


def _who(entry: Entry) -> str:
    """The orderer by name; an agent is the helpdesk."""
    if entry.by == Entry.By.ORDERER:
        return entry.who
    if entry.by == Entry.By.MAIL:
        return _("Mejl")  # from whom, is the helpdesk's own: it can be anyone
    return _("Helpdesk") if entry.by == Entry.By.AGENT else _("Lösenordsportalen")


def _too_late(one: Ticket) -> str:
    """By whom and when it was decided; which agent it was, is the helpdesk's own."""
    last = one.entries.filter(what=What.WITHDRAWN).last()
    words = {
        "state": one.get_state_display(),
        "who": _who(last) if last else _("helpdesk"),
        "when": f"{timezone.localtime(one.decided_at):%Y-%m-%d %H:%M}" if one.decided_at else "",
    }
    return _("Ärendet går inte att ta tillbaka. Det är redan %(state)s av %(who)s, %(when)s.") % words
