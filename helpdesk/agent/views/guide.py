"""/helpdesk/hjalp/: how to work a ticket, and the keyboard shortcuts."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from helpdesk.agent.access import agent_only


@require_safe
@agent_only
def show(request: HttpRequest, agent: User) -> HttpResponse:
    """The same for everyone. The switch of the keys is the browser's (static/idportal/keys.js)."""
    return render(request, "helpdesk/agent_help.html", {"here": "help"})
