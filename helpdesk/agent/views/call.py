"""/helpdesk/nytt/: a request that comes by telephone. First who calls, then what they ask for."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.models import User
from helpdesk import searches
from helpdesk.access import agent_only
from helpdesk.agent.call_forms import (
    FORMS,
    MOST,
    Caller,
    CallForm,
    CallPhoneForm,
    CallRecipientsForm,
    called,
    callers,
    kinds,
)
from helpdesk.models import Ticket
from helpdesk.tickets import handling

NOBODY = "ingen"  # who calls is not registered


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@agent_only
def new(request: HttpRequest, agent: User) -> HttpResponse:
    """Step 1 without an orderer in the address, step 2 with one: so "back" works, and two calls don't mix."""
    who = request.GET.get("bestallare", "")
    if not who:
        return _find(request)
    found = called(who, request.GET.get("foretag", ""))
    if found is None and who != NOBODY:
        return redirect("helpdesk-new")  # not registered any more, or not for that company
    return _write_down(request, agent, found)


def _find(request: HttpRequest) -> HttpResponse:
    text = searches.kept(request, "callers")
    form = searches.SearchForm(request.POST if request.method == "POST" else {"q": text})
    form.fields["q"].label = _("Namn, e-post, företag eller mobilnummer")
    if request.method == "POST" and form.is_valid():
        searches.keep(request, "callers", "" if "rensa" in request.POST else form.cleaned_data["q"])
        return redirect("helpdesk-new")
    found = callers(text) if request.method != "POST" else []
    context = {
        "here": "new",
        "step": "who",
        "form": form,
        "text": text,
        "callers": [(each, _address(each)) for each in found],
        "nobody": _address(None),
        "most": MOST,
    }
    return render(request, "helpdesk/agent_new.html", context)


def _write_down(request: HttpRequest, agent: User, who: Caller | None) -> HttpResponse:
    kind = request.GET.get("typ", "")
    form_class = FORMS.get(kind, CallPhoneForm)
    posted = request.method == "POST"
    form = form_class(request.POST if posted else None, caller=who)
    if posted and form.is_valid():
        # Pressed once more, with the warning before their eyes, about this account.
        sure = form.account is not None and request.POST.get("sure") == form.account.id
        if not form.doubt or sure:
            opened = _open(form, who, agent, request.META["REMOTE_ADDR"])
            return redirect("helpdesk-ticket", number=opened.number)
    context = {
        "here": "new",
        "step": "what",
        "form": form,
        "caller": who,
        "subject": Ticket.Kind(form_class.kind).label,
        "kinds": [(_address(who, each.value), words, each.value == form_class.kind) for each, words in kinds()],
        "doubt": form.doubt if posted and form.is_valid() else "",
    }
    return render(request, "helpdesk/agent_new.html", context)


def _open(form: CallForm, who: Caller | None, agent: User, address: str) -> Ticket:
    data = form.cleaned_data
    common: dict[str, Any] = {
        "source": Ticket.Source.CALL,
        "company": who.company if who else None,
        "orderer": who.orderer if who else None,
        "company_name": data.get("company_name", ""),
        "orderer_name": data.get("orderer_name", ""),
        "agent": agent,
        "address": address,
    }
    account = form.account.id if form.account else ""
    if isinstance(form, CallPhoneForm):
        about = {name: data[name] for name in ("employee_name", "employee_username", "new_number")}
        return handling.open_phone(**common, **about, account=account)
    if isinstance(form, CallRecipientsForm):
        return handling.open_recipients(**common, addresses=form.addresses)
    return handling.open_other(
        **common, text=data["text"], employee_username=data["employee_username"], account=account
    )


def _address(who: Caller | None, kind: str = "") -> str:
    pairs = {"bestallare": str(who.orderer.pk), "foretag": str(who.company.pk)} if who else {"bestallare": NOBODY}
    return f"{reverse('helpdesk-new')}?{urlencode({**pairs, **({'typ': kind} if kind else {})})}"
