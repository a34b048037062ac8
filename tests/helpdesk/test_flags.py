"""Red flags: what is odd about a ticket that nothing else stops."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import directory, phones
from accounts.companies import note_bounce, orderers
from accounts.models import Orderer, PhoneLink
from deploy.local.cast import ANNA, CARIN, KARL, MARIA, STEFAN, Person
from helpdesk.models import Ticket, TimelineEntry
from helpdesk.tickets import decisions, evidence, states, verification
from helpdesk.tickets.creating import TicketDetails, create_ticket
from helpdesk.tickets.evidence import Level, worst
from helpdesk.tickets.states import add_entry
from idportal.text import names_agree
from tests.accounts.helpers import text_of
from tests.accounts.staff import Officer
from tests.conftest import has_number
from tests.helpdesk.asked import (
    CALL,
    NEW_NUMBER,
    a_colleague_called_back,
    an_agent,
    ask_for_recipients,
    in_the_directory,
    taken,
)
from tests.helpdesk.conftest import Register
from tests.helpdesk.desk import path
from tests.helpdesk.test_evidence import changed, for_person
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server", "sms")]


@pytest.fixture(autouse=True)
def _for_a_year(register: Register) -> None:
    Orderer.history.update(history_date=timezone.now() - timedelta(days=365))


def flags(ticket: Ticket) -> dict[str, str]:
    """What is odd, and what to do; in the queue it is the same as on the ticket's page."""
    known, [found] = evidence.gather(ticket), evidence.gather_many([Ticket.objects.get(pk=ticket.pk)])
    assert (found.flags, found.blockers) == (known.flags, known.blockers)
    return {flag.text: flag.advice for flag in known.flags}


def the_flag(ticket: Ticket) -> str:
    """The only one there is; it says what to do."""
    [(text, advice)] = flags(ticket).items()
    assert len(advice) > len("Fråga.")
    return text


def number_since(person: Person, **length: float) -> None:
    phone = has_number(person)
    phone.confirmed_at = timezone.now() - timedelta(**length)
    phone.save()


def test_a_ticket_in_order_has_none(register: Register) -> None:
    number_since(ANNA, days=31)
    assert flags(for_person(register)) == {}


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("mobile", "+46701740655", "Beställarens mobil i registret ändrades"),
        ("email", "carin.ek@hemtjanst-ett.example", "Beställarens e-postadress i registret ändrades"),
    ],
)
def test_what_reaches_the_orderer_was_changed_lately(register: Register, field: str, value: str, words: str) -> None:
    ticket = for_person(register)
    changed(register.carin, **{field: value})
    ticket = Ticket.objects.get(pk=ticket.pk)
    assert the_flag(ticket).startswith(words)
    Orderer.history.update(history_date=timezone.now() - timedelta(days=31))
    assert not any(text.startswith(words) for text in flags(ticket)), "a month later it is as it always was"


def test_another_name_of_the_orderer_is_no_flag(register: Register) -> None:
    changed(register.carin, name="Carin Ek Lund")
    assert flags(for_person(register)) == {}


def test_who_is_orderer_since_yesterday_is_new(register: Register) -> None:
    orderers.store(register.olle, [register.tva, register.ett], actor=None)
    ticket = for_person(register, orderer=register.olle)
    assert the_flag(ticket).startswith("Beställaren är ny")


def test_a_name_that_is_not_the_account_s(register: Register) -> None:
    text = the_flag(for_person(register, employee_name="Anna Borg"))
    assert text == "I ärendet står ”Anna Borg”, men i katalogen heter lovanber11 Anna Berg."


def test_a_name_may_be_written_in_more_than_one_way_but_must_be_the_name() -> None:
    same = [name for name in ("anna  berg", "Berg, Anna", "Anna Maria Berg") if names_agree(name, ANNA.name)]
    assert len(same) == 3
    other = [name for name in ("Anna", "Anna Borg", "Berg Hanna", "") if names_agree(name, ANNA.name)]
    assert other == []


def test_who_remembers_the_password_needs_no_helpdesk(register: Register, server: TestSlapd) -> None:
    number_since(STEFAN, days=100)
    assert the_flag(for_person(register, STEFAN)) == "Lösenordet har inte gått ut."
    server.put(STEFAN, must_change=True)
    assert "Lösenordet har inte gått ut." not in flags(for_person(register, STEFAN, employee_name="Lind Stefan"))


def test_a_number_that_was_changed_lately(register: Register) -> None:
    number_since(ANNA, days=3)
    assert the_flag(for_person(register)).endswith("för 3 dagar sedan.")


def test_the_orderer_s_own_mobile(register: Register) -> None:
    assert the_flag(for_person(register, new_number=CARIN.phone)) == "Det nya numret är beställarens egen mobil."


def test_a_number_that_is_on_other_accounts(register: Register) -> None:
    for person in (STEFAN, MARIA):
        has_number(person, NEW_NUMBER)
    text = the_flag(for_person(register))
    assert text == "Det nya numret finns redan på andra konton: lovmalsund, lovstlin32."


def test_several_tickets_about_an_account(register: Register) -> None:
    first = for_person(register)
    second = for_person(register, new_number="+46701740691")
    assert the_flag(second) == "Det har kommit 1 annat ärende om kontot de senaste 30 dagarna."
    for_person(register, KARL)
    Ticket.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(days=31))
    assert flags(second) == {}


@pytest.mark.parametrize(
    ("number", "words"),
    [(NEW_NUMBER, "Just det här numret kopplades i ärende"), ("+46701740691", "En tidigare koppling till kontot")],
)
def test_an_earlier_link_was_stopped(register: Register, number: str, words: str) -> None:
    account = directory.connect().find(ANNA.username)
    assert account
    phones.link(account, number, agent=an_agent(), orderer=register.carin, reference="2025-00007", address=None)
    PhoneLink.objects.update(stopped_at=timezone.now())
    number_since(ANNA, days=90)
    text = the_flag(for_person(register))
    assert text.startswith(words)
    assert "2025-00007" in text


def test_codes_that_were_wrong_end_the_call(register: Register) -> None:
    ticket = taken(for_person(register, source=CALL), an_agent())
    add_entry(ticket, TimelineEntry.What.CODE_WRONG, an_agent())
    assert flags(ticket) == {}, "one is a slip of the tongue"
    add_entry(ticket, TimelineEntry.What.CODE_WRONG, an_agent())
    assert the_flag(ticket) == "Fel kod har lästs upp 2 gånger."
    verification.called_back(ticket.pk, an_agent(), "Carin Ek svarade.")
    assert flags(ticket) == {}


def test_recipients_of_another_domain_and_those_that_bounce(register: Register) -> None:
    note_bounce("chef@hemtjanst-ett.example", "550 no such user")
    ticket = ask_for_recipients(register, "chef@hemtjanst-ett.example", "carin@brevlada.example")
    assert list(flags(ticket)) == [
        "Adressen ligger på en annan domän än företagets andra: carin@brevlada.example.",
        "Mejl till adressen har studsat: chef@hemtjanst-ett.example.",
    ]


def test_what_stops_it_is_no_flag_besides(register: Register) -> None:
    """Said once: as an obstacle."""
    number_since(MARIA, days=90)
    known = evidence.gather(for_person(register, MARIA))
    assert len(known.blockers) == 1
    assert [flag.text for flag in known.flags] == ["Lösenordet har inte gått ut."]


def test_a_ticket_that_is_closed_has_none_any_more(register: Register) -> None:
    ticket = taken(for_person(register, employee_name="Anna Borg"), an_agent())
    known = evidence.gather(decisions.reject(ticket.pk, an_agent(), "Fel namn."))
    assert (known.flags, known.blockers) == ([], [])


def test_the_portals_own_ticket_is_not_called_a_strangers(per: Officer) -> None:
    """It tells what to do, and no flag says the contrary."""
    alarm = create_ticket(
        TicketDetails(Ticket.Kind.OTHER, text="Ring den anställda.", orderer_name="Carin Ek"),
        source=Ticket.Source.PORTAL,
    )
    assert flags(alarm) == {}
    page = text_of(per.get(f"/helpdesk/arenden/{alarm.number}/"))
    assert "Ring den anställda." in page
    assert "finns inte i registret" not in page
    states.take(alarm.pk, in_the_directory(per.person))
    page = text_of(per.get(f"/helpdesk/arenden/{alarm.number}/"))
    assert "Gör det som står i ärendet först." in page
    assert "Avsluta som utfört" in page


def test_what_steals_an_account_is_a_stop_and_comes_first(per: Officer, register: Register) -> None:
    one = for_person(register, STEFAN, employee_name="Stefan Lindh", new_number=CARIN.phone)
    has_number(MARIA, CARIN.phone)
    found = evidence.gather(one).flags
    assert [flag.level for flag in found] == [Level.STOP, Level.STOP, Level.LOOK, Level.LOOK]
    assert worst(reversed(found)) == found[1], "the first of the stops, in the order that is given"
    assert worst(found[2:]) == found[2]
    assert worst([]) is None
    page = text_of(per.get(path(one)))
    assert "Stopp: I ärendet står ”Stefan Lindh”" in page, "a word, not the colour alone"
    assert "Stopp: Det nya numret är beställarens egen mobil." in page
    assert "Se upp: Lösenordet har inte gått ut." in page
    assert page.index("Stopp: Det nya") < page.index("Se upp: ")


def test_a_stop_blocks_nothing_by_itself(register: Register) -> None:
    """The agent decides; what can't be approved is a blocker."""
    ticket = a_colleague_called_back(for_person(register, employee_name="Anna Borg"))
    flag = worst(evidence.gather(ticket).flags)
    assert flag
    assert flag.stop
    assert decisions.approve(ticket.pk, an_agent()).state == Ticket.State.DONE
