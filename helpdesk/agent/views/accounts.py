"""/helpdesk/konton/: looking accounts up, unlocking them, wiping what is counted against them, taking numbers away."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import limits
from accounts.directory import Account
from accounts.models import User
from helpdesk import searches
from helpdesk.access import agent_only
from helpdesk.agent import lookup, removal
from helpdesk.agent.forms import RemoveForm
from helpdesk.tickets.refusals import TicketRefused
from notifications.notices.changes import mail_address


@require_http_methods(["GET", "HEAD", "POST"])
@agent_only
def search(request: HttpRequest, agent: User) -> HttpResponse:
    """A search is posted, kept in the session, and its answer shown by the same page."""
    text = searches.kept(request, "accounts")
    form = searches.SearchForm(request.POST if request.method == "POST" else {"q": text})
    form.fields["q"].label = _("Användarnamn, namn eller mobilnummer")
    if request.method == "POST" and form.is_valid():
        searches.keep(request, "accounts", "" if "rensa" in request.POST else form.cleaned_data["q"])
        return redirect("helpdesk-accounts")
    showing = text and request.method != "POST"
    found = lookup.search(text, agent, request.META["REMOTE_ADDR"]) if showing else []
    context = {"here": "accounts", "form": form, "text": text, "found": found, "most": lookup.MOST}
    return render(request, "helpdesk/agent_accounts.html", context)


@require_http_methods(["GET", "HEAD"])
@agent_only
def account(request: HttpRequest, agent: User, account_id: UUID) -> HttpResponse:
    """One account."""
    return _page(request, agent, account_id)


def _page(request: HttpRequest, agent: User, account_id: UUID, form: RemoveForm | None = None) -> HttpResponse:
    """``form``: one that was sent and has to be mended; what was typed stays in it."""
    standing = lookup.look_at(str(account_id), agent, request.META["REMOTE_ADDR"])
    if standing is None:
        raise Http404
    remove_form = form or RemoveForm()
    context = {
        "here": "accounts",
        "standing": standing,
        "account": standing.account,
        "most_codes": limits.CODE_FAILURES_A_DAY,
        "most_sent": limits.SENDS[-1][0],
        "most_forgotten": limits.FORGOTTEN_A_DAY,
        "form": form,
        "remove_form": remove_form,
        "is_told": bool(mail_address(standing.account)),
        "shown": remove_form.shown(standing.number.seen if standing.number else ""),
        # The address that shows this page again: a form that failed stands at one that only takes posts.
        "language_next": reverse("helpdesk-account", kwargs={"account_id": account_id}),
    }
    return render(request, "helpdesk/agent_account.html", context)


@require_POST
@agent_only
def unlock(request: HttpRequest, agent: User, account_id: UUID) -> HttpResponse:
    """Clears a lock-out."""
    return _done(request, agent, account_id, lookup.unlock, _("Kontot är upplåst."))


@require_POST
@agent_only
def forget_tries(request: HttpRequest, agent: User, account_id: UUID) -> HttpResponse:
    """Wipes wrong codes and passwords, and the codes that were sent."""
    words = _("Felen är nollställda. Be personen att hämta en ny kod nu.")
    return _done(request, agent, account_id, lookup.forget_tries, words)


@require_POST
@agent_only
def remove_number(request: HttpRequest, agent: User, account_id: UUID) -> HttpResponse:
    """Takes the number away that the page told of."""
    form, address = RemoveForm(request.POST), request.META["REMOTE_ADDR"]
    if not form.is_valid():
        return _page(request, agent, account_id, form)
    shown = request.POST.get("shown", "")
    try:
        noted = removal.remove_number(str(account_id), agent, form.cleaned_data["why"], shown, address)
    except TicketRefused as refused:
        form.add_error(None, str(refused))
        return _page(request, agent, account_id, form)
    if noted is None:
        raise Http404
    words = _("Numret är borttaget, och inga koder går dit längre. Skälet står i ärende %(number)s.")
    messages.success(request, words % {"number": noted.number})
    return redirect("helpdesk-account", account_id=account_id)


def _done(
    request: HttpRequest,
    agent: User,
    account_id: UUID,
    verb: Callable[[str, User, str | None], Account | None],
    words: str,
) -> HttpResponse:
    try:
        if verb(str(account_id), agent, request.META["REMOTE_ADDR"]) is None:
            raise Http404
        messages.success(request, words)
    except TicketRefused as refused:
        messages.warning(request, str(refused))
    return redirect("helpdesk-account", account_id=account_id)
