"""/helpdesk/arenden/<number>/ratta/: correcting what a form asked for. Who asks, and for what, stays."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.models import User, numbers
from helpdesk.agent import calls, lookup
from helpdesk.agent.access import agent_only, ticket_or_404
from helpdesk.agent.calls import FORMS, Caller, CallForm
from helpdesk.models import Ticket
from helpdesk.tickets import correcting, four_eyes
from helpdesk.tickets.states import TicketRefused


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@agent_only
def correct(request: HttpRequest, agent: User, number: str) -> HttpResponse:
    """For the agent who has the ticket, while its orderer may order for its company."""
    ticket = ticket_or_404(number)
    ours = correcting.can_be_corrected(ticket) and ticket.agent == agent
    caller = calls.caller_of(ticket.orderer_id or 0, ticket.company_id or 0) if ours else None
    if caller is None:
        messages.error(request, _("Uppgifterna går inte att rätta. Ta ärendet först, om det är öppet."))
        return redirect("helpdesk-ticket", number=number)
    form = _form(request, ticket, caller)
    if form.is_valid():
        try:
            correcting.correct(ticket.pk, agent, form.details(), request.META["REMOTE_ADDR"])
        except TicketRefused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("Uppgifterna är sparade."))
        return redirect("helpdesk-ticket", number=number)
    if form.account:  # looked up, and of no ticket (H11)
        lookup.leave_trail([form.account], agent, request.META["REMOTE_ADDR"], "")
    context = {
        "here": "queue",
        "ticket": ticket,
        "form": form,
        "second_agent": four_eyes.correction_needs_colleague(ticket),
    }
    return render(request, "helpdesk/agent_correct.html", context)


def _form(request: HttpRequest, ticket: Ticket, caller: Caller) -> CallForm:
    """Of the ticket's kind, filled in as it is. An account of another company is an error: nobody could approve it."""
    initial = {
        "employee_name": ticket.employee_name,
        "employee_username": ticket.employee_username,
        "new_number": numbers.shown(ticket.new_number),
        **ticket.recipients.columns,
    }
    form = FORMS[ticket.kind](request.POST if request.method == "POST" else None, caller=caller, initial=initial)
    form.is_valid()  # looks the account up, whatever else is wrong
    if form.doubt:
        form.add_error("employee_username", f"{form.doubt} {_('Fråga beställaren vilket konto det gäller.')}")
    return form
