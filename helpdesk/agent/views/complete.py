"""/helpdesk/arenden/<number>/uppgifter/: the agent fills in, beside the mail, what the mail left out or got wrong."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import numbers
from accounts.models import User
from helpdesk.agent import callers, mails
from helpdesk.agent.access import agent_only, ticket_or_404
from helpdesk.agent.call_forms import FORMS, CallForm, kinds
from helpdesk.agent.callers import Caller
from helpdesk.intake import reading
from helpdesk.models import Ticket
from helpdesk.searches import SearchForm
from helpdesk.tickets.creating import complete as complete_ticket
from helpdesk.tickets.missing import in_words, is_about_several
from helpdesk.tickets.states import TicketRefused

FIND = {"bestallare": "sok"}  # the step in which the agent looks for the orderer


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@agent_only
def complete(request: HttpRequest, agent: User, number: str) -> HttpResponse:
    """Who asks, and what they ask for. Only for a mail, and for the agent who has the ticket."""
    ticket = ticket_or_404(number)
    if ticket.source != Ticket.Source.MAIL or not ticket.open or ticket.agent != agent:
        messages.error(request, _("Ta ärendet först. Bara den som har ett ärende från mejl kan ändra uppgifterna."))
        return redirect("helpdesk-ticket", number=number)
    if request.GET.get("bestallare") == FIND["bestallare"]:
        return _find(request, ticket)
    return _fill_in(request, agent, ticket)


def _find(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    label = _("Namn, e-post, företag eller mobilnummer")
    form = SearchForm(request, f"orderer of {ticket.number}", label, ticket.orderer_name)
    if form.keep_posted():
        return redirect(_address(request, ticket, FIND))
    found = [] if form.errors else callers.search(form.text)
    context = {
        "here": "queue",
        "ticket": ticket,
        "mails": mails.for_page(ticket, timezone.now()),
        "step": "who",
        "form": form,
        "text": form.text,
        "callers": [(caller, _address(request, ticket, callers.query(caller))) for caller in found],
        "nobody": _address(request, ticket, callers.query(None)),
        "back": _address(request, ticket, {}),
        "most": callers.MOST,
    }
    return render(request, "helpdesk/agent_complete.html", context)


def _fill_in(request: HttpRequest, agent: User, ticket: Ticket) -> HttpResponse:
    caller = _caller(request, ticket)
    if caller is None and ticket.orderer_id and "bestallare" not in request.GET:
        # The orderer has several companies, or may not order any more: saved now, the ticket would lose its orderer.
        return redirect(_address(request, ticket, FIND))
    kind = FORMS.get(request.GET.get("typ", ""), FORMS[ticket.kind]).kind
    asked, fields = reading.as_kind(ticket.opening_mail, kind), reading.fields_of(ticket)
    changed = kind != ticket.kind
    if changed:
        fields = reading.with_read(fields, asked)
    form = _form(request, caller, kind, fields)
    if form.is_settled():
        return _save(request, agent, ticket, form)
    chosen = {name: request.GET[name] for name in ("bestallare", "foretag") if name in request.GET}
    context = {
        "here": "queue",
        "ticket": ticket,
        "mails": mails.for_page(ticket, timezone.now(), asked, fields),
        "step": "what",
        "form": form,
        "caller": caller,
        "doubts": in_words(asked.doubts if changed else ticket.doubts),
        "several": is_about_several(asked.unread if changed else ticket.unread),
        "subject": kind.label,
        "kinds": [
            (_address(request, ticket, {**chosen, "typ": other}), words, None, other == kind)
            for other, words in kinds()
        ],
        "find": _address(request, ticket, FIND),
        "doubt": form.doubt if form.is_valid() else "",
    }
    return render(request, "helpdesk/agent_complete.html", context)


def _caller(request: HttpRequest, ticket: Ticket) -> Caller | None:
    """The orderer whom the agent has chosen; if none, the ticket's own."""
    if request.GET.get("bestallare"):
        return callers.from_query(request.GET)
    return callers.get(ticket.orderer_id, ticket.company_id) if ticket.orderer_id and ticket.company_id else None


def _form(request: HttpRequest, caller: Caller | None, kind: Ticket.Kind, fields: dict[str, str]) -> CallForm:
    initial = {**fields, "new_number": numbers.shown(fields["new_number"])}
    form = FORMS[kind](request.POST if request.method == "POST" else None, caller=caller, initial=initial)
    if "orderer_name" in form.fields:
        form.fields["orderer_name"].label = _("Vem frågar?")
    if "employee_name" in form.fields:
        form.fields["employee_name"].required = False  # the directory has it
    return form


def _save(request: HttpRequest, agent: User, ticket: Ticket, form: CallForm) -> HttpResponse:
    try:
        complete_ticket(ticket.pk, agent, form.details(), request.META["REMOTE_ADDR"])
    except TicketRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Uppgifterna är sparade."))
    return redirect("helpdesk-ticket", number=ticket.number)


def _address(request: HttpRequest, ticket: Ticket, pairs: dict[str, str]) -> str:
    """This page with these pairs; the kind that the agent has chosen stays."""
    kind = {"typ": request.GET["typ"]} if "typ" in request.GET and "typ" not in pairs else {}
    return reverse("helpdesk-complete", kwargs={"number": ticket.number}, query={**pairs, **kind})
