"""A ticket, as agents see it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from accounts.companies import orderers
from accounts.models import Company, Orderer, PhoneRemoval, User
from accounts.models.recipients import Recipients
from deploy.local.cast import ANNA, CARIN, MARIA, PER, STEFAN, Person
from helpdesk.models import Ticket
from helpdesk.tickets import decisions, states, verification
from helpdesk.tickets.correcting import correct
from helpdesk.tickets.creating import TicketDetails, create_ticket
from tests.accounts.staff import WRONG_FACTOR, later
from tests.browser.states.office import as_per, the_register
from tests.browser.states.state import State, Steps
from tests.browser.visitor import Visitor
from tests.conftest import has_number
from tests.helpdesk.people import SECOND_AGENT

Source = Ticket.Source
NEW = "+46701740620"
TAKEN = "Nästa steg: kontrollera beställaren"


def long_ago() -> tuple[Company, Orderer]:
    """The register as it has been for a year."""
    ett, carin = the_register()
    Orderer.history.update(history_date=timezone.now() - timedelta(days=365))
    return ett, carin


def asked(person: Person = ANNA, number: str = NEW, name: str = "") -> Ticket:
    """What Carin asks on her pages; the person's number has been on file for long."""
    ett, carin = long_ago()
    phone = has_number(person)
    phone.confirmed_at = timezone.now() - timedelta(days=400)
    phone.save()
    return create_ticket(
        TicketDetails(
            Ticket.Kind.PHONE,
            company=ett,
            orderer=carin,
            employee_name=name or person.name,
            employee_username=person.username,
            account=phone.user.directory_id,
            new_number=number,
        ),
        source=Source.PAGES,
    )


def per() -> User:
    return User.objects.get(username=PER.username)


def opened(make: Callable[[], Ticket], then: Callable[[Ticket], object] = lambda one: None) -> Steps:
    """Per opens the request."""

    def steps(visitor: Visitor) -> None:
        as_per(visitor)
        one = make()
        then(one)
        visitor.open(f"/helpdesk/arenden/{one.number}/")

    return steps


def took(one: Ticket) -> None:
    states.take(one.pk, per())


def a_colleague_took(one: Ticket) -> None:
    sara = User.objects.create(directory_id="11111111-1111-1111-1111-111111111111", username=SECOND_AGENT.username)
    states.take(one.pk, sara)


def called_back(one: Ticket) -> None:
    took(one)
    verification.called_back(one.pk, per(), "Carin Ek svarade, och hade själv frågat.")


def a_colleague_did(one: Ticket) -> None:
    a_colleague_took(one)
    verification.called_back(one.pk, User.objects.get(username=SECOND_AGENT.username), "Carin Ek svarade.")
    took(one)


def removed(one: Ticket) -> None:
    """Per took the account's number away."""
    took(one)
    user = User.objects.get(directory_id=one.account)
    PhoneRemoval.objects.create(user=user, agent=per(), reference=one.number, number=STEFAN.phone)


def with_flags() -> Ticket:
    """All that a con man would bring along."""
    one = asked(STEFAN, name="Stefan Lindh")
    has_number(MARIA, NEW)
    asked(STEFAN, "+46701740621")
    carin = Orderer.objects.get(email=CARIN.mail)
    carin.mobile = "+46701740655"
    orderers.store(carin, list(carin.companies.all()), actor=per())
    return one


def orderer_changed(one: Ticket) -> None:
    """An administrator gave Carin another number a moment ago."""
    took(one)
    carin = Orderer.objects.get(email=CARIN.mail)
    carin.mobile = "+46701740655"
    orderers.store(carin, list(carin.companies.all()), actor=None)


def approve_later(visitor: Visitor) -> None:
    """Per's factor is not fresh any more (A3)."""
    opened(asked, a_colleague_did)(visitor)
    later(minutes=6)
    visitor.page.reload()


def approve_with_a_wrong_code(visitor: Visitor) -> None:
    approve_later(visitor)
    visitor.page.locator("main input[name=factor-code]").fill("12")
    visitor.page.locator(".ticket__approve button").click()


def code_wrong(visitor: Visitor) -> None:
    opened(asked, took)(visitor)
    visitor.page.get_by_role("button", name="Skicka en kod till beställarens mobil").click()
    visitor.page.get_by_text("En kod är på väg till beställarens mobil.").wait_for()
    visitor.fill(code="123456" if visitor.portal.sms.code() != "123456" else "123457")
    visitor.field("code").press("Enter")


def left_empty(summary: str, button: str) -> Steps:
    """Something else than the next step was begun, and nothing typed."""

    def steps(visitor: Visitor) -> None:
        opened(asked, took)(visitor)
        visitor.page.locator("summary", has_text=summary).click()
        visitor.page.get_by_role("button", name=button).click()

    return steps


def corrected(one: Ticket) -> None:
    """Per corrects what Carin wrote, after he called her."""
    called_back(one)
    correct(one.pk, per(), TicketDetails.from_ticket(one)._replace(new_number="+46701740656"))


def correcting(**fields: str) -> Steps:
    """The form, and what is typed in it."""

    def steps(visitor: Visitor) -> None:
        opened(asked, took)(visitor)
        visitor.page.get_by_role("link", name="Rätta uppgifterna").click()
        if fields:
            visitor.submit(**fields)

    return steps


def rejected(one: Ticket) -> None:
    took(one)
    decisions.reject(one.pk, per(), "Vi fick inte tag i dig på ditt nummer.")


def recipients_asked() -> Ticket:
    ett, carin = long_ago()
    return create_ticket(
        TicketDetails(
            Ticket.Kind.RECIPIENTS,
            company=ett,
            orderer=carin,
            recipients=Recipients([CARIN.mail, "chef@annan.example"]),
        ),
        source=Source.PAGES,
    )


def anyone_asked() -> Ticket:
    words = "Hej!\nVi har en ny chef. Hur gör vi?"
    return create_ticket(
        TicketDetails(Ticket.Kind.OTHER, text=words, orderer_name="Lena Ask", company_name="Omsorg Ett"),
        source=Source.CALL,
    )


AGENT_REQUEST = (
    State("helpdesk-arende", "helpdesk-ticket", "Nästa steg: ta ärendet", opened(asked)),
    State("helpdesk-arende-flags", "helpdesk-ticket", "I ärendet står ”Stefan Lindh”", opened(with_flags, took)),
    State("helpdesk-arende-stopped", "helpdesk-ticket", "Nästa steg: avslå", opened(lambda: asked(MARIA), took)),
    State("helpdesk-arende-colleague", "helpdesk-ticket", "hdsarlun har ärendet", opened(asked, a_colleague_took)),
    State("helpdesk-arende-kod-wrong", "helpdesk-enter-code", "Koden stämmer inte", code_wrong),
    State(
        "helpdesk-arende-approve",
        "helpdesk-ticket",
        "Koppla 070-174 06 20 till",
        opened(asked, a_colleague_did),
    ),
    State("helpdesk-arende-approve-later", "helpdesk-ticket", "Gör det igen här.", approve_later),
    State("helpdesk-arende-approve-wrong", "helpdesk-approve", WRONG_FACTOR, approve_with_a_wrong_code),
    State("helpdesk-arende-verify", "helpdesk-ticket", "Ringer du upp i stället måste en kollega", opened(asked, took)),
    State("helpdesk-arende-removed", "helpdesk-ticket", "Du tog bort kontots nummer, så", opened(asked, removed)),
    State("helpdesk-arende-not-yet", "helpdesk-ticket", "är ny, och kan inte användas", opened(asked, orderer_changed)),
    State("helpdesk-arende-called-back", "helpdesk-ticket", "Lämna till en kollega", opened(asked, called_back)),
    State(
        "helpdesk-arende-avsla-empty",
        "helpdesk-reject",
        "Skriv varför ärendet avslås.",
        left_empty("Avslå ärendet", "Avslå ärendet"),
    ),
    State(
        "helpdesk-arende-ring-empty",
        "helpdesk-called-back",
        "Skriv vem du talade med när",
        left_empty("Kontrollera genom att ringa upp", "Jag ringde upp numret"),
    ),
    State(
        "helpdesk-arende-notera-empty",
        "helpdesk-note",
        "Skriv vad du vill anteckna.",
        left_empty("Skriv en ant", "Spara anteckningen"),
    ),
    State("helpdesk-arende-corrected", "helpdesk-ticket", "det som beställaren skickade", opened(asked, corrected)),
    State("helpdesk-ratta", "helpdesk-correct", "får ett mejl om vad du ändrar", correcting()),
    State(
        "helpdesk-ratta-wrong",
        "helpdesk-correct",
        "inte till Hemtjänst Ett AB",
        correcting(employee_username=MARIA.username, new_number="0701"),
    ),
    State("helpdesk-arende-done", "helpdesk-ticket", "Ärendet är avgjort", opened(asked, rejected)),
    State("helpdesk-arende-recipients", "helpdesk-ticket", "annan domän", opened(recipients_asked, took)),
    State("helpdesk-arende-other", "helpdesk-ticket", "Vi har en ny chef", opened(anyone_asked, took)),
)
