"""/helpdesk/arenden/<number>/: one ticket, what is known about it, and what an agent does with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from accounts import numbers
from accounts.models import User
from helpdesk.agent import mails, next_step
from helpdesk.agent.access import agent_only
from helpdesk.agent.forms import CallBackForm, NoteForm, ReadOutForm, RejectForm
from helpdesk.agent.next_step import NextStep
from helpdesk.agent.tickets import ticket_or_404
from helpdesk.models import Ticket, TimelineEntry
from helpdesk.tickets import decisions, letters, missing, states, verification
from helpdesk.tickets.evidence import gather
from helpdesk.tickets.states import TicketRefused


@require_http_methods(["GET", "HEAD"])
@agent_only
def show(request: HttpRequest, agent: User, number: str) -> HttpResponse:
    """Shows what is asked beside what is known, what speaks against it, and the next step."""
    return _page(request, agent, ticket_or_404(number))


def _page(request: HttpRequest, agent: User, ticket: Ticket, form: forms.Form | None = None) -> HttpResponse:
    """The ticket's page. ``form`` was sent and refused: it keeps what was typed."""
    evidence = gather(ticket)
    step = next_step.for_ticket(ticket, agent, evidence)
    mine = ticket.open and ticket.agent_id == agent.pk
    # An agent who lost the ticket while typing a reason can leave the text as a note.
    typed = form.data.get("why", "") if form and not mine else ""
    by_mail = ticket.source == Ticket.Source.MAIL
    call_back_form = form if isinstance(form, CallBackForm) else CallBackForm()
    context = {
        "here": "queue",
        "ticket": ticket,
        "evidence": evidence,
        "step": step,
        "incomplete": ticket.open and next_step.is_incomplete(ticket),
        "nobody": ticket.open and not (ticket.orderer_id and ticket.company_id),
        "mine": mine,
        "age": _age(ticket.created_at),
        "mails": _mails(ticket, evidence.timeline),
        "missing": missing.why(ticket) if ticket.open else {},
        "outcome_to": letters.outcome_address(ticket) if ticket.open and by_mail else "",
        "phone": ticket.shown_number,
        "mobile": numbers.shown(ticket.orderer.mobile) if ticket.orderer else "",
        "code_under_way": next_step.code_under_way(evidence.timeline),
        "approval": next_step.approval(ticket, evidence) if step == NextStep.APPROVE else None,
        "stopped": any(entry.what == TimelineEntry.What.STOPPED for entry in evidence.timeline),
        "form": form,
        "read_out_form": form if isinstance(form, ReadOutForm) else ReadOutForm(),
        "call_back_form": call_back_form,
        "shown": call_back_form.shown(verification.number_mark(ticket.orderer) if ticket.orderer else ""),
        "reject_form": form if isinstance(form, RejectForm) else RejectForm(),
        "note_form": form if isinstance(form, NoteForm) else NoteForm(initial={"text": typed}),
        # A refused form stands at an address that takes posts only; this one shows the page again.
        "language_next": reverse("helpdesk-ticket", kwargs={"number": ticket.number}),
    }
    return render(request, "helpdesk/agent_ticket.html", context)


def _mails(ticket: Ticket, timeline: Sequence[TimelineEntry]) -> mails.Mails | None:
    """The ticket's mails; None for a ticket that has none."""
    mailed = any(entry.what == TimelineEntry.What.MAILED for entry in timeline)
    if not mailed and ticket.source not in (Ticket.Source.MAIL, Ticket.Source.PORTAL):
        return None
    return mails.for_page(ticket, next((entry.at for entry in timeline if entry.by == TimelineEntry.By.AGENT), None))


def _age(at: datetime) -> str:
    if timezone.now() - at < timedelta(minutes=1):
        return _("nyss")
    return _("för %(age)s sedan") % {"age": timesince(at, depth=1)}


def _act(request: HttpRequest, number: str, done: str, verb: Callable[[Ticket], Any]) -> HttpResponse:
    """Calls the verb, and says ``done`` or why it was refused."""
    ticket = ticket_or_404(number)
    try:
        verb(ticket)
    except TicketRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, done)
    return redirect("helpdesk-ticket", number=number)


def _act_with(
    request: HttpRequest, agent: User, number: str, form: forms.Form, *, done: str, verb: Callable[[Ticket], Any]
) -> HttpResponse:
    """Calls the verb for a valid form. A refusal keeps what was typed. The verb may add an error to the form too."""
    ticket = ticket_or_404(number)
    if form.is_valid():
        try:
            verb(ticket)
        except TicketRefused as refused:
            form.add_error(None, str(refused))
        if form.is_valid():
            messages.success(request, done)
            return redirect("helpdesk-ticket", number=number)
        ticket = ticket_or_404(number)
    return _page(request, agent, ticket, form)


def _address(request: HttpRequest) -> str:
    return str(request.META["REMOTE_ADDR"])


@require_POST
@agent_only
def take(request: HttpRequest, agent: User, number: str) -> HttpResponse:
    done = _("Du har ärendet nu.")
    return _act(request, number, done, lambda ticket: states.take(ticket.pk, agent, _address(request)))


@require_POST
@agent_only
def give_back(request: HttpRequest, agent: User, number: str) -> HttpResponse:
    done = _("Ärendet är lämnat tillbaka, och vem som helst i helpdesk kan ta det.")
    return _act(request, number, done, lambda ticket: states.give_back(ticket.pk, agent, _address(request)))


@require_POST
@agent_only
def note(request: HttpRequest, agent: User, number: str) -> HttpResponse:
    form = NoteForm(request.POST)

    def verb(ticket: Ticket) -> None:
        states.add_note(ticket.pk, agent, form.cleaned_data["text"])

    return _act_with(request, agent, number, form, done=_("Anteckningen är sparad."), verb=verb)


@require_POST
@agent_only
def send_code(request: HttpRequest, agent: User, number: str) -> HttpResponse:
    """Sends a code to the orderer's mobile in the register: the browser sends no number (H1)."""
    done = _("En kod är på väg till beställarens mobil. Be den som ringer läsa upp den.")
    return _act(request, number, done, lambda ticket: verification.send_code(ticket.pk, agent, _address(request)))


@sensitive_variables("form")
@sensitive_post_parameters("code")
@require_POST
@agent_only
def enter_code(request: HttpRequest, agent: User, number: str) -> HttpResponse:
    form = ReadOutForm(request.POST)

    def verb(ticket: Ticket) -> None:
        if not verification.enter_code(ticket.pk, agent, form.cleaned_data["code"], _address(request)):
            # Once the code is too old, the page has no field to lead to.
            field = "code" if next_step.code_under_way(ticket.entries.order_by("-at", "-pk")) else None
            wrong = _("Koden stämmer inte, eller har gått ut. Be att få den uppläst igen, eller skicka en ny.")
            form.add_error(field, wrong)

    return _act_with(request, agent, number, form, done=_("Rätt kod: det är beställaren som ringer."), verb=verb)


@require_POST
@agent_only
def called_back(request: HttpRequest, agent: User, number: str) -> HttpResponse:
    form = CallBackForm(request.POST)

    def verb(ticket: Ticket) -> None:
        why, shown = form.cleaned_data["why"], request.POST.get("shown", "")
        verification.called_back(ticket.pk, agent, why, _address(request), shown=shown)

    done = _("Uppringningen är antecknad. Beställaren är kontrollerad.")
    return _act_with(request, agent, number, form, done=done, verb=verb)


@require_POST
@agent_only
def approve(request: HttpRequest, agent: User, number: str) -> HttpResponse:
    """Carries the ticket out. Raises DirectoryError, which becomes the page of an outage; nothing was done then."""
    done = _("Ärende %(number)s är godkänt och utfört.") % {"number": number}
    return _act(request, number, done, lambda ticket: decisions.approve(ticket.pk, agent, _address(request)))


@require_POST
@agent_only
def reject(request: HttpRequest, agent: User, number: str) -> HttpResponse:
    form = RejectForm(request.POST)

    def verb(ticket: Ticket) -> None:
        decisions.reject(ticket.pk, agent, form.cleaned_data["why"], _address(request))

    return _act_with(
        request, agent, number, form, done=_("Ärende %(number)s är avslaget.") % {"number": number}, verb=verb
    )
