"""/helpdesk/arenden/<number>/: one request, what is known about it, and what an agent does with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from helpdesk.access import agent_only
from helpdesk.agent import mails, next_step
from helpdesk.agent.forms import CallBackForm, NoteForm, ReadOutForm, RejectForm
from helpdesk.agent.next_step import NextStep
from helpdesk.models import Entry, Ticket
from helpdesk.tickets import answers, decisions, evidence, handling, missing, verification
from helpdesk.tickets.evidence.context import readable
from helpdesk.tickets.refusals import TicketRefused

_NUMBER = re.compile(r"\d{4}-\d{5,7}", re.ASCII)


def one_ticket(number: str) -> Ticket:
    if not _NUMBER.fullmatch(number):  # no database need be asked, and PostgreSQL would refuse some
        raise Http404
    return get_object_or_404(Ticket.objects.select_related("company", "orderer", "agent", "decided_by"), number=number)


@require_http_methods(["GET", "HEAD"])
@agent_only
def show(request: HttpRequest, agent: User, number: str) -> HttpResponse:
    """What is asked beside what is known, what speaks against it, and the next step."""
    return _page(request, agent, one_ticket(number))


def _page(request: HttpRequest, agent: User, one: Ticket, form: forms.Form | None = None) -> HttpResponse:
    """``form``: one that was sent and has to be mended; what was typed stays in it."""
    known = evidence.gather(one)
    step = next_step.for_ticket(one, agent, known)
    mine = one.open and one.agent_id == agent.pk
    # Who was too late to turn it down, or to say whom they called, can leave what they typed as a note.
    kept = form.data.get("why", "") if form and not mine else ""
    by_mail = one.source == Ticket.Source.MAIL
    mailed = any(entry.what == Entry.What.MAILED for entry in known.timeline)
    seen = next((entry.at for entry in known.timeline if entry.by == Entry.By.AGENT), None)
    call_back_form = form if isinstance(form, CallBackForm) else CallBackForm()
    context = {
        "here": "queue",
        "one": one,
        "known": known,
        "step": step,
        "incomplete": one.open and next_step.is_incomplete(one),
        "nobody": one.open and not (one.orderer_id and one.company_id),
        "mine": mine,
        "age": _age(one.created_at),
        "mails": mails.for_page(one, seen) if by_mail or mailed or one.source == Ticket.Source.PORTAL else None,
        "missing": missing.why(one) if one.open else {},
        "outcome_to": answers.gets_outcome(one) if one.open and by_mail else "",
        "phone": one.shown_number,
        "mobile": readable(one.orderer.mobile) if one.orderer else "",
        "code_under_way": next_step.code_under_way(known.timeline),
        "approve": next_step.button(one, known),
        "consequences": next_step.consequences(one, known) if step == NextStep.APPROVE else [],
        "stopped": any(entry.what == Entry.What.STOPPED for entry in known.timeline),
        "form": form,
        "read_out_form": form if isinstance(form, ReadOutForm) else ReadOutForm(),
        "call_back_form": call_back_form,
        "shown": call_back_form.shown(verification.seen(one.orderer) if one.orderer else ""),
        "reject_form": form if isinstance(form, RejectForm) else RejectForm(),
        "note_form": form if isinstance(form, NoteForm) else NoteForm(initial={"text": kept}),
        # The address that shows this page again: a form that failed stands at one that only takes posts.
        "language_next": reverse("helpdesk-ticket", kwargs={"number": one.number}),
    }
    return render(request, "helpdesk/agent_ticket.html", context)


def _age(at: datetime) -> str:
    if timezone.now() - at < timedelta(minutes=1):
        return _("nyss")
    return _("för %(age)s sedan") % {"age": timesince(at, depth=1)}


def _act(request: HttpRequest, one: Ticket, verb: Callable[[], Any], done: str) -> HttpResponse:
    """Does it, and says on the page that it was done, or why not."""
    try:
        verb()
    except TicketRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, done)
    return redirect("helpdesk-ticket", number=one.number)


def _act_on(
    request: HttpRequest, agent: User, number: str, form: forms.Form, *, verb: Callable[[Ticket], Any], done: str
) -> HttpResponse:
    """The same with something typed, which is not lost if it is refused. ``verb`` may add an error to the form, too."""
    one = one_ticket(number)
    if form.is_valid():
        try:
            verb(one)
        except TicketRefused as refused:
            form.add_error(None, str(refused))
        if form.is_valid():
            messages.success(request, done)
            return redirect("helpdesk-ticket", number=number)
        one = one_ticket(number)
    return _page(request, agent, one, form)


@require_POST
@agent_only
def take(request: HttpRequest, agent: User, number: str) -> HttpResponse:
    one = one_ticket(number)
    return _act(request, one, lambda: handling.take(one.pk, agent, _address(request)), _("Du har ärendet nu."))


@require_POST
@agent_only
def give_back(request: HttpRequest, agent: User, number: str) -> HttpResponse:
    one = one_ticket(number)
    done = _("Ärendet är lämnat tillbaka, och vem som helst i helpdesk kan ta det.")
    return _act(request, one, lambda: handling.give_back(one.pk, agent, _address(request)), done)


@require_POST
@agent_only
def note(request: HttpRequest, agent: User, number: str) -> HttpResponse:
    form = NoteForm(request.POST)
    done = _("Anteckningen är sparad.")

    def verb(one: Ticket) -> None:
        handling.note(one.pk, agent, form.cleaned_data["text"])

    return _act_on(request, agent, number, form, verb=verb, done=done)


@require_POST
@agent_only
def send_code(request: HttpRequest, agent: User, number: str) -> HttpResponse:
    """A code to the orderer's mobile on file: no number comes with the request (H1)."""
    one = one_ticket(number)
    done = _("En kod är på väg till beställarens mobil. Be den som ringer läsa upp den.")
    return _act(request, one, lambda: verification.send_code(one.pk, agent, _address(request)), done)


@sensitive_post_parameters("code")
@require_POST
@agent_only
def enter_code(request: HttpRequest, agent: User, number: str) -> HttpResponse:
    return _enter_code(request, agent, number)


@sensitive_variables("form")
def _enter_code(request: HttpRequest, agent: User, number: str) -> HttpResponse:
    form = ReadOutForm(request.POST)

    def verb(one: Ticket) -> None:
        if not verification.enter_code(one.pk, agent, form.cleaned_data["code"], _address(request)):
            # Once the code is too old, the page has no field to lead to.
            field = "code" if next_step.code_under_way(one.entries.order_by("-at", "-pk")) else None
            wrong = _("Koden stämmer inte, eller har gått ut. Be att få den uppläst igen, eller skicka en ny.")
            form.add_error(field, wrong)

    done = _("Rätt kod: det är beställaren som ringer.")
    return _act_on(request, agent, number, form, verb=verb, done=done)


@require_POST
@agent_only
def called_back(request: HttpRequest, agent: User, number: str) -> HttpResponse:
    form = CallBackForm(request.POST)
    done = _("Uppringningen är antecknad. Beställaren är kontrollerad.")

    def verb(one: Ticket) -> None:
        why, shown = form.cleaned_data["why"], request.POST.get("shown", "")
        verification.called_back(one.pk, agent, why, _address(request), shown=shown)

    return _act_on(request, agent, number, form, verb=verb, done=done)


@require_POST
@agent_only
def approve(request: HttpRequest, agent: User, number: str) -> HttpResponse:
    """Carries it out. Raises DirectoryError, which becomes the page of an outage, and nothing was done."""
    one = one_ticket(number)
    done = _("Ärende %(number)s är godkänt och utfört.") % {"number": one.number}
    return _act(request, one, lambda: decisions.approve(one.pk, agent, _address(request)), done)


@require_POST
@agent_only
def reject(request: HttpRequest, agent: User, number: str) -> HttpResponse:
    form = RejectForm(request.POST)
    done = _("Ärende %(number)s är avslaget.") % {"number": number}

    def verb(one: Ticket) -> None:
        handling.reject(one.pk, agent, form.cleaned_data["why"], _address(request))

    return _act_on(request, agent, number, form, verb=verb, done=done)


def _address(request: HttpRequest) -> str:
    return str(request.META["REMOTE_ADDR"])
