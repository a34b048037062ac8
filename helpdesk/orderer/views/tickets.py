"""/bestallare/arenden/: the company's tickets, their outcome, and how to withdraw one."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Company, Orderer, Phone, PhoneLink
from accounts.throttling import by_address
from helpdesk.models import Ticket, TimelineEntry
from helpdesk.orderer import company_tickets
from helpdesk.orderer.forms import AnswerForm
from helpdesk.orderer.sessions import orderer_only
from helpdesk.tickets import questions, recipients, states
from helpdesk.tickets.letters.missing import is_about_several
from helpdesk.tickets.states import Closed, TicketRefused
from idportal import clock
from idportal.web.hosts import journey_url
from idportal.web.identity import look

A_PAGE = 50
Kind, State, What = Ticket.Kind, Ticket.State, TimelineEntry.What

# What an orderer sees of the timeline. The helpdesk keeps the rest to itself: notes, who has it, why it can't be done.
_SEEN: dict[str, Promise] = {
    What.OPENED: gettext_lazy("Ärendet kom in"),
    What.COMPLETED: gettext_lazy("Fyllde i eller rättade uppgifterna"),
    What.ASKED: gettext_lazy("Ställde en fråga till beställaren"),
    What.ANSWERED: gettext_lazy("Svarade på frågan"),
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
    What.STOPPED: gettext_lazy("Det nya numret stoppades"),
}


@require_http_methods(["GET", "HEAD"])
@orderer_only
def tickets(request: HttpRequest, orderer: Orderer, company: Company) -> HttpResponse:
    """Lists the tickets of all the company's orderers, newest first."""
    listed = company_tickets.shown(company).annotate(question=questions.standing_column())
    listed = listed.order_by("-created_at", "-pk")
    page = Paginator(listed, A_PAGE).get_page(request.GET.get("sida"))
    context = {"here": "tickets", "page": page, "unanswered": questions.UNANSWERED}
    return render(request, "helpdesk/orderer_tickets.html", context)


@require_http_methods(["GET", "HEAD"])
@orderer_only
def ticket(request: HttpRequest, orderer: Orderer, company: Company, number: str) -> HttpResponse:
    """Shows one ticket: what was asked, its state, and what has happened."""
    return _page(request, orderer, company, _ticket_or_404(company, number))


def _page(
    request: HttpRequest, orderer: Orderer, company: Company, ticket: Ticket, form: AnswerForm | None = None
) -> HttpResponse:
    """One ticket's page. ``form`` was sent and refused: it keeps what was typed."""
    steps = _steps(ticket)
    done = ticket.state == State.DONE
    waiting = recipients.waiting(company) if done and ticket.kind == Kind.RECIPIENTS else []
    context = {
        "here": "tickets",
        "ticket": ticket,
        "mine": ticket.orderer_id == orderer.pk,
        "several": is_about_several(ticket.unread),
        "phone": ticket.shown_number,
        "steps": steps,
        "why": company_tickets.why_rejected(ticket),
        "stopped": any(step["what"] is _SEEN[What.STOPPED] for step in steps),
        **_link(ticket),
        "reset_url": journey_url("RESET_HOST", "/aterstall/"),
        "company": company,
        "answer_form": form or AnswerForm(company=company),
        "form": form,
        "question": _question(ticket, orderer),
        "language_next": reverse("orderer-ticket", kwargs={"number": ticket.number}),
        "waiting": [confirmation.address for confirmation in waiting if confirmation.ticket_id == ticket.pk],
    }
    return render(request, "helpdesk/orderer_ticket.html", context)


def _link(ticket: Ticket) -> dict[str, object]:
    """Whether the account still has the linked number; and until when codes to it are held, if they are (H4)."""
    link = PhoneLink.objects.filter(reference=ticket.number).order_by("-made_at").only("user", "usable_from").first()
    if link is None:
        return {"still_linked": False, "usable_from": None}
    still = Phone.objects.filter(user=link.user_id, usable_from=link.usable_from).exists()
    return {"still_linked": still, "usable_from": link.usable_from if link.usable_from > timezone.now() else None}


@require_POST
@by_address.posts_by_address
@orderer_only
def withdraw(request: HttpRequest, orderer: Orderer, company: Company, number: str) -> HttpResponse:
    """Takes a ticket back. Any orderer of the company may do it."""
    ticket = _ticket_or_404(company, number)
    try:
        states.withdraw(ticket.pk, orderer, request.META["REMOTE_ADDR"])
    except Closed as closed:
        messages.warning(request, _too_late(closed.ticket))
    else:
        messages.success(request, _("Ärendet är återtaget. Helpdesk gör inget mer med det."))
    return redirect("orderer-ticket", number=number)


@require_POST
@by_address.posts_by_address
@orderer_only
def answer(request: HttpRequest, orderer: Orderer, company: Company, number: str) -> HttpResponse:
    """Answers the helpdesk's question: words for the agent, which change nothing of the ticket (M6)."""
    ticket, form = _ticket_or_404(company, number), AnswerForm(request.POST, company=company)
    if form.is_valid():
        try:
            questions.answer(ticket.pk, orderer, form.cleaned_data["text"], request.META["REMOTE_ADDR"])
        except TicketRefused as refused:
            messages.warning(request, str(refused))
        else:
            messages.success(request, _("Svaret är skickat till helpdesk."))
        return redirect("orderer-ticket", number=number)
    return _page(request, orderer, company, ticket, form)


def _question(ticket: Ticket, orderer: Orderer) -> str:
    """The helpdesk's question, if it waits for this orderer's answer."""
    if not questions.waits_for(ticket, orderer):
        return ""
    return str(ticket.entries.filter(what=What.ASKED).latest("at", "pk").why)


def _ticket_or_404(company: Company, number: str) -> Ticket:
    """The company's own ticket. Raises Http404 for another company's too (H5)."""
    return get_object_or_404(company_tickets.shown(company), number=number)


def _steps(ticket: Ticket) -> list[dict[str, Any]]:
    """The lines of the timeline, as an orderer reads them."""
    steps = []
    verifying = False
    for entry in ticket.entries.all():
        if entry.what not in _SEEN or (entry.what == What.TAKEN and verifying):
            continue  # when one agent takes over from another, the orderer sees no change
        verifying = entry.what == What.TAKEN or verifying
        said = entry.why if entry.what in (What.ASKED, What.ANSWERED) else ""
        steps.append({"at": entry.at, "what": _SEEN[entry.what], "who": _who(entry), "said": said})
    return steps


def _who(entry: TimelineEntry) -> str:
    """An orderer by name; agents as "Helpdesk"; a mail without its sender, who may be anyone."""
    if entry.by == TimelineEntry.By.ORDERER:
        return entry.who
    if entry.by == TimelineEntry.By.MAIL:
        return _("Mejl")
    return _("Helpdesk") if entry.by == TimelineEntry.By.AGENT else look.current().service


def _too_late(ticket: Ticket) -> str:
    """Says by whom and when the ticket was decided, without the agent's name."""
    last = ticket.entries.filter(what=What.WITHDRAWN).last()
    words = {
        "state": ticket.get_state_display(),
        "who": _who(last) if last else _("helpdesk"),
        "when": clock.stamp(ticket.decided_at),
    }
    return _("Ärendet går inte att ta tillbaka. Det är redan %(state)s av %(who)s, %(when)s.") % words
