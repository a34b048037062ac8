"""Finds the ticket that an agent's page shows."""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from helpdesk.models import Ticket


def ticket_or_404(number: str) -> Ticket:
    """The ticket with this number, with its company, orderer and agents. Raises Http404."""
    return get_object_or_404(Ticket.objects.select_related("company", "orderer", "agent", "decided_by"), number=number)
