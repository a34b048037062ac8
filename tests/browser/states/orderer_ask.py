"""The orderer's other pages: what she asks for, and what became of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from unittest import mock

from django.utils import timezone

from accounts import companies, directory
from accounts.models import Company, Orderer, User
from accounts.models.recipients import Recipients
from deploy.local.cast import ANNA, MARIA, STEFAN, Person
from helpdesk.models import Confirmation, Ticket, TimelineEntry
from helpdesk.tickets import decisions, states, verification
from helpdesk.tickets.creating import TicketDetails, create_ticket
from helpdesk.tickets.states import add_entry
from tests.accounts.helpers import NEW_NUMBER, NEW_NUMBER_TYPED
from tests.browser.states.office import as_carin
from tests.browser.states.state import State, Steps, typed
from tests.browser.visitor import Visitor
from tests.helpdesk.asked import an_agent
from tests.helpdesk.mailing import a_mail, ticket_of

CHIEF = "chef@hemtjanst-ett.example"


def signed_in(path: str) -> Steps:
    """Carin opens one of her pages."""

    def steps(visitor: Visitor) -> None:
        as_carin(visitor)
        visitor.open(path)

    return steps


new_number = signed_in("/bestallare/mobilnummer/")
new_recipients = signed_in("/bestallare/mottagare/")
list_of_tickets = signed_in("/bestallare/arenden/")


def number_from_the_list(visitor: Visitor) -> None:
    """The list of the staff led here, for somebody who can do it alone."""
    as_carin(visitor)
    account = directory.connect().find(STEFAN.username)
    assert account
    visitor.open(f"/bestallare/mobilnummer/?konto={account.id}")


sent = typed(new_number, username=ANNA.username, phone=NEW_NUMBER_TYPED)


def asked(orderer: Orderer, whom: Person = ANNA) -> Ticket:
    return create_ticket(
        TicketDetails(
            Ticket.Kind.PHONE,
            company=orderer.companies.get(),
            orderer=orderer,
            employee_name=whom.name,
            employee_username=whom.username,
            new_number=NEW_NUMBER,
        ),
        source=Ticket.Source.PAGES,
    )


def recipients_asked(orderer: Orderer, *addresses: str) -> Ticket:
    company = orderer.companies.get()
    return create_ticket(
        TicketDetails(Ticket.Kind.RECIPIENTS, company=company, orderer=orderer, recipients=Recipients(addresses)),
        source=Ticket.Source.PAGES,
    )


def done(ticket: Ticket, by: User) -> None:
    ticket.state, ticket.decided_at, ticket.decided_by = Ticket.State.DONE, timezone.now(), by
    ticket.save()
    add_entry(ticket, TimelineEntry.What.CARRIED_OUT, by)


def recipients_on_their_way(visitor: Visitor) -> None:
    """One bounces, one has been asked, and the next change waits for the helpdesk."""
    carin = as_carin(visitor)
    company: Company = carin.companies.get()
    companies.note_bounce(company.recipient1, "550")
    first = recipients_asked(carin, company.recipient1, CHIEF)
    done(first, an_agent())
    until = timezone.now() + timedelta(days=7)
    Confirmation.objects.create(
        ticket=first, address=CHIEF, digest="first", until=until, recipients_before=[company.recipient1]
    )
    recipients_asked(carin, CHIEF, company.recipient1)
    visitor.open("/bestallare/mottagare/")


def several_tickets(visitor: Visitor) -> None:
    """One in each state, and more than a page."""
    carin, by = as_carin(visitor), an_agent()
    done(recipients_asked(carin, CHIEF, carin.email), by)
    states.withdraw(asked(carin, replace(ANNA, username="x" * 40)).pk, carin)
    rejected(asked(carin, STEFAN), by)
    states.take(asked(carin).pk, by)
    recipients_asked(carin, CHIEF)
    with mock.patch("helpdesk.orderer.views.tickets.A_PAGE", 4):
        visitor.open("/bestallare/arenden/")


def rejected(ticket: Ticket, by: User) -> None:
    states.take(ticket.pk, by)
    add_entry(ticket, TimelineEntry.What.CODE_WRONG, by)
    decisions.reject(ticket.pk, by, "Vi nådde dig inte på ditt nummer.\nHör av dig om det fortfarande behövs.")


def a_rejected_one(visitor: Visitor) -> None:
    ticket = asked(as_carin(visitor))
    rejected(ticket, an_agent())
    visitor.open(f"/bestallare/arenden/{ticket.number}/")


def sends_again(visitor: Visitor) -> None:
    a_rejected_one(visitor)
    visitor.page.locator("main a.button").click()


def recipients_again(visitor: Visitor) -> None:
    ticket = recipients_asked(as_carin(visitor), CHIEF)
    rejected(ticket, an_agent())
    visitor.open(f"/bestallare/arenden/{ticket.number}/igen/")


def too_late(visitor: Visitor) -> None:
    """It was decided while she read the page."""
    carin = as_carin(visitor)
    ticket = asked(carin)
    visitor.open(f"/bestallare/arenden/{ticket.number}/")
    by = an_agent()
    states.take(ticket.pk, by)
    done(Ticket.objects.get(pk=ticket.pk), by)
    visitor.page.locator("main summary").click()
    visitor.page.locator("main details button").click()


def about_to_withdraw(visitor: Visitor) -> None:
    sent(visitor)
    visitor.page.locator("main summary").click()


def mailed_in_her_name(visitor: Visitor) -> None:
    """By somebody who did not say which number; an agent has called her back about it."""
    as_carin(visitor)
    one = ticket_of(a_mail("Behörig beställare: Carin Ek\nAnna Berg, lovanber11", sender="vem@example.net"))
    agent = an_agent()
    states.take(one.pk, agent)
    verification.called_back(one.pk, agent, "Carin Ek")
    visitor.open(f"/bestallare/arenden/{one.number}/")


ORDERER_ASK = (
    State("bestallare-mobilnummer", "orderer-phone", "Helpdesk kopplar ett nytt nummer till kontot.", new_number),
    State("bestallare-mobilnummer-empty", "orderer-phone", "Skriv det nya mobilnumret", typed(new_number)),
    State(
        "bestallare-mobilnummer-not-ours",
        "orderer-phone",
        "Vi hittar inte kontot hos ert företag.",
        typed(new_number, username=MARIA.username, phone=NEW_NUMBER_TYPED),
    ),
    State(
        "bestallare-mobilnummer-alone",
        "orderer-phone",
        "kan registrera sitt nummer utan er hjälp",
        number_from_the_list,
    ),
    State("bestallare-mottagare", "orderer-recipients", "mejl kommer inte fram", recipients_on_their_way),
    State(
        "bestallare-mottagare-wrong",
        "orderer-recipients",
        "Det är ingen e-postadress.",
        typed(new_recipients, recipient2="chefen"),
    ),
    State("bestallare-arenden", "orderer-tickets", "Äldre ärenden", several_tickets),
    State("bestallare-arenden-empty", "orderer-tickets", "Ni har inte skickat något ärende", list_of_tickets),
    State("bestallare-arende", "orderer-ticket", "Ärendet är skickat till helpdesk.", sent),
    State("bestallare-arende-mejl", "orderer-ticket", "Har ingen av er skickat det?", mailed_in_her_name),
    State("bestallare-arende-withdraw", "orderer-ticket", "Ja, ta tillbaka ärendet", about_to_withdraw),
    State("bestallare-arende-rejected", "orderer-ticket", "Därför avslogs det", a_rejected_one),
    State("bestallare-arende-again", "orderer-again", "Formuläret är ifyllt som förra gången.", sends_again),
    State("bestallare-mottagare-again", "orderer-again", "Formuläret är ifyllt som förra gången.", recipients_again),
    State("bestallare-arende-too-late", "orderer-ticket", "Ärendet går inte att ta tillbaka.", too_late),
)
