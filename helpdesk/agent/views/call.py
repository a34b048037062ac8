"""Pages to fill in a ticket: /helpdesk/nytt/ for a call, /helpdesk/arenden/<number>/uppgifter/ beside a mail.

First who asks, then what they ask for. Step 1 has no orderer in the address, step 2 has one: so "back" works.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import audit
from accounts.models import User, numbers
from helpdesk.agent import calls, lookup, mails
from helpdesk.agent.access import agent_only, ticket_or_404
from helpdesk.agent.calls import FORMS, Caller, CallForm, CallPhoneForm
from helpdesk.intake import reading
from helpdesk.models import Ticket
from helpdesk.searches import SearchForm
from helpdesk.tickets.creating import complete as complete_ticket
from helpdesk.tickets.creating import create_ticket
from helpdesk.tickets.letters.missing import in_words, is_about_several
from helpdesk.tickets.states import TicketRefused

FIND = {"bestallare": "sok"}  # beside a mail, the step in which the agent looks for the orderer

Pairs = dict[str, str]


def _who(form: SearchForm, agent: User, address: Callable[[Pairs], str]) -> dict[str, Any]:
    """The page of step 1. ``address``: of step 2, for these pairs."""
    found = [] if form.errors else calls.find_callers(form.text)
    if form.is_new():
        people = {caller.orderer for caller in found}
        only, ip = next(iter(people)) if len(people) == 1 else None, form.request.META["REMOTE_ADDR"]
        audit.record_search(f"callers, {len(people)} rows", actor=agent, subject=only, address=ip)
    return {
        "step": "who",
        "form": form,
        "text": form.text,
        "callers": [(caller, address(calls.query_of(caller))) for caller in found],
        "nobody": address(calls.query_of(None)),
        "most": calls.MOST_CALLERS,
    }


def _what(form: CallForm, caller: Caller | None, address: Callable[[Pairs], str]) -> dict[str, Any]:
    """The page of step 2. ``address``: of this page, for another kind of ticket."""
    kinds = [(address({"typ": each.kind}), each.tab, None, each.kind == form.kind) for each in FORMS.values()]
    doubt = form.doubt if form.is_valid() else ""
    return {
        "step": "what",
        "form": form,
        "caller": caller,
        "subject": form.kind.subject,
        "kinds": kinds,
        "doubt": doubt,
    }


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@agent_only
def new(request: HttpRequest, agent: User) -> HttpResponse:
    """For a call. Two calls don't mix: the address says who calls."""

    def address(pairs: Pairs) -> str:
        return reverse("helpdesk-new", query=pairs)

    if not request.GET.get("bestallare"):
        search = SearchForm(request, "callers", _("Namn, e-post, företag eller mobilnummer"))
        if search.keep_posted():
            return redirect("helpdesk-new")
        return render(request, "helpdesk/agent_new.html", {"here": "new", **_who(search, agent, address)})
    caller = calls.from_query(request.GET)
    if caller is None and request.GET["bestallare"] != calls.NOBODY:
        return redirect("helpdesk-new")  # not registered any more, or not for that company
    form_class = FORMS.get(request.GET.get("typ", ""), CallPhoneForm)
    form = form_class(request.POST if request.method == "POST" else None, caller=caller)
    if form.is_settled():
        ip = request.META["REMOTE_ADDR"]
        ticket = create_ticket(form.details(), source=Ticket.Source.CALL, agent=agent, address=ip)
        return redirect("helpdesk-ticket", number=ticket.number)
    _note_look(request, agent, form)
    what = _what(form, caller, lambda pairs: address({**calls.query_of(caller), **pairs}))
    return render(request, "helpdesk/agent_new.html", {"here": "new", **what})


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@agent_only
def complete(request: HttpRequest, agent: User, number: str) -> HttpResponse:
    """What a mail left out or got wrong: only for a mail, and for the agent who has the ticket."""
    ticket = ticket_or_404(number)
    if ticket.source != Ticket.Source.MAIL or not ticket.open or ticket.agent != agent:
        messages.error(request, _("Ta ärendet först. Bara den som har ett ärende från mejl kan ändra uppgifterna."))
        return redirect("helpdesk-ticket", number=number)

    def address(pairs: Pairs) -> str:
        """The kind that the agent has chosen stays."""
        kind = {"typ": request.GET["typ"]} if "typ" in request.GET and "typ" not in pairs else {}
        return reverse("helpdesk-complete", kwargs={"number": number}, query={**pairs, **kind})

    if request.GET.get("bestallare") == FIND["bestallare"]:
        label = _("Namn, e-post, företag eller mobilnummer")
        search = SearchForm(request, f"orderer of {number}", label, ticket.orderer_name)
        if search.keep_posted():
            return redirect(address(FIND))
        mails.note_read(ticket, agent, request.META["REMOTE_ADDR"])
        context = {"mails": mails.for_page(ticket, timezone.now()), "back": address({}), **_who(search, agent, address)}
        return render(request, "helpdesk/agent_complete.html", {"here": "queue", "ticket": ticket, **context})
    return _fill_in(request, agent, ticket, address)


def _fill_in(request: HttpRequest, agent: User, ticket: Ticket, address: Callable[[Pairs], str]) -> HttpResponse:
    caller = None
    if request.GET.get("bestallare"):
        caller = calls.from_query(request.GET)
    elif ticket.orderer_id and ticket.company_id:
        caller = calls.caller_of(ticket.orderer_id, ticket.company_id)
    if caller is None and ticket.orderer_id and "bestallare" not in request.GET:
        # The orderer has several companies, or may not order any more: saved now, the ticket would lose its orderer.
        return redirect(address(FIND))
    kind = FORMS.get(request.GET.get("typ", ""), FORMS[ticket.kind]).kind
    asked, fields = reading.as_kind(ticket.opening_mail, kind), reading.fields_of(ticket)
    changed = kind != ticket.kind
    if changed:
        fields = reading.with_read(fields, asked)
    form = _form_beside_mail(request, caller, kind, fields)
    if form.is_settled():
        return _save(request, agent, ticket, form)
    _note_look(request, agent, form)
    mails.note_read(ticket, agent, request.META["REMOTE_ADDR"])
    chosen = {name: request.GET[name] for name in ("bestallare", "foretag") if name in request.GET}
    context = {
        "here": "queue",
        "ticket": ticket,
        "mails": mails.for_page(ticket, timezone.now(), asked, fields),
        "doubts": in_words(asked.doubts if changed else ticket.doubts),
        "several": is_about_several(asked.unread if changed else ticket.unread),
        "find": address(FIND),
        **_what(form, caller, lambda pairs: address({**chosen, **pairs})),
    }
    return render(request, "helpdesk/agent_complete.html", context)


def _note_look(request: HttpRequest, agent: User, form: CallForm) -> None:
    """Leaves an event of an account that was looked up for a form, and of no ticket (H11)."""
    if form.account:
        lookup.leave_trail([form.account], agent, request.META["REMOTE_ADDR"], "")


def _form_beside_mail(request: HttpRequest, caller: Caller | None, kind: Ticket.Kind, fields: Pairs) -> CallForm:
    initial = {**fields, "new_number": numbers.shown(fields["new_number"])}
    form = FORMS[kind](request.POST if request.method == "POST" else None, caller=caller, initial=initial)
    if "orderer_name" in form.fields:
        form.fields["orderer_name"].label = _("Vem har skickat begäran?")
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
