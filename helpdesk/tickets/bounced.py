"""When the daily mail to a recipient keeps coming back: somebody has to find another one (issue 5, "Bounces")."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import signals
from accounts.models import Company
from accounts.models.recipients import Recipients
from helpdesk.models import Ticket
from helpdesk.tickets.creating import create_ticket
from helpdesk.tickets.details import TicketDetails
from idportal.text import inert

# So many times until a request is made, and again after as many more if that one was closed without a change: a mailbox
# may be full once, or a server down for a week.
EACH = 3


@receiver(signals.address_bounced)
def mail_came_back(address: str, count: int, reason: str, **others: Any) -> None:
    """In the transaction of the mark: a request of the portal's own for each company that the address is one of."""
    if count % EACH:
        return
    whose = Company.objects.with_recipient(address).filter(active=True)
    with translation.override("sv"):
        for company in whose.order_by("pk"):
            text = _text(company, address, count, reason)
            create_ticket(TicketDetails(Ticket.Kind.OTHER, company=company, text=text), source=Ticket.Source.PORTAL)


def _text(company: Company, address: str, count: int, reason: str) -> str:
    """What happened and what to do, a line each."""
    words = {
        "address": inert(address),
        "company": inert(company.name),
        "count": count,
        "reason": inert(reason),
        "orderers": ", ".join(inert(each.name) for each in company.orderers.filter(active=True)),
    }
    others = company.recipients - Recipients([address])
    lines = [
        _("Mejlen om lösenord som går ut kommer inte fram till %(address)s, mottagare för %(company)s.") % words,
        _("De har kommit tillbaka %(count)d gånger. Mejlservern säger: %(reason)s") % words,
        _("Den andra mottagaren får dem som vanligt.") if others else _("Ingen på företaget får dem nu."),
        _("Fråga en beställare vem som ska få dem i stället: %(orderers)s. Ring numret i registret.") % words
        if words["orderers"]
        else _("Företaget har ingen aktiv beställare. Fråga en administratör vem som kan svara."),
        _("Beställaren byter mottagare på sina egna sidor, eller så öppnar du ett ärende om det."),
    ]
    return "\n".join(lines)
