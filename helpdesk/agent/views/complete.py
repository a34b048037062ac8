"""/helpdesk/arenden/<number>/uppgifter/: what a mail does not tell, or tells wrongly, filled in beside the mail."""

from __future__ import annotations

from urllib.parse import urlencode

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
from helpdesk import searches
from helpdesk.access import agent_only
from helpdesk.agent import mails
from helpdesk.agent.call_forms import (
    FORMS,
    MOST,
    Caller,
    CallForm,
    CallPhoneForm,
    CallRecipientsForm,
    called,
    caller,
    callers,
    kinds,
)
from helpdesk.agent.views.ticket import one_ticket
from helpdesk.intake import reread
from helpdesk.models import Ticket
from helpdesk.tickets import handling
from helpdesk.tickets.missing import in_words, is_about_several
from helpdesk.tickets.refusals import TicketRefused

NOBODY = "ingen"  # who asks is not registered
FIND = "sok"  # the step in which the orderer is looked for


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@agent_only
def complete(request: HttpRequest, agent: User, number: str) -> HttpResponse:
    """Who asks and what is asked for. Only for a mail that this agent has; the page of the request says so else."""
    one = one_ticket(number)
    if one.source != Ticket.Source.MAIL or not one.open or one.agent != agent:
        messages.error(request, _("Ta ärendet först. Bara den som har ett ärende från mejl kan ändra uppgifterna."))
        return redirect("helpdesk-ticket", number=number)
    if request.GET.get("bestallare") == FIND:
        return _find(request, one)
    return _fill_in(request, agent, one)


def _find(request: HttpRequest, one: Ticket) -> HttpResponse:
    where = f"orderer of {one.number}"
    text = searches.kept(request, where)
    form = searches.SearchForm(request.POST if request.method == "POST" else {"q": text or one.orderer_name[:100]})
    form.fields["q"].label = _("Namn, e-post, företag eller mobilnummer")
    if request.method == "POST" and form.is_valid():
        searches.keep(request, where, form.cleaned_data["q"])
        return redirect(_address(request, one, {"bestallare": FIND}))
    form.is_valid()
    text = form.cleaned_data.get("q", "")
    found = callers(text) if text and request.method != "POST" else []
    context = {
        "here": "queue",
        "one": one,
        "mails": mails.for_page(one, timezone.now()),
        "step": "who",
        "form": form,
        "text": text,
        "callers": [(each, _address(request, one, _pair(each))) for each in found],
        "nobody": _address(request, one, {"bestallare": NOBODY}),
        "back": _address(request, one, {}),
        "most": MOST,
    }
    return render(request, "helpdesk/agent_complete.html", context)


def _fill_in(request: HttpRequest, agent: User, one: Ticket) -> HttpResponse:
    who = _who(request, one)
    if who is None and one.orderer_id and "bestallare" not in request.GET:
        # Which of their companies, or whether they may still order, is to be said first: saved, it would be nobody.
        return redirect(_address(request, one, {"bestallare": FIND}))
    form_class = FORMS.get(request.GET.get("typ", ""), FORMS[one.kind])
    kind = Ticket.Kind(form_class.kind)
    asked, fields = reread.as_kind(one.opening_mail, kind), reread.fields_of(one)
    changed = kind != one.kind
    if changed:
        fields = reread.with_read(fields, asked)
    posted = request.method == "POST"
    initial = {**fields, "new_number": numbers.shown(fields["new_number"])}
    form = form_class(request.POST if posted else None, caller=who, initial=initial)
    if "orderer_name" in form.fields:
        form.fields["orderer_name"].label = _("Vem frågar?")
    if "employee_name" in form.fields:
        form.fields["employee_name"].required = False  # the directory knows it
    if posted and form.is_valid():
        # Pressed once more, with the warning before their eyes, about this account.
        sure = form.account is not None and request.POST.get("sure") == form.account.id
        if not form.doubt or sure:
            return _save(request, agent, one, _wanted(form, who))
    keep = _kept(request)
    context = {
        "here": "queue",
        "one": one,
        "mails": mails.for_page(one, timezone.now(), asked, fields),
        "step": "what",
        "form": form,
        "caller": who,
        "doubts": in_words(asked.doubts if changed else one.doubts),
        "several": is_about_several(asked.unread if changed else one.unread),
        "subject": kind.label,
        "kinds": [
            (_address(request, one, {**keep, "typ": each.value}), words, each == kind) for each, words in kinds()
        ],
        "find": _address(request, one, {"bestallare": FIND}),
        "doubt": form.doubt if posted and form.is_valid() else "",
    }
    return render(request, "helpdesk/agent_complete.html", context)


def _save(request: HttpRequest, agent: User, one: Ticket, wanted: handling.TicketDetails) -> HttpResponse:
    try:
        handling.complete(one.pk, agent, wanted, request.META["REMOTE_ADDR"])
    except TicketRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Uppgifterna är sparade."))
    return redirect("helpdesk-ticket", number=one.number)


def _who(request: HttpRequest, one: Ticket) -> Caller | None:
    """The orderer whom the agent has chosen, or whom the request names."""
    chosen = request.GET.get("bestallare", "")
    if chosen == NOBODY:
        return None
    if chosen:
        return called(chosen, request.GET.get("foretag", ""))
    if one.orderer_id and one.company_id:
        return caller(one.orderer_id, one.company_id)
    return None


def _wanted(form: CallForm, who: Caller | None) -> handling.TicketDetails:
    data = form.cleaned_data
    wanted = handling.TicketDetails(
        kind=Ticket.Kind(form.kind),
        company=who.company if who else None,
        orderer=who.orderer if who else None,
        company_name=who.company.name if who else data["company_name"],
        orderer_name=who.orderer.name if who else data["orderer_name"],
        account=form.account.id if form.account else "",
    )
    if isinstance(form, CallPhoneForm):
        return wanted._replace(**{name: data[name] for name in ("employee_name", "employee_username", "new_number")})
    if isinstance(form, CallRecipientsForm):
        first, second = [*form.addresses, ""][:2]
        return wanted._replace(recipient1=first, recipient2=second)
    return wanted._replace(text=data["text"], employee_username=data["employee_username"])


def _kept(request: HttpRequest) -> dict[str, str]:
    """What of the address stays when something else in it changes."""
    return {name: request.GET[name] for name in ("bestallare", "foretag") if name in request.GET}


def _pair(who: Caller) -> dict[str, str]:
    return {"bestallare": str(who.orderer.pk), "foretag": str(who.company.pk)}


def _address(request: HttpRequest, one: Ticket, pairs: dict[str, str]) -> str:
    kind = {"typ": request.GET["typ"]} if "typ" in request.GET and "typ" not in pairs else {}
    query = urlencode({**pairs, **kind})
    return reverse("helpdesk-complete", kwargs={"number": one.number}) + (f"?{query}" if query else "")
