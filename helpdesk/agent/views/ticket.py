"""/helpdesk/arenden/<number>/: one ticket, what is known about it, and what an agent can do with it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User, numbers
from accounts.staff.proof import Proof
from helpdesk.agent import exchange, mails, next_step
from helpdesk.agent.access import agent_only, ticket_or_404
from helpdesk.agent.forms import CallBackForm, NoteForm, QuestionForm, ReadOutForm, RejectForm
from helpdesk.agent.next_step import NextStep
from helpdesk.models import Ticket, TimelineEntry
from helpdesk.tickets import decisions, letters, questions, states, verification
from helpdesk.tickets.correcting import can_be_corrected
from helpdesk.tickets.evidence import Evidence, gather
from helpdesk.tickets.letters import missing
from helpdesk.tickets.states import TicketRefused

What = TimelineEntry.What

_WEIGHING = (NextStep.VERIFY, NextStep.COLLEAGUE, NextStep.APPROVE)  # the steps for which a flag matters


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
    shown_mails = _mails(request, agent, ticket, evidence)
    old = timezone.now() - ticket.created_at >= timedelta(minutes=1)
    context = {
        "here": "queue",
        "ticket": ticket,
        "evidence": evidence,
        "step": step,
        "stops": sum(flag.stop for flag in evidence.flags) if step in _WEIGHING else 0,
        "incomplete": ticket.open and next_step.is_incomplete(ticket),
        "nobody": ticket.open and not (ticket.orderer_id and ticket.company_id),
        "mine": mine,
        "correctable": mine and can_be_corrected(ticket),
        "age": _("för %(age)s sedan") % {"age": timesince(ticket.created_at, depth=1)} if old else _("nyss"),
        "mails": shown_mails,
        "missing": missing.why(ticket) if ticket.open else {},
        "outcome_to": letters.outcome_address(ticket) if ticket.open and by_mail else "",
        "phone": ticket.shown_number,
        "mobile": numbers.shown(ticket.orderer.mobile) if ticket.orderer else "",
        "code_under_way": next_step.code_under_way(evidence.timeline),
        "withheld": verification.why_withheld(ticket) if step in (NextStep.VERIFY, NextStep.COLLEAGUE) else "",
        "not_yet": verification.why_not_yet(ticket.orderer),
        "eyes": next_step.eyes(ticket, agent, evidence),
        "approval": next_step.approval(ticket, evidence) if step == NextStep.APPROVE else None,
        "exchange": exchange.for_page(evidence, agent, shown_mails),
        "stopped": any(entry.what == What.STOPPED for entry in evidence.timeline),
        **_forms(form, ticket, typed, Proof.of(request)),
        # A refused form stands at an address that takes posts only; this one shows the page again.
        "language_next": reverse("helpdesk-ticket", kwargs={"number": ticket.number}),
    }
    return render(request, "helpdesk/agent_ticket.html", context)


def _mails(request: HttpRequest, agent: User, ticket: Ticket, evidence: Evidence) -> dict[str, Any] | None:
    """The ticket's mails, and an event that the agent reads them; None: it has none."""
    happened = {entry.what for entry in evidence.timeline}
    if ticket.source not in (Ticket.Source.MAIL, Ticket.Source.PORTAL) and happened.isdisjoint(questions.BY_MAIL):
        return None
    seen = next((entry.at for entry in evidence.timeline if entry.by == TimelineEntry.By.AGENT), None)
    found = mails.for_page(ticket, seen)
    if found["shown"]:
        mails.note_read(ticket, agent, request.META["REMOTE_ADDR"])
    return found


def _forms(form: forms.Form | None, ticket: Ticket, typed: str, proof: Proof) -> dict[str, Any]:
    """The page's forms; ``form`` takes the place of its own kind."""
    call_back_form = form if isinstance(form, CallBackForm) else CallBackForm()
    return {
        "form": form,
        "proof": proof if ticket.kind == Ticket.Kind.PHONE else None,
        "read_out_form": form if isinstance(form, ReadOutForm) else ReadOutForm(),
        "call_back_form": call_back_form,
        "shown": call_back_form.shown(verification.number_mark(ticket.orderer) if ticket.orderer else ""),
        "reject_form": form if isinstance(form, RejectForm) else RejectForm(),
        "question_form": form if isinstance(form, QuestionForm) else QuestionForm(),
        "note_form": form if isinstance(form, NoteForm) else NoteForm(initial={"text": typed}),
    }


# What an agent does by a button, and what the page says then. The code goes to the orderer's mobile in the register:
# the browser sends no number (H1).
_ACTIONS: dict[str, tuple[Callable[..., Any], Promise]] = {
    "take": (states.take, gettext_lazy("Du har ärendet nu.")),
    "give back": (
        states.give_back,
        gettext_lazy("Ärendet är lämnat tillbaka, och vem som helst i helpdesk kan ta det."),
    ),
    "send code": (
        verification.send_code,
        gettext_lazy("En kod är på väg till beställarens mobil. Be den som ringer läsa upp den."),
    ),
    "approve": (decisions.approve, gettext_lazy("Ärende %(number)s är godkänt och utfört.")),
}


@sensitive_post_parameters("factor-code", "passkey")
@require_POST
@agent_only
def act(request: HttpRequest, agent: User, number: str, action: str) -> HttpResponse:
    """Does one of ``_ACTIONS``. Raises DirectoryError, which becomes the page of an outage; nothing was done then."""
    verb, done = _ACTIONS[action]
    ticket, proof = ticket_or_404(number), Proof.of(request)
    if action == "approve" and ticket.kind == Ticket.Kind.PHONE and not proof.given():
        return _page(request, agent, ticket)  # A3: a new number gives the account away
    try:
        seen = {"seen": request.POST.get("seen", "")} if action == "approve" else {}
        verb(ticket.pk, agent, request.META["REMOTE_ADDR"], **seen)
    except TicketRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, str(done) % {"number": number})
    return redirect("helpdesk-ticket", number=number)


def _enter_code(form: Any, ticket: Ticket, agent: User, address: str) -> None:
    if not verification.enter_code(ticket.pk, agent, form.cleaned_data["code"], address):
        # Once the code is too old, the page has no field to lead to.
        field = "code" if next_step.code_under_way(ticket.entries.order_by("-at", "-pk")) else None
        wrong = _("Koden stämmer inte, eller har gått ut. Be att få den uppläst igen, eller skicka en ny.")
        form.add_error(field, wrong)


_FORMS: dict[str, tuple[type[forms.Form], Callable[[Any, Ticket, User, str], Any], Promise]] = {
    "enter code": (ReadOutForm, _enter_code, gettext_lazy("Rätt kod: det är beställaren som ringer.")),
    "called back": (
        CallBackForm,
        lambda form, ticket, agent, address: verification.called_back(
            ticket.pk, agent, form.cleaned_data["why"], address, shown=form.data.get("shown", "")
        ),
        gettext_lazy("Uppringningen är antecknad. Beställaren är kontrollerad."),
    ),
    "reject": (
        RejectForm,
        lambda form, ticket, agent, address: decisions.reject(ticket.pk, agent, form.cleaned_data["why"], address),
        gettext_lazy("Ärende %(number)s är avslaget."),
    ),
    "ask": (
        QuestionForm,
        lambda form, ticket, agent, address: questions.ask(ticket.pk, agent, form.question, address),
        gettext_lazy("Frågan är på väg till beställaren. Svaret kommer hit till ärendet."),
    ),
    "note": (
        NoteForm,
        lambda form, ticket, agent, address: states.add_note(ticket.pk, agent, form.cleaned_data["text"]),
        gettext_lazy("Anteckningen är sparad."),
    ),
}


@sensitive_variables("form")
@sensitive_post_parameters("code")
@require_POST
@agent_only
def send(request: HttpRequest, agent: User, number: str, action: str) -> HttpResponse:
    """Does one of ``_FORMS``. A refusal, or an error that the verb adds to the form, keeps what was typed."""
    form_class, verb, done = _FORMS[action]
    form, ticket = form_class(request.POST), ticket_or_404(number)
    if form.is_valid():
        try:
            verb(form, ticket, agent, request.META["REMOTE_ADDR"])
        except TicketRefused as refused:
            form.add_error(None, str(refused))
        if form.is_valid():
            messages.success(request, str(done) % {"number": number})
            return redirect("helpdesk-ticket", number=number)
        ticket = ticket_or_404(number)
    return _page(request, agent, ticket, form)
