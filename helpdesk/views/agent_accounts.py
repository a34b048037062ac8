"""/helpdesk/konton/: looking accounts up, unlocking them, wiping what is counted against them."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import limits
from accounts.directory import Account
from accounts.models import User
from helpdesk import lookup, searches
from helpdesk.refusals import Refused
from helpdesk.views.doors import agent_only


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
    found = lookup.search(text) if text and request.method != "POST" else []
    context = {"here": "accounts", "form": form, "text": text, "found": found, "most": lookup.MOST}
    return render(request, "helpdesk/agent_accounts.html", context)


@require_http_methods(["GET", "HEAD"])
@agent_only
def account(request: HttpRequest, agent: User, account_id: UUID) -> HttpResponse:
    """One account."""
    standing = lookup.look_at(str(account_id), agent, request.META["REMOTE_ADDR"])
    if standing is None:
        raise Http404
    context = {
        "here": "accounts",
        "standing": standing,
        "account": standing.account,
        "most_codes": limits.CODE_FAILURES_A_DAY,
        "most_sent": limits.SENDS[-1][0],
        "most_forgotten": limits.FORGOTTEN_A_DAY,
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
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect("helpdesk-account", account_id=account_id)
