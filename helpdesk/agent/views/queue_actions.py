"""What agents do on the queue's page: open the next ticket, close automatic mails as read, save a filter."""

import re

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from helpdesk.agent.access import agent_only
from helpdesk.agent.views.queue import asked_for
from helpdesk.agent.waiting import next_ticket, saved_filters
from helpdesk.agent.waiting.queue import PAGE
from helpdesk.agent.waiting.saved_filters import FilterRefused
from helpdesk.models import SavedFilter, Ticket
from helpdesk.tickets.automatic import close_as_read
from helpdesk.tickets.states import TicketRefused

_NUMBER = re.compile(r"[0-9]{4}-[0-9]{5,7}")


@require_http_methods(["GET", "HEAD"])
@agent_only
def onward(request: HttpRequest, agent: User) -> HttpResponse:
    """Leads to the ticket after the one that is named, or back to the queue if there is no other."""
    words = request.session.get(next_ticket.KEPT, {})
    if number := next_ticket.number_after(request.GET.get("efter", ""), agent, words):
        return redirect("helpdesk-ticket", number=number)
    messages.info(request, _("Det finns inget mer ärende att ta."))
    return redirect("helpdesk-queue")


@require_POST
@agent_only
def read(request: HttpRequest, agent: User) -> HttpResponse:
    """Closes the chosen tickets of automatic mails, each by itself, and says which were left and why."""
    numbers = [number for number in request.POST.getlist("arende")[:PAGE] if _NUMBER.fullmatch(number)]
    closed, left = 0, []
    for ticket_id in Ticket.objects.filter(number__in=numbers).order_by("pk").values_list("pk", flat=True):
        try:
            close_as_read(ticket_id, agent, request.META["REMOTE_ADDR"])
            closed += 1
        except TicketRefused as refused:
            left.append(str(refused))
    if closed:
        words = ngettext("%(count)d ärende är avslutat som läst.", "%(count)d ärenden är avslutade som lästa.", closed)
        messages.success(request, words % {"count": closed})
    if left or not closed:
        messages.error(request, " ".join(left) or _("Välj minst ett automatiskt mejl först."))
    return redirect(asked_for(request).address())


@require_POST
@agent_only
def save_filter(request: HttpRequest, agent: User) -> HttpResponse:
    """Saves the filter of the address under the name that was typed."""
    wanted = asked_for(request)
    try:
        saved = saved_filters.save(agent, request.POST.get("namn", ""), wanted)
    except FilterRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Filtret %(name)s är sparat.") % {"name": saved.name})
    return redirect(wanted.address())


@require_POST
@agent_only
def remove_filter(request: HttpRequest, agent: User, pk: int) -> HttpResponse:
    saved = get_object_or_404(SavedFilter, pk=pk, agent=agent)
    saved.delete()
    messages.success(request, _("Filtret %(name)s är borttaget.") % {"name": saved.name})
    return redirect(asked_for(request).address())
