"""/helpdesk/konton/: looks accounts up, unlocks them, resets their counts, and removes numbers."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import limits
from accounts.models import User
from accounts.staff.proof import Proof
from helpdesk.agent import account_actions, lookup
from helpdesk.agent.access import agent_only
from helpdesk.agent.forms import RemoveForm
from helpdesk.searches import SearchForm
from helpdesk.tickets.states import TicketRefused
from notifications.notices import mail_address


@require_http_methods(["GET", "HEAD", "POST"])
@agent_only
def search(request: HttpRequest, agent: User) -> HttpResponse:
    """Finds accounts. A search is posted, kept in the session, and answered by the same page."""
    form = SearchForm(request, "accounts", _("Användarnamn, namn eller mobilnummer"))
    if form.keep_posted():
        return redirect("helpdesk-accounts")
    found = []
    if form.text and not form.errors:
        found = lookup.search(form.text, agent, request.META["REMOTE_ADDR"], new=form.is_new())
    context = {"here": "accounts", "form": form, "text": form.text, "found": found, "most": lookup.MOST}
    return render(request, "helpdesk/agent_accounts.html", context)


@require_http_methods(["GET", "HEAD"])
@agent_only
def account(request: HttpRequest, agent: User, account_id: UUID) -> HttpResponse:
    return _page(request, agent, account_id)


def _page(request: HttpRequest, agent: User, account_id: UUID, form: RemoveForm | None = None) -> HttpResponse:
    """The account's page. ``form`` was sent and refused: it keeps what was typed."""
    page = lookup.look_at(str(account_id), agent, request.META["REMOTE_ADDR"])
    if page is None:
        raise Http404
    remove_form = form or RemoveForm()
    context = {
        "here": "accounts",
        "page": page,
        "account": page["account"],
        "most_codes": limits.CODE_FAILURES_A_DAY,
        "most_sent": limits.SENDS[-1][0],
        "most_forgotten": limits.FORGOTTEN_A_DAY,
        "form": form,
        "remove_form": remove_form,
        "proof": Proof.of(request),
        "is_told": bool(mail_address(page["account"])),
        "shown": remove_form.shown(page["number"]["seen"] if page["number"] else ""),
        # A refused form stands at an address that takes posts only; this one shows the page again.
        "language_next": reverse("helpdesk-account", kwargs={"account_id": account_id}),
    }
    return render(request, "helpdesk/agent_account.html", context)


# What an agent does by a button, and what the page says then.
_ACTIONS = {
    "unlock": (account_actions.unlock, gettext_lazy("Kontot är upplåst.")),
    "forget tries": (
        account_actions.forget_tries,
        gettext_lazy("Felen är nollställda. Be medarbetaren hämta en ny kod nu."),
    ),
}


@require_POST
@agent_only
def act(request: HttpRequest, agent: User, account_id: UUID, action: str) -> HttpResponse:
    verb, done = _ACTIONS[action]
    try:
        if verb(str(account_id), agent, request.META["REMOTE_ADDR"]) is None:
            raise Http404
        messages.success(request, str(done))
    except TicketRefused as refused:
        messages.warning(request, str(refused))
    return redirect("helpdesk-account", account_id=account_id)


@sensitive_post_parameters("factor-code", "passkey")
@require_POST
@agent_only
def remove_number(request: HttpRequest, agent: User, account_id: UUID) -> HttpResponse:
    form, address = RemoveForm(request.POST), request.META["REMOTE_ADDR"]
    if not form.is_valid() or not Proof.of(request).given():
        return _page(request, agent, account_id, form)
    shown = request.POST.get("shown", "")
    try:
        noted = account_actions.remove_number(str(account_id), agent, form.cleaned_data["why"], shown, address)
    except TicketRefused as refused:
        form.add_error(None, str(refused))
        return _page(request, agent, account_id, form)
    if noted is None:
        raise Http404
    words = _("Numret är borttaget, och inga koder går dit längre. Skälet står i ärende %(number)s.")
    messages.success(request, words % {"number": noted.number})
    return redirect("helpdesk-account", account_id=account_id)
