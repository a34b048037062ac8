"""The page on which a new recipient of the daily mail confirms the address."""

from __future__ import annotations

from accounts.models.recipients import Recipients
from helpdesk.models import Ticket
from helpdesk.tickets import decisions, states
from helpdesk.tickets.creating import TicketDetails, create_ticket
from tests.browser.states.office import the_register
from tests.browser.states.state import State, opened, typed
from tests.browser.visitor import Visitor
from tests.helpdesk.asked import an_agent, link_to

NEW = "ny.chef@hemtjanst-ett.example"


def link_opened(visitor: Visitor) -> None:
    """Carin has asked, an agent has approved, and the letter has come."""
    company, carin = the_register()
    ticket = create_ticket(
        TicketDetails(
            Ticket.Kind.RECIPIENTS, company=company, orderer=carin, recipients=Recipients([carin.email, NEW])
        ),
        source=Ticket.Source.PAGES,
    )
    states.take(ticket.pk, an_agent())
    decisions.approve(ticket.pk, an_agent())
    visitor.open(link_to(NEW))


RECIPIENT_CONFIRM = (
    State("mottagare-bekrafta", "recipient-confirm", "Vill du få kommunens mejl", link_opened),
    State("mottagare-bekrafta-done", "recipient-confirm", "Din adress är bekräftad", typed(link_opened)),
    State(
        "mottagare-bekrafta-old", "recipient-confirm", "Länken gäller inte", opened("/bestallare/mottagare/bekrafta/")
    ),
)
