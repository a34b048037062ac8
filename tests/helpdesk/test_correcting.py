"""An agent corrects what a form asked for; nothing that was verified before counts for it."""

from __future__ import annotations

from unittest import mock

import pytest
from pytest_django import Settings

from accounts import directory
from accounts.directory import Account
from accounts.models import AuditEvent, Event, Phone, User
from deploy.local.cast import ANNA, KARL, MARIA, PER, Person
from helpdesk.models import Ticket, TimelineEntry
from helpdesk.tickets import decisions, evidence, verification
from helpdesk.tickets.correcting import can_be_corrected, correct
from helpdesk.tickets.creating import TicketDetails, complete
from helpdesk.tickets.evidence.levels import Odd
from helpdesk.tickets.states import AssignedToOther, Closed, NotVerified, SecondAgentNeeded, TicketRefused
from notifications.models import Message
from tests.accounts.helpers import text_of
from tests.accounts.staff import Officer
from tests.conftest import Inbox
from tests.helpdesk.asked import (
    CALL,
    NEW_NUMBER,
    a_colleague_called_back,
    an_agent,
    ask_for_number,
    ask_for_recipients,
    in_the_directory,
    mails,
    state_of,
    taken,
)
from tests.helpdesk.conftest import Register
from tests.helpdesk.desk import does, path
from tests.helpdesk.people import SECOND_AGENT

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server", "sms")]

OTHER_NUMBER = "+46701740656"
What = TimelineEntry.What


def of_anna(register: Register, **other: object) -> Ticket:
    return ask_for_number(register, account=in_the_directory(ANNA).directory_id, **other)


def with_number(one: Ticket, number: str = OTHER_NUMBER) -> TicketDetails:
    return TicketDetails.from_ticket(one)._replace(new_number=number)


def typed(person: Person, number: str = "070-174 06 56") -> dict[str, str]:
    return {"employee_name": person.name, "employee_username": person.username, "new_number": number}


# What was verified was something else.


def test_h1_a_corrected_number_needs_the_orderer_verified_anew(register: Register) -> None:
    one = a_colleague_called_back(of_anna(register))
    correct(one.pk, an_agent(), with_number(one))
    with pytest.raises(NotVerified):
        decisions.approve(one.pk, an_agent())
    assert not Phone.objects.exists()
    one = a_colleague_called_back(Ticket.objects.get(pk=one.pk))
    decisions.approve(one.pk, an_agent())
    assert Phone.objects.get().number == OTHER_NUMBER


def test_h1_a_correction_to_and_fro_needs_it_too(register: Register) -> None:
    one = a_colleague_called_back(of_anna(register))
    for number in (OTHER_NUMBER, NEW_NUMBER):
        correct(one.pk, an_agent(), with_number(one, number))
    with pytest.raises(NotVerified):
        decisions.approve(one.pk, an_agent())


@pytest.mark.django_db(transaction=True)
def test_h1_a_code_whose_sms_said_the_old_number_counts_no_more(register: Register, sms: Inbox) -> None:
    one = taken(of_anna(register), an_agent())
    verification.send_code(one.pk, an_agent())
    assert "90" in sms.messages()[-1][1]
    correct(one.pk, an_agent(), with_number(one))
    with pytest.raises(TicketRefused, match="ingen kod att kontrollera"):
        verification.enter_code(one.pk, an_agent(), sms.code())
    assert not verification.valid(Ticket.objects.get(pk=one.pk))


def read_out(one: Ticket, sms: Inbox, agent: User | None = None) -> None:
    """Per has it, and Carin read a code out."""
    agent = agent or an_agent()
    taken(one, agent)
    verification.send_code(one.pk, agent)
    assert verification.enter_code(one.pk, agent, sms.code())


@pytest.mark.django_db(transaction=True)
def test_h8_a_corrected_number_takes_a_second_agent_for_a_code_too(
    per: Officer, register: Register, sms: Inbox
) -> None:
    """Else one agent alone could put any number in the place of the orderer's, who hears two digits of it."""
    agent = in_the_directory(PER)
    one = taken(of_anna(register), agent)
    assert "Ändrar du numret måste en kollega godkänna ärendet." in text_of(per.get(path(one) + "ratta/"))
    correct(one.pk, agent, with_number(one))
    page = text_of(per.get(path(one)))
    assert "En handläggare har rättat numret, så en kollega måste godkänna, hur du än kontrollerar." in page
    assert "kan du godkänna själv" not in page
    read_out(one, sms, agent)
    with pytest.raises(SecondAgentNeeded, match=r"^En handläggare har rättat numret, och du har själv"):
        decisions.approve(one.pk, agent)
    assert "Beställaren kan läsa upp en kod i stället" not in text_of(per.get(path(one)))
    assert not Phone.objects.exists()
    taken(one, an_agent(SECOND_AGENT))
    decisions.approve(one.pk, an_agent(SECOND_AGENT))
    assert Phone.objects.get().number == OTHER_NUMBER


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("why", ["the name alone", "never"])
def test_h8_other_corrections_and_never_leave_it_to_one(
    register: Register, sms: Inbox, settings: Settings, why: str
) -> None:
    one = taken(of_anna(register), an_agent())
    details = TicketDetails.from_ticket(one)._replace(employee_name="Anna B. Berg")
    if why == "never":
        settings.HELPDESK_FOUR_EYES = "never"
        details = with_number(one)
    correct(one.pk, an_agent(), details)
    read_out(one, sms)
    assert decisions.approve(one.pk, an_agent()).state == Ticket.State.DONE


@pytest.mark.django_db(transaction=True)
def test_h8_the_number_of_a_mail_replaced_takes_a_second_agent_filled_in_it_does_not(
    register: Register, sms: Inbox
) -> None:
    """Also if it was changed to nothing and then to another one."""
    one = taken(of_anna(register, source=Ticket.Source.MAIL, new_number=""), an_agent())
    complete(one.pk, an_agent(), with_number(one, NEW_NUMBER))
    assert not Ticket.objects.get(pk=one.pk).number_corrected
    for number in ("", OTHER_NUMBER):
        complete(one.pk, an_agent(), with_number(Ticket.objects.get(pk=one.pk), number))
    read_out(one, sms)
    with pytest.raises(SecondAgentNeeded):
        decisions.approve(one.pk, an_agent())


def test_h1_recipients_that_an_agent_wrote_need_a_verification_and_two_agents(register: Register) -> None:
    """As the orderer wrote them, signed in, they need none."""
    one = taken(ask_for_recipients(register, "chef@hemtjanst-ett.example"), an_agent())
    details = ask_for_recipients(register, "agent@annan.example", source=CALL, agent=an_agent())
    correct(one.pk, an_agent(), TicketDetails.from_ticket(details))
    with pytest.raises(NotVerified):
        decisions.approve(one.pk, an_agent())
    verification.called_back(one.pk, an_agent(), "Carin Ek svarade.")
    with pytest.raises(SecondAgentNeeded):
        decisions.approve(one.pk, an_agent())


def test_h1_a_page_from_before_the_correction_approves_nothing(per: Officer, register: Register) -> None:
    agent = in_the_directory(PER)
    one = a_colleague_called_back(of_anna(register), agent)
    page = per.get(path(one)).content.decode()
    assert '<input type="hidden" name="seen" value="">' in page
    correct(one.pk, agent, with_number(one))
    one = a_colleague_called_back(Ticket.objects.get(pk=one.pk), agent)
    assert "Uppgifterna har ändrats sedan du öppnade sidan." in text_of(does(per, one, "godkann/", seen=""))
    assert state_of(one) == Ticket.State.VERIFYING
    assert not Phone.objects.exists()
    does(per, one, "godkann/", seen=one.edition)
    assert Phone.objects.get().number == OTHER_NUMBER


def test_h1_an_account_that_was_looked_up_before_the_correction_gets_no_number(register: Register) -> None:
    """The directory answers an approval slowly: meanwhile the account is corrected, and the orderer verified."""
    one = a_colleague_called_back(of_anna(register))
    karl = in_the_directory(KARL)
    details = with_number(one)._replace(employee_username=KARL.username, account=karl.directory_id)
    find = directory.connect().find

    def slowly(username: str) -> Account | None:
        found = find(username)
        if username == ANNA.username:
            correct(one.pk, an_agent(), details)
            a_colleague_called_back(Ticket.objects.get(pk=one.pk))
        return found

    with mock.patch("accounts.directory.connect", return_value=mock.Mock(find=slowly)), pytest.raises(TicketRefused):
        decisions.approve(one.pk, an_agent())
    assert not Phone.objects.exists()


def test_a_correction_to_the_same_changes_nothing(register: Register) -> None:
    one = a_colleague_called_back(of_anna(register))
    correct(one.pk, an_agent(), with_number(one, NEW_NUMBER))
    assert not one.entries.filter(what=What.COMPLETED).exists()
    assert decisions.approve(one.pk, an_agent()).state == Ticket.State.DONE


# Who may, and what stays.


def test_who_asks_for_which_company_and_for_what_stays(register: Register) -> None:
    one = taken(of_anna(register), an_agent())
    other = TicketDetails(
        Ticket.Kind.OTHER, company=register.tva, orderer=register.olle, new_number=OTHER_NUMBER, text="Hej!"
    )
    correct(one.pk, an_agent(), other)
    one = Ticket.objects.get(pk=one.pk)
    assert (one.kind, one.company, one.orderer, one.text) == (Ticket.Kind.PHONE, register.ett, register.carin, "")
    assert one.new_number == OTHER_NUMBER


def test_only_the_agent_who_has_it_while_it_is_open(register: Register) -> None:
    one = of_anna(register)
    with pytest.raises(AssignedToOther):
        correct(one.pk, an_agent(), with_number(one))
    taken(one, an_agent(SECOND_AGENT))
    with pytest.raises(AssignedToOther):
        correct(one.pk, an_agent(), with_number(one))
    decisions.reject(one.pk, an_agent(SECOND_AGENT), "Nej.")
    with pytest.raises(Closed):
        correct(one.pk, an_agent(SECOND_AGENT), with_number(one))
    assert Ticket.objects.get(pk=one.pk).new_number == NEW_NUMBER


def test_a_ticket_without_a_registered_orderer_is_none_to_correct(register: Register) -> None:
    one = of_anna(register, source=CALL, agent=an_agent(), orderer=None, orderer_name="Carin Ek")
    assert not can_be_corrected(one)
    with pytest.raises(TicketRefused):
        correct(one.pk, an_agent(), with_number(one))


# What is said of it, and to whom.


def test_the_timeline_has_old_and_new_the_trail_has_no_value(register: Register) -> None:
    one = taken(of_anna(register), an_agent())
    karl = in_the_directory(KARL)
    details = with_number(one)._replace(employee_username=KARL.username, account=karl.directory_id)
    correct(one.pk, an_agent(), details, "198.51.100.7")
    entry = one.entries.get(what=What.COMPLETED)
    assert entry.why.splitlines() == [
        "användarnamn, från lovanber11 till lovkalin01",
        "nytt mobilnummer, från ••• 90 till ••• 56",
    ]
    assert entry.who == an_agent().username
    event = AuditEvent.objects.get(event=Event.TICKET_COMPLETED)
    assert (event.result, event.address) == (f"phone {one.number}", "198.51.100.7")
    assert not AuditEvent.objects.filter(result__contains="0656").exists()
    assert Ticket.objects.get(pk=one.pk).account == karl.directory_id


def test_the_orderer_is_told_which_fields_and_no_number(register: Register) -> None:
    one = taken(of_anna(register), an_agent())
    correct(one.pk, an_agent(), with_number(one))
    correct(one.pk, an_agent(), with_number(one, NEW_NUMBER))
    (to, text), again = mails(Message.Topic.TICKET_CORRECTED)
    assert to == again[0] == register.carin.email
    assert f"rättat uppgifter i ärende {one.number}: nytt mobilnummer." in " ".join(text.split())
    assert "06 56" not in text
    assert "0656" not in text


def test_what_the_orderer_wrote_bears_a_flag_once_it_is_corrected(register: Register) -> None:
    one = taken(of_anna(register), an_agent())
    correct(one.pk, an_agent(), with_number(one))
    found = evidence.gather(Ticket.objects.get(pk=one.pk))
    assert Odd.CORRECTED in [flag.odd for flag in found.flags]
    assert "Nej. Helpdesk har rättat det som skickades." in [fact.value for fact in found.requester_facts]


# The page.


def test_an_agent_corrects_on_the_page(per: Officer, register: Register) -> None:
    one = of_anna(register, employee_name="Anna Borg")
    does(per, one, "ta/")
    assert "Rätta uppgifterna" in text_of(per.get(path(one)))
    page = per.get(path(one, "ratta/"))
    assert 'value="070-174 06 90"' in page.content.decode()
    shown = does(per, one, "ratta/", **typed(ANNA))
    assert "medarbetarens namn, från Anna Borg till Anna Berg" in text_of(shown)
    assert "Nästa steg: kontrollera beställaren" in text_of(shown)
    one = Ticket.objects.get(pk=one.pk)
    assert (one.employee_name, one.new_number) == (ANNA.name, OTHER_NUMBER)


@pytest.mark.parametrize(
    ("person", "words"),
    [(MARIA, "lovmalsund hör till Omsorg Två AB, inte till Hemtjänst Ett AB."), (SECOND_AGENT, "finns inte i kat")],
)
def test_h1_another_companys_employee_is_refused(per: Officer, register: Register, person: Person, words: str) -> None:
    one = of_anna(register)
    does(per, one, "ta/")
    page = per.post(path(one, "ratta/"), **typed(person))
    assert words in text_of(page)
    one = Ticket.objects.get(pk=one.pk)
    assert (one.employee_username, one.new_number, one.changed_at) == (ANNA.username, NEW_NUMBER, None)


def test_an_agent_can_not_correct_it_to_the_own_account(per: Officer, register: Register) -> None:
    one = of_anna(register)
    does(per, one, "ta/")
    per.post(path(one, "ratta/"), employee_name="Per Nilsson", employee_username="hdpernil", new_number="070-174 06 56")
    assert Ticket.objects.get(pk=one.pk).employee_username == ANNA.username


def test_nobody_else_sees_the_page(per: Officer, sara: Officer, register: Register) -> None:
    one = of_anna(register)
    does(sara, one, "ta/")
    answer = per.get(path(one, "ratta/"))
    assert (answer.status_code, answer["Location"]) == (302, path(one))
    per.post(path(one, "ratta/"), **typed(ANNA))
    assert Ticket.objects.get(pk=one.pk).new_number == NEW_NUMBER


def test_recipients_are_corrected_as_they_are_asked_for(per: Officer, register: Register) -> None:
    one = ask_for_recipients(register, "chef@hemtjanst-ett.exmaple")
    does(per, one, "ta/")
    shown = does(per, one, "ratta/", recipient1="chef@hemtjanst-ett.example", recipient2="")
    assert "från chef@hemtjanst-ett.exmaple till chef@hemtjanst-ett.example" in text_of(shown)
    assert "Nästa steg: kontrollera beställaren" in text_of(shown)
    assert list(Ticket.objects.get(pk=one.pk).recipients) == ["chef@hemtjanst-ett.example"]
