"""The agents' queue, and a call that becomes a ticket."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest import mock

from django.utils import timezone

from accounts.models import Company, User
from deploy.local.cast import ANNA, CARIN, KARL, MARIA, OMSORG_TVA, PER
from helpdesk.intake import receive
from helpdesk.models import SavedFilter, Ticket
from tests.browser.states.office import as_per, the_register
from tests.browser.states.state import State, Steps
from tests.browser.visitor import Visitor
from tests.helpdesk.mailing import a_mail, ticket_of

Kind, TicketState, Source = Ticket.Kind, Ticket.State, Ticket.Source


def some_tickets() -> None:
    """Young and old ones, of each type and each state."""
    ett, carin = the_register()
    tva = Company.objects.get(name=OMSORG_TVA)
    agent = User.objects.get(username=PER.username)
    now = timezone.now()
    phone = {"kind": Kind.PHONE, "source": Source.PAGES, "new_number": "+46701740690"}
    of_ett = {"company": ett, "company_name": ett.name, "orderer": carin, "orderer_name": carin.name}
    of_tva = {"company": tva, "company_name": tva.name, "orderer_name": "Olle Holm"}
    anna = {"employee_name": ANNA.name, "employee_username": ANNA.username}
    maria = {"employee_name": MARIA.name, "employee_username": MARIA.username}
    recipients = {"kind": Kind.RECIPIENTS, "recipient1": CARIN.mail, "recipient2": "ny@hemtjanst-ett.example"}
    rows: list[tuple[dict[str, object], float]] = [
        ({**phone, **of_ett, **anna}, 0.6),
        ({**recipients, **of_ett, "source": Source.PAGES}, 5),
        ({**phone, **of_tva, **maria, "source": Source.CALL}, 50),
        ({"kind": Kind.OTHER, "source": Source.MAIL, "company_name": "", "text": "Hej!"}, 0.01),
        ({**phone, **of_ett, **anna, "state": TicketState.VERIFYING, "agent": agent}, 30),
        (
            {
                **{**phone, **of_ett, "employee_name": KARL.name, "employee_username": KARL.username},
                **{"state": TicketState.DONE, "decided_by": agent, "decided_at": now - timedelta(hours=1)},
            },
            8,
        ),
    ]
    for number, (fields, hours) in enumerate(rows, start=41):
        Ticket.objects.create(
            number=f"{now.year}-{number:05d}", created_at=now - timedelta(hours=hours), taken_at=None, **fields
        )


def queue(query: str = "") -> Steps:
    def steps(visitor: Visitor) -> None:
        as_per(visitor)
        some_tickets()
        visitor.open(f"/helpdesk/{query}")

    return steps


def full_queue(visitor: Visitor) -> None:
    """Sixty new ones, in two pages; some of long names."""
    queue()(visitor)
    ett, carin = the_register()
    now = timezone.now()
    of_ett = {"company": ett, "company_name": ett.name, "orderer": carin, "orderer_name": carin.name}
    long = {"company_name": "Omsorgskooperativet Näckrosen i Norra Örebro AB", "orderer_name": "Annika Bergström-Lund"}
    people: list[dict[str, Any]] = [
        {**of_ett, "employee_name": KARL.name, "employee_username": KARL.username},
        {**long, "employee_name": "Alexandra Wennerström Hammarskiöld", "employee_username": "lovalewenn"},
        {**of_ett, "employee_name": ANNA.name, "employee_username": ANNA.username},
    ]
    Ticket.objects.bulk_create(
        Ticket(
            number=f"{now.year}-{number:05d}",
            kind=Kind.PHONE,
            source=Source.PAGES,
            created_at=now - timedelta(minutes=7 * (156 - number)),
            new_number="+46701740691",
            **people[number % len(people)],
        )
        for number in range(100, 156)
    )
    visitor.page.reload()


def own_queue(visitor: Visitor) -> None:
    """With saved filters, their menu open, and automatic mails to close."""
    queue()(visitor)
    agent = User.objects.get(username=PER.username)
    for name, words in (("Bara nummer", {"flik": "nya", "typ": "phone"}), ("Mina senaste", {"flik": "mina"})):
        SavedFilter.objects.create(agent=agent, name=name, words=words)
    for number in range(1, 3):
        with mock.patch.object(receive, "MOST_IN_HEAP", 1):
            ticket_of(a_mail(f"Jag är borta {number}.", subject="Frånvaro", Auto_Submitted="auto-replied"))
    visitor.page.reload()
    visitor.page.locator(".queue-menu > summary").click()


def closed_as_read(visitor: Visitor) -> None:
    """One of two; the other one was closed meanwhile."""
    own_queue(visitor)
    for box in visitor.page.get_by_role("checkbox").all():
        box.check()
    ticket = Ticket.objects.filter(source=Source.MAIL).latest("pk")
    Ticket.objects.filter(pk=ticket.pk).update(state=TicketState.DONE, decided_at=timezone.now())
    visitor.page.locator(".queue-read button").click()


def empty_queue(visitor: Visitor) -> None:
    as_per(visitor)
    the_register()
    visitor.open("/helpdesk/")


def searched(visitor: Visitor) -> None:
    queue()(visitor)
    visitor.submit(q="Nobel")


def call(visitor: Visitor) -> None:
    as_per(visitor)
    the_register()
    visitor.open("/helpdesk/nytt/")


def who_calls(text: str) -> Steps:
    def steps(visitor: Visitor) -> None:
        call(visitor)
        visitor.submit(q=text)

    return steps


def what_for(kind: str = "phone") -> Steps:
    def steps(visitor: Visitor) -> None:
        call(visitor)
        ett, carin = the_register()
        visitor.open(f"/helpdesk/nytt/?bestallare={carin.pk}&foretag={ett.pk}&typ={kind}")

    return steps


def sent(kind: str, **fields: str) -> Steps:
    def steps(visitor: Visitor) -> None:
        what_for(kind)(visitor)
        visitor.submit(**fields)

    return steps


def unknown(visitor: Visitor) -> None:
    call(visitor)
    visitor.open("/helpdesk/nytt/?bestallare=ingen")


THEIRS = {"employee_name": MARIA.name, "employee_username": MARIA.username, "new_number": "070-174 06 90"}

AGENT_QUEUE = (
    State("helpdesk-ko", "helpdesk-queue", "Nytt mobilnummer", queue()),
    State("helpdesk-ko-full", "helpdesk-queue", "Sida 1 av 2", full_queue),
    State("helpdesk-ko-own", "helpdesk-queue", "Avsluta valda som lästa", own_queue),
    State("helpdesk-ko-read", "helpdesk-queue", "1 ärende är avslutat som läst.", closed_as_read),
    State("helpdesk-ko-vantar", "helpdesk-queue", "lovanber11", queue("?flik=vantar")),
    State("helpdesk-ko-klara", "helpdesk-queue", "godkänt och utfört", queue("?flik=klara")),
    State("helpdesk-ko-empty", "helpdesk-queue", "Inga nya ärenden. Allt som har kommit in är taget.", empty_queue),
    State("helpdesk-ko-searched", "helpdesk-queue", "Inget ärende stämmer med det du söker.", searched),
    State("helpdesk-nytt", "helpdesk-new", "Vem ringer?", call),
    State("helpdesk-nytt-found", "helpdesk-new", "carin@hemtjanst-ett.example", who_calls("carin")),
    State("helpdesk-nytt-nobody", "helpdesk-new", "Ingen beställare stämmer", who_calls("Nobel")),
    State("helpdesk-nytt-nummer", "helpdesk-new", "Medarbetarens användarnamn", what_for()),
    State("helpdesk-nytt-nummer-empty", "helpdesk-new", "Skriv medarbetarens namn.", sent("phone")),
    State("helpdesk-nytt-nummer-doubt", "helpdesk-new", "Stämmer det här?", sent("phone", **THEIRS)),
    State("helpdesk-nytt-mottagare", "helpdesk-new", "E-postadress 1", what_for("recipients")),
    State("helpdesk-nytt-annat", "helpdesk-new", "Skriv aldrig ner ett lösenord eller en kod.", what_for("other")),
    State("helpdesk-nytt-oregistrerad", "helpdesk-new", "Den som ringer är inte registrerad", unknown),
)
