"""What is known of a ticket besides what it asks for, and what blocks an approval."""

import re
from collections.abc import Callable
from datetime import timedelta
from unittest import mock

import pytest
from django.utils import timezone

from accounts import directory
from accounts.companies import orderers
from accounts.directory import DirectoryUnavailable
from accounts.models import Orderer, User
from deploy.local.cast import ANNA, EVA, KARL, MARIA, PER, STEFAN, Person
from helpdesk.models import Ticket
from helpdesk.tickets import evidence, verification
from helpdesk.tickets.creating import TicketDetails, create_ticket
from helpdesk.tickets.evidence.facts import Fact
from tests.conftest import has_number
from tests.helpdesk.asked import (
    CALL,
    NEW_NUMBER,
    an_agent,
    ask_for_number,
    ask_for_recipients,
    in_the_directory,
    taken,
)
from tests.helpdesk.conftest import Register
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server")]


@pytest.fixture(autouse=True)
def _for_a_year(register: Register) -> None:
    """Nobody is new in the register."""
    Orderer.history.update(history_date=timezone.now() - timedelta(days=365))


def obstacles(ticket: Ticket) -> list[str]:
    """As ``decisions.approve`` asks for them, and the queue."""
    ticket = Ticket.objects.get(pk=ticket.pk)
    found = evidence.blockers_of(ticket, directory.connect().find(ticket.employee_username))
    assert [each.blockers for each in evidence.gather_many([Ticket.objects.get(pk=ticket.pk)])] == [found]
    return found


def for_person(register: Register, person: Person = ANNA, **other: object) -> Ticket:
    account = in_the_directory(person).directory_id
    words = {"employee_name": person.name, "employee_username": person.username, "account": account}
    return ask_for_number(register, **{**words, **other})


def changed(orderer: Orderer, **fields: object) -> None:
    for name, value in fields.items():
        setattr(orderer, name, value)
    orderers.store(orderer, list(orderer.companies.all()), actor=an_agent())


def closed_down(register: Register) -> None:
    register.ett.active = False
    register.ett.save()


def of_the_other_company(register: Register) -> None:
    orderers.store(register.carin, [register.tva], actor=None)


def test_nothing_stands_in_the_way_of_what_is_in_order(register: Register) -> None:
    assert obstacles(for_person(register, ANNA)) == []
    assert obstacles(ask_for_recipients(register, "carin@hemtjanst-ett.example", "chef@hemtjanst-ett.example")) == []


@pytest.mark.parametrize("ask", [ask_for_number, lambda register: ask_for_recipients(register, "a@b.example")])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda register: Orderer.objects.all().delete(), "Ingen behörig beställare står bakom ärendet."),
        (lambda register: changed(register.carin, active=False), "Carin Ek är inte längre aktiv som beställare."),
        (closed_down, "Hemtjänst Ett AB är inte aktivt i registret."),
        (of_the_other_company, "Carin Ek är inte beställare för Hemtjänst Ett AB."),
        (lambda register: register.ett.delete(), "Ärendet hör inte till något företag i registret."),
    ],
)
def test_who_asks_must_be_the_company_s_orderer_now(
    register: Register, ask: Callable[..., Ticket], change: Callable[[Register], object], words: str
) -> None:
    ticket = ask(register)
    change(register)
    [told] = obstacles(ticket)
    assert told.startswith(words)
    assert "Avslå" in told, "it says what to do"


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"employee_username": "lovingen99"}, "Ingen i katalogen har användarnamnet lovingen99."),
        (
            {"account": "0" * 8 + "-0000-0000-0000-" + "0" * 12},
            "hör till en annan medarbetare nu än när ärendet kom in",
        ),
        ({"employee_username": MARIA.username}, "Kontot lovmalsund hör inte till Hemtjänst Ett AB i katalogen."),
        ({"new_number": "+46191234567"}, "Numret går inte att använda: Det är inget mobilnummer."),
        (
            {"new_number": "+4531234567"},
            "Numret går inte att använda: Vi kan bara skicka koder till svenska mobilnummer.",
        ),
        ({"new_number": ""}, "Numret går inte att använda"),
    ],
)
def test_account_and_number_must_be_possible(register: Register, other: dict[str, str], words: str) -> None:
    [told] = obstacles(ask_for_number(register, **other))
    assert words in told
    assert re.search("[Aa]vslår? (du )?ärendet|rätta uppgifterna", told), "it says what to do"


def test_a2_no_number_is_linked_to_an_agents_account(register: Register) -> None:
    other_company, protected = obstacles(ask_for_number(register, employee_username=PER.username))
    assert "Kontot hdpernil hör inte till Hemtjänst Ett AB i katalogen." in other_company
    assert "Kontot hdpernil är skyddat, så att inget nummer kan kopplas här. Avslå ärendet" in protected


def test_nothing_is_linked_to_accounts_that_the_portal_leaves_alone(register: Register, server: TestSlapd) -> None:
    ticket = ask_for_number(register)
    server.put(ANNA, disabled=True)
    assert "är avstängt" in obstacles(ticket)[0]
    server.put(ANNA, protected=True)
    assert "är skyddat" in obstacles(ticket)[0]
    assert any("är skyddat" in told for told in obstacles(ask_for_number(register, employee_username=EVA.username)))


def test_a_number_can_be_on_so_many_accounts_and_no_more(register: Register) -> None:
    ticket = for_person(register, ANNA)
    for person in (STEFAN, KARL):
        has_number(person, NEW_NUMBER)
    assert obstacles(ticket) == []
    has_number(MARIA, NEW_NUMBER)
    [told] = obstacles(ticket)
    assert "finns redan på 3 andra konton" in told


def test_what_is_linked_already_is_not_linked_again(register: Register) -> None:
    has_number(ANNA, NEW_NUMBER)
    [told] = obstacles(for_person(register, ANNA))
    assert "inget att koppla" in told


def test_recipients_without_an_address_are_none(register: Register) -> None:
    [told] = obstacles(ask_for_recipients(register))
    assert told.startswith("Ingen adress står i ärendet.")


def test_anything_else_is_for_orderers_to_ask(register: Register) -> None:
    """Nobody else's is closed as carried out. The portal asks an agent for something, too."""
    own = create_ticket(
        TicketDetails(Ticket.Kind.OTHER, text="Hej!", orderer=register.carin, company=register.ett),
        source=CALL,
        agent=an_agent(),
    )
    alarm = create_ticket(TicketDetails(Ticket.Kind.OTHER, text="Ring den anställda."), source=Ticket.Source.PORTAL)
    strange = create_ticket(
        TicketDetails(Ticket.Kind.OTHER, text="Hej!", orderer_name="Lena Ask"), source=Ticket.Source.MAIL
    )
    assert (obstacles(own), obstacles(alarm)) == ([], [])
    [why] = obstacles(strange)
    assert why.startswith("Avsändaren är inte behörig beställare för företaget. Gör inget av det som begärs.")


def lines(facts: object) -> dict[str, tuple[str, bool | None]]:
    assert isinstance(facts, list)
    assert all(isinstance(fact, Fact) for fact in facts)
    return {fact.label: (fact.value, fact.good) for fact in facts}


def days_ago(days: int) -> str:
    return f"{timezone.localdate() - timedelta(days=days):%Y-%m-%d}"


def test_the_facts_of_a_ticket_in_order(register: Register) -> None:
    phone = has_number(ANNA)
    phone.confirmed_at = timezone.localtime() - timedelta(days=90)  # of the calendar, also over a change of the clocks
    phone.save()
    known = evidence.gather(for_person(register, ANNA))
    assert lines(known.requester_facts) == {
        "Beställare": (f"Carin Ek är behörig för Hemtjänst Ett AB sedan {days_ago(365)}", True),
        "Mobil i registret": ("070-174 06 50", None),
        "E-post i registret": ("carin@hemtjanst-ett.example", None),
        "Inkom via": ("beställarens sidor", None),
        "Kontrollerad": ("Nej. Var inloggad när ärendet skickades.", None),
    }
    assert lines(known.account_facts) == {
        "Användarnamn": ("lovanber11", True),
        "Namn i katalogen": ("Anna Berg", True),
        "Företag i katalogen": ("Hemtjänst Ett AB", True),
        "Lösenord": (f"Har gått ut: {days_ago(4)}, för 4 dagar sedan", None),
        "Kontot är": ("aktivt", True),
    }
    assert lines(known.number_facts) == {
        "Registrerat nummer": (f"ja, sedan {days_ago(90)}", None),
        "Nya numret finns på": ("inget annat konto", True),
    }
    assert known.account
    assert known.account.username == ANNA.username
    assert known.tells_old_number
    assert not known.directory_down


def test_the_facts_of_one_that_is_not(register: Register, server: TestSlapd) -> None:
    server.put(MARIA, locked=True, disabled=True)
    has_number(STEFAN, NEW_NUMBER)
    changed(register.carin, mobile="+46701740655")
    known = evidence.gather(for_person(register, MARIA, employee_name="Mia Sund", source=CALL))
    assert lines(known.requester_facts)["Mobil i registret"] == (
        f"070-174 06 55 (ändrat {days_ago(0)}, i dag, av hdpernil)",
        False,
    )
    assert lines(known.requester_facts)["Kontrollerad"] == ("Inte än", None)
    account = lines(known.account_facts)
    assert account["Namn i katalogen"] == ("Maria Sund", False)
    assert account["Företag i katalogen"] == ("Omsorg Två AB", False)
    assert account["Lösenord"][0].endswith("60 dagar kvar")
    assert account["Kontot är"][0].startswith("avstängt")
    assert lines(known.number_facts)["Nya numret finns på"] == ("lovstlin32", False)
    assert lines(known.number_facts)["Registrerat nummer"] == ("nej", None)


def test_who_left_the_company_and_came_back_is_orderer_since_then(register: Register) -> None:
    orderers.store(register.carin, [], actor=None)
    orderers.store(register.carin, [register.ett], actor=None)
    known = evidence.gather(for_person(register, ANNA))
    assert lines(known.requester_facts)["Beställare"] == (
        f"Carin Ek är behörig för Hemtjänst Ett AB sedan {days_ago(0)}",
        True,
    )


def test_how_the_orderer_was_verified(register: Register) -> None:
    ticket = taken(for_person(register, ANNA, source=CALL), an_agent())
    verification.called_back(ticket.pk, an_agent(), "Carin Ek svarade.")
    value, good = lines(evidence.gather(ticket).requester_facts)["Kontrollerad"]
    assert value.startswith("Ja: uppringning av numret i registret (hdpernil, ")
    assert good


def test_earlier_tickets_of_a_year_at_most_ten_of_each(register: Register) -> None:
    mine = for_person(register, ANNA)
    for_karl = [for_person(register, KARL, employee_name=f"Karl {number}") for number in range(11)]
    by_olle = for_person(register, ANNA, company=register.tva, orderer=register.olle)
    too_old = for_person(register, ANNA, company=register.tva, orderer=register.olle, employee_name="A. Berg")
    Ticket.objects.filter(pk=too_old.pk).update(created_at=timezone.now() - timedelta(days=366))
    unrelated = for_person(register, MARIA, company=register.tva, orderer=register.olle)
    found = list(evidence.gather(mine).earlier_tickets)
    assert {by_olle, *for_karl[1:]} == set(found)
    assert not {mine, too_old, unrelated, for_karl[0]} & set(found)
    assert found == sorted(found, key=lambda other: other.pk, reverse=True)


def test_a_directory_that_does_not_answer_leaves_the_rest(register: Register) -> None:
    ticket = for_person(register, ANNA)
    has_number(ANNA)
    with mock.patch("accounts.directory.connect", side_effect=DirectoryUnavailable()):
        known = evidence.gather(ticket)
    assert known.directory_down
    assert known.account is None
    assert known.blockers == []
    assert lines(known.account_facts) == {"Användarnamn": ("lovanber11 (katalogen svarar inte)", None)}
    assert lines(known.requester_facts)["Beställare"][1]
    assert known.tells_old_number


def test_of_recipients_who_is_and_who_shall_be(register: Register) -> None:
    register.ett.recipient1 = "carin@hemtjanst-ett.example"
    register.ett.save()
    known = evidence.gather(ask_for_recipients(register, "Carin@hemtjanst-ett.example", "chef@hemtjanst-ett.example"))
    assert lines(known.number_facts) == {
        "Mottagare i dag": ("carin@hemtjanst-ett.example", None),
        "Nya adresser": ("chef@hemtjanst-ett.example", None),
    }
    assert known.account_facts == []


def test_asking_changes_nothing(register: Register) -> None:
    """To look at a request makes no row for a person."""
    ticket = ask_for_number(register)
    before = User.objects.count()
    evidence.gather(ticket)
    assert User.objects.count() == before
