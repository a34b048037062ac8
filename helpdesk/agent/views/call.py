"""/helpdesk/nytt/: a ticket that comes by telephone. First who calls, then what they ask for."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.models import User
from helpdesk.agent import callers
from helpdesk.agent.access import agent_only
from helpdesk.agent.call_forms import FORMS, CallPhoneForm, kinds
from helpdesk.agent.callers import Caller
from helpdesk.models import Ticket
from helpdesk.searches import SearchForm
from helpdesk.tickets.creating import create_ticket


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@agent_only
def new(request: HttpRequest, agent: User) -> HttpResponse:
    """Step 1 has no orderer in the address, step 2 has one: so "back" works, and two calls don't mix."""
    if not request.GET.get("bestallare"):
        return _find(request)
    caller = callers.from_query(request.GET)
    if caller is None and request.GET["bestallare"] != callers.NOBODY:
        return redirect("helpdesk-new")  # not registered any more, or not for that company
    return _write_down(request, agent, caller)


def _find(request: HttpRequest) -> HttpResponse:
    form = SearchForm(request, "callers", _("Namn, e-post, företag eller mobilnummer"))
    if form.keep_posted():
        return redirect("helpdesk-new")
    found = [] if form.errors else callers.search(form.text)
    context = {
        "here": "new",
        "step": "who",
        "form": form,
        "text": form.text,
        "callers": [(caller, _address(caller)) for caller in found],
        "nobody": _address(None),
        "most": callers.MOST,
    }
    return render(request, "helpdesk/agent_new.html", context)


def _write_down(request: HttpRequest, agent: User, caller: Caller | None) -> HttpResponse:
    form_class = FORMS.get(request.GET.get("typ", ""), CallPhoneForm)
    form = form_class(request.POST if request.method == "POST" else None, caller=caller)
    if form.is_settled():
        address = request.META["REMOTE_ADDR"]
        ticket = create_ticket(form.details(), source=Ticket.Source.CALL, agent=agent, address=address)
        return redirect("helpdesk-ticket", number=ticket.number)
    context = {
        "here": "new",
        "step": "what",
        "form": form,
        "caller": caller,
        "subject": form.kind.label,
        "kinds": [(_address(caller, kind), words, None, kind == form.kind) for kind, words in kinds()],
        "doubt": form.doubt if form.is_valid() else "",
    }
    return render(request, "helpdesk/agent_new.html", context)


def _address(caller: Caller | None, kind: str = "") -> str:
    return reverse("helpdesk-new", query={**callers.query(caller), **({"typ": kind} if kind else {})})
