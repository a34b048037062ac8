"""The orderer follows what her company has asked, and takes it back."""

from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts import phones
from accounts.models import Event, Orderer, User
from accounts.models.recipients import Recipients
from deploy.local.cast import ANNA, PER
from helpdesk.models import Confirmation, Ticket, TimelineEntry
from helpdesk.tickets import decisions, states, verification
from helpdesk.tickets.creating import TicketDetails, create_ticket
from helpdesk.tickets.states import add_entry
from tests.accounts.helpers import NEW_NUMBER, NEW_NUMBER_TYPED, last, text_of
from tests.accounts.linking import account_of, link
from tests.accounts.staff import Officer
from tests.helpdesk.asked import an_agent
from tests.helpdesk.conftest import Register
from tests.helpdesk.mailing import PASSED, SERVER, a_mail, ticket_of
from tests.helpdesk.people import SECOND_AGENT, an_orderer, as_orderer
from tests.servers.slapd import TestSlapd

Kind, State, What = Ticket.Kind, Ticket.State, TimelineEntry.What
LIST = "/bestallare/arenden/"
CHIEF = "chef@hemtjanst-ett.example"


@pytest.fixture
def agent(db: None) -> User:
    return an_agent()


@pytest.fixture
def asked(register: Register) -> Ticket:
    return a_number(register.carin)


@pytest.fixture
def dan(register: Register) -> Orderer:
    """A second orderer of the same company."""
    return an_orderer("Dan Ek", "dan@hemtjanst-ett.example", "+46701740652", register.ett)


def a_number(orderer: Orderer) -> Ticket:
    """A request for a number, as her form makes it."""
    return create_ticket(
        TicketDetails(
            Ticket.Kind.PHONE,
            company=orderer.companies.first(),
            orderer=orderer,
            employee_name=ANNA.name,
            employee_username=ANNA.username,
            new_number=NEW_NUMBER,
        ),
        source=Ticket.Source.PAGES,
    )


def some_recipients(orderer: Orderer, *addresses: str) -> Ticket:
    company = orderer.companies.first()
    return create_ticket(
        TicketDetails(Ticket.Kind.RECIPIENTS, company=company, orderer=orderer, recipients=Recipients(addresses)),
        source=Ticket.Source.PAGES,
    )


def page(client: Client, ticket: Ticket | None = None) -> str:
    answer = client.get(f"{LIST}{ticket.number}/" if ticket else LIST)
    assert isinstance(answer, HttpResponse)
    assert answer.status_code == 200
    return text_of(answer)


def withdraw(client: Client, ticket: Ticket) -> str:
    """Presses the button; what the next page says."""
    answer = client.post(f"{LIST}{ticket.number}/aterta/", follow=True)
    assert answer.redirect_chain == [(f"{LIST}{ticket.number}/", 302)]
    return text_of(answer)  # type: ignore[arg-type]


def ended(ticket: Ticket, state: Ticket.State, what: TimelineEntry.What, agent: User) -> None:
    """As ``decisions`` leaves a request that was approved."""
    ticket.state, ticket.decided_at, ticket.decided_by = state, timezone.now(), agent
    ticket.save()
    add_entry(ticket, what, agent)


def test_the_list_shows_what_was_asked_by_whom_and_how_it_stands(carin: Client, asked: Ticket) -> None:
    some_recipients(asked.orderer, CHIEF)  # type: ignore[arg-type]
    words = page(carin)
    newest, older = words.index(CHIEF), words.index(asked.number)
    assert newest < older
    for told in (ANNA.name, ANNA.username, "Nytt mobilnummer", "Mottagare av mejl", "Carin Ek", "nytt"):
        assert told in words


def test_m5_a_mail_that_anybody_may_have_written_is_not_hers(
    carin: Client, register: Register, agent: User, settings: Settings, server: TestSlapd
) -> None:
    settings.HELPDESK_AUTHSERV_ID = SERVER
    stranger = ticket_of(a_mail())
    assert (stranger.company, stranger.orderer) == (register.ett, register.carin)
    recipients = ticket_of(a_mail("Mottagare 1: x@example.net", subject="Ändring av e-postmottagare för mejl"))
    assert recipients.kind == Kind.RECIPIENTS
    assert stranger.number not in page(carin)
    assert carin.get(f"{LIST}{stranger.number}/").status_code == 404
    assert carin.post(f"{LIST}{stranger.number}/aterta/").status_code == 404
    assert recipients.number not in text_of(carin.get("/bestallare/mottagare/"))  # type: ignore[arg-type]
    assert ticket_of(a_mail(Authentication_Results=PASSED)).number in page(carin), "the border server vouches for it"
    states.take(stranger.pk, agent)
    verification.called_back(stranger.pk, agent, "Carin Ek")
    assert stranger.number in page(carin), "she has said that it is hers"


def test_the_list_of_nothing_leads_to_the_forms(carin: Client) -> None:
    words = carin.get(LIST).content.decode()
    assert "Ni har inte skickat något ärende till helpdesk än." in words
    assert words.count('href="/bestallare/mobilnummer/"') == 2  # in the row of pages, too


def test_the_list_is_paged_and_takes_few_queries(
    carin: Client, register: Register, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    Ticket.objects.bulk_create(
        Ticket(number=f"2026-{number:05}", kind=Kind.OTHER, source=Ticket.Source.CALL, company=register.ett)
        for number in range(1, 121)
    )
    with django_assert_max_num_queries(10):
        words = page(carin)
    assert words.count("2026-00") == 50
    assert "Sida 1 av 3" in words
    assert "2026-00120" in words
    for wanted, there in (("2", "2026-00070"), ("3", "2026-00001"), ("99", "2026-00001"), ("x", "2026-00120")):
        assert there in text_of(carin.get(LIST, {"sida": wanted}))  # type: ignore[arg-type]


def test_a_ticket_shows_what_was_asked(carin: Client, asked: Ticket) -> None:
    words = page(carin, asked)
    assert "Ärendet gäller Nytt mobilnummer" in words
    for told in (
        ANNA.name,
        ANNA.username,
        NEW_NUMBER_TYPED,
        "Carin Ek",
        "Ärendet kom in",
    ):
        assert told in words


def test_of_a_decided_ticket_the_number_shows_its_end_alone(carin: Client, per: Officer, asked: Ticket) -> None:
    """It may be on file by then, and which number is registered is for nobody to read."""
    states.withdraw(asked.pk, Orderer.objects.get(name="Carin Ek"))
    for words in (page(carin, asked), text_of(per.get(f"/helpdesk/arenden/{asked.number}/"))):
        assert f"••• {NEW_NUMBER[-2:]}" in words
        assert NEW_NUMBER_TYPED not in words
        assert NEW_NUMBER not in words


def test_another_orderer_of_the_company_sees_it_and_takes_it_back(dan: Orderer, asked: Ticket) -> None:
    client = as_orderer(dan)
    assert NEW_NUMBER_TYPED in page(client, asked)
    assert "Helpdesk ringer Carin Ek eller skickar en kod till den registrerade mobilen." in page(client, asked)
    assert "Ärendet är återtaget." in withdraw(client, asked)
    entry = asked.entries.get(what=What.WITHDRAWN)
    assert (entry.who, entry.state) == ("Dan Ek", State.WITHDRAWN)
    assert last(Event.TICKET_WITHDRAWN).actor == f"orderer {dan.pk}"


def test_taking_it_back_needs_a_press(carin: Client, asked: Ticket) -> None:
    assert carin.get(f"{LIST}{asked.number}/aterta/").status_code == 405
    asked.refresh_from_db()
    assert asked.open


def test_what_is_the_helpdesks_own_is_not_shown(carin: Client, asked: Ticket, agent: User) -> None:
    states.take(asked.pk, agent)
    states.add_note(asked.pk, agent, "Låter inte som Carin")
    for what in (What.CODE_SENT, What.CODE_WRONG, What.CODE_RIGHT, What.CALLED_BACK, What.NOT_CARRIED_OUT):
        add_entry(asked, what, agent, "numret sitter på tre andra konton")
    words = page(carin, asked)
    for own in ("Låter inte", "tre andra konton", PER.username):
        assert own not in words
    for told in ("Skickade en kod till beställarens mobil Helpdesk,", "Fick rätt kod av beställaren", "Ringde upp"):
        assert told in words


def test_which_of_the_agents_has_it_is_not_shown(carin: Client, asked: Ticket, agent: User) -> None:
    other = an_agent(SECOND_AGENT)
    for each in (agent, other, agent):
        states.take(asked.pk, each)
    states.give_back(asked.pk, agent)
    words = page(carin, asked)
    assert words.count("Började kontrollera ärendet") == 1
    assert PER.username not in words
    assert other.username not in words


def test_every_kind_of_entry_is_either_shown_or_the_helpdesks_own() -> None:
    from helpdesk.orderer.views.tickets import _SEEN

    mails = {What.MAILED, What.UNSURE_ANSWER, What.AUTO_REPLIED, What.NOT_DELIVERED}
    assert set(What) - set(_SEEN) == {*mails, What.NOTED, What.GIVEN_BACK}


def test_a_rejection_shows_its_reason(carin: Client, asked: Ticket, agent: User) -> None:
    states.take(asked.pk, agent)
    decisions.reject(asked.pk, agent, "Vi nådde dig inte.\nSkicka gärna igen.")
    words = page(carin, asked)
    assert "Därför avslogs det Vi nådde dig inte. Skicka gärna igen." in words
    assert "Ta tillbaka" not in words


@pytest.mark.usefixtures("server", "sms")
def test_what_is_done_says_what_to_do_now(carin: Client, asked: Ticket, agent: User) -> None:
    link(ANNA, reference=asked.number)
    ended(asked, State.DONE, What.CARRIED_OUT, agent)
    words = page(carin, asked)
    assert "Det nya numret är kopplat." in words
    assert "/aterstall/" in words
    add_entry(asked, What.STOPPED, None)
    assert "Det nya numret gäller inte." in page(carin, asked)
    assert "Det nya numret är kopplat." not in page(carin, asked)


@pytest.mark.usefixtures("server", "sms")
def test_a_number_that_is_no_longer_there_is_not_said_to_work(carin: Client, asked: Ticket, agent: User) -> None:
    """The helpdesk took it away, or its owner has registered another one."""
    link(ANNA, reference=asked.number)
    ended(asked, State.DONE, What.CARRIED_OUT, agent)
    assert "Det nya numret är kopplat." in page(carin, asked)
    phones.remove(account_of(ANNA), agent=agent, reference="2026-00099", address=None)
    assert "Kontots nummer kan ha ändrats sedan dess." in page(carin, asked)
    assert "/aterstall/" not in page(carin, asked)


def test_who_still_has_to_confirm_is_shown(carin: Client, register: Register, agent: User) -> None:
    one = some_recipients(register.carin, CHIEF)
    ended(one, State.DONE, What.CARRIED_OUT, agent)
    until = timezone.now() + timedelta(days=7)
    asked = Confirmation.objects.create(ticket=one, address=CHIEF, digest="x", until=until, recipients_before=[])
    assert f"i mejlet från oss: {CHIEF}" in page(carin, one)
    asked.confirmed_at = timezone.now()
    asked.save()
    assert "i mejlet från oss" not in page(carin, one)


def test_too_late_is_told_by_whom_and_when(carin: Client, asked: Ticket, agent: User) -> None:
    states.take(asked.pk, agent)
    decisions.reject(asked.pk, agent, "Nej.")
    asked.refresh_from_db()
    at = f"{timezone.localtime(asked.decided_at):%Y-%m-%d %H:%M}"
    words = withdraw(carin, asked)
    assert f"Ärendet går inte att ta tillbaka. Det är redan avslaget av helpdesk, {at}." in words
    assert PER.username not in words
    asked.refresh_from_db()
    assert asked.state == State.REJECTED


def test_of_two_who_take_it_back_the_second_is_told_of_the_first(carin: Client, dan: Orderer, asked: Ticket) -> None:
    withdraw(as_orderer(dan), asked)
    assert "Det är redan återtaget av Dan Ek," in withdraw(carin, asked)
    assert asked.entries.filter(what=What.WITHDRAWN).count() == 1


def test_a_ticket_of_another_company_is_not_there(carin: Client, register: Register) -> None:
    theirs = a_number(register.olle)
    assert theirs.number not in page(carin)
    for number in (theirs.number, "2026-99999", "x", "2026-0001", "%00", "2026-00001%00", "1"):
        assert carin.get(f"{LIST}{number}/").status_code == 404
        assert carin.post(f"{LIST}{number}/aterta/").status_code == 404
    theirs.refresh_from_db()
    assert theirs.open
    assert theirs.entries.count() == 1


def test_what_the_portal_tells_the_helpdesk_is_not_the_orderers(carin: Client, register: Register) -> None:
    theirs = create_ticket(
        TicketDetails(Ticket.Kind.OTHER, text="Många försök.", company=register.ett), source=Ticket.Source.PORTAL
    )
    assert theirs.number not in page(carin)
    assert carin.get(f"{LIST}{theirs.number}/").status_code == 404


def test_what_came_by_mail_in_her_name_is_hers_to_see_and_to_take_back_once_she_is_verified(
    register: Register, carin: Client, agent: User
) -> None:
    one = ticket_of(a_mail("Behörig beställare: Carin Ek\nHjälp Anna", sender="vem@example.net"))
    states.take(one.pk, agent)
    verification.called_back(one.pk, agent, "Carin Ek")
    words = page(carin, one)
    assert "Ärendet kom med ett mejl i namnet Carin Ek. Har ingen av er skickat det?" in words
    assert "Allt som behövs stod inte i mejlet." in words
    assert "vem@example.net" not in words, "who wrote is the helpdesk's own"
    assert "med mejl" in page(carin)
    carin.post(f"{LIST}{one.number}/aterta/")
    one.refresh_from_db()
    assert one.state == "withdrawn"
