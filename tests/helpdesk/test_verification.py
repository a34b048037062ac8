"""How an agent verifies that the person asking is the orderer: security.md H1, H3."""

import logging

import pytest
from django.db import connection

from accounts.companies import orderers
from accounts.models import AuditEvent, Event, Orderer
from deploy.local.cast import CARIN, PER
from helpdesk.models import Ticket, Verification
from helpdesk.tickets import states, verification
from helpdesk.tickets.creating import TicketDetails, create_ticket
from helpdesk.tickets.states import AssignedToOther, Closed, TicketRefused
from tests.accounts.helpers import last, time_passes, trail, wrong_for
from tests.conftest import Inbox
from tests.helpdesk.asked import (
    CALL,
    NEW_NUMBER,
    all_becomes_older,
    an_agent,
    ask_for_number,
    state_of,
    taken,
    timeline,
)
from tests.helpdesk.conftest import Register
from tests.helpdesk.people import SECOND_AGENT

pytestmark = pytest.mark.django_db(transaction=True)

ON_FILE = "+46701740650"  # Carin's, in the register of these tests


@pytest.fixture
def ticket_(register: Register, sms: Inbox) -> Ticket:
    """A new number is asked for on a call, and the agent has the request."""
    return ask_for_number(register, source=CALL, agent=an_agent())


def counts(ticket: Ticket) -> bool:
    return verification.valid(Ticket.objects.get(pk=ticket.pk)) != []


def move_to(register: Register, mobile: str) -> None:
    """The orderer has another number on file."""
    register.carin.mobile = mobile
    register.carin.full_clean()
    orderers.store(register.carin, [register.ett], actor=None)


def test_a_code_goes_to_the_number_on_file_and_is_read_back(ticket_: Ticket, sms: Inbox) -> None:
    per = an_agent()
    verification.send_code(ticket_.pk, per, "192.0.2.7")
    [(to, text)] = sms.messages()
    assert to == ON_FILE
    assert "helpdesk" in text, "it says to whom it may be read"
    assert not counts(ticket_), "to send it proves nothing"
    code = sms.code()
    assert verification.enter_code(ticket_.pk, per, f" {code[:3]} {code[3:]} ", "192.0.2.7")
    assert counts(ticket_)
    assert timeline(ticket_)[1:] == [("code sent", PER.username), ("code right", PER.username)]
    event = last(Event.TICKET_VERIFIED)
    assert (event.actor, event.subject_name, event.address) == (per.directory_id, CARIN.name, "192.0.2.7")
    assert event.result == f"code {ticket_.number}"


def test_h1_a_number_in_the_ticket_is_never_used(register: Register, ticket_: Ticket, sms: Inbox) -> None:
    """H1: it is whoever asks that chose it."""
    verification.send_code(ticket_.pk, an_agent())
    assert [to for to, _ in sms.messages()] == [ON_FILE]
    assert NEW_NUMBER != ON_FILE
    mine = verification.called_back(ticket_.pk, an_agent(), "Carin Ek")
    assert mine.mobile_digest == Verification.objects.get(how=Verification.How.CODE).mobile_digest


def test_h3_the_code_stands_nowhere(ticket_: Ticket, sms: Inbox, caplog: pytest.LogCaptureFixture) -> None:
    """H3, K2: neither the right one nor what was typed."""
    caplog.set_level(logging.DEBUG)
    verification.send_code(ticket_.pk, an_agent())
    code = sms.code()
    wrong = wrong_for(code)
    verification.enter_code(ticket_.pk, an_agent(), wrong)
    verification.enter_code(ticket_.pk, an_agent(), code)
    entries = [entry.why for entry in ticket_.entries.all()]
    assert entries == [""] * 4
    with connection.cursor() as cursor:
        held = ""
        for table in ("helpdesk_verification", "accounts_challenge", "accounts_auditevent"):
            cursor.execute(f"SELECT * FROM {table}")
            held += str([[each for each in row if isinstance(each, str)] for row in cursor.fetchall()])
    for each in (code, wrong):
        assert f"'{each}'" not in held
        assert each not in caplog.text


def test_a_wrong_code_proves_nothing_and_stands_in_the_timeline(ticket_: Ticket, sms: Inbox) -> None:
    verification.send_code(ticket_.pk, an_agent())
    assert not verification.enter_code(ticket_.pk, an_agent(), wrong_for(sms.code()))
    assert timeline(ticket_)[-1] == ("code wrong", PER.username)
    assert trail(Event.CODE_REFUSED) == [Event.CODE_REFUSED]
    assert not counts(ticket_)
    assert verification.enter_code(ticket_.pk, an_agent(), sms.code()), "one may mishear"


def test_another_code_only_after_a_minute_and_then_the_old_one_is_dead(ticket_: Ticket, sms: Inbox) -> None:
    verification.send_code(ticket_.pk, an_agent())
    old = sms.code()
    with pytest.raises(TicketRefused, match=r"Vänta (59|60) sekunder"):
        verification.send_code(ticket_.pk, an_agent())
    assert len(sms) == 1
    time_passes(seconds=61)
    verification.send_code(ticket_.pk, an_agent())
    assert len(sms) == 2
    assert not verification.enter_code(ticket_.pk, an_agent(), old) or old == sms.code()
    assert verification.enter_code(ticket_.pk, an_agent(), sms.code())


def test_a_code_is_good_for_ten_minutes_once(ticket_: Ticket, sms: Inbox) -> None:
    verification.send_code(ticket_.pk, an_agent())
    time_passes(minutes=11)
    assert not verification.enter_code(ticket_.pk, an_agent(), sms.code())
    verification.send_code(ticket_.pk, an_agent())
    assert verification.enter_code(ticket_.pk, an_agent(), sms.code())
    with pytest.raises(TicketRefused, match="Skicka en kod"):
        verification.enter_code(ticket_.pk, an_agent(), sms.code())


def test_without_a_code_under_way_there_is_nothing_to_enter(ticket_: Ticket) -> None:
    with pytest.raises(TicketRefused, match="Skicka en kod"):
        verification.enter_code(ticket_.pk, an_agent(), "123456")
    assert AuditEvent.objects.filter(event=Event.CODE_REFUSED).count() == 0


def test_a_code_of_another_ticket_opens_nothing(register: Register, ticket_: Ticket, sms: Inbox) -> None:
    other = ask_for_number(register, source=CALL, agent=an_agent(), employee_name="Någon annan")
    verification.send_code(other.pk, an_agent())
    with pytest.raises(TicketRefused):
        verification.enter_code(ticket_.pk, an_agent(), sms.code())
    assert not counts(ticket_)


def test_a_call_back_is_recorded_with_whom_they_spoke_to(ticket_: Ticket) -> None:
    verification.called_back(ticket_.pk, an_agent(), " Carin själv, hon läste upp ärendets nummer ")
    assert counts(ticket_)
    entry = ticket_.entries.order_by("-pk")[0]
    assert (entry.what, entry.why) == ("called back", "Carin själv, hon läste upp ärendets nummer")
    assert last(Event.TICKET_VERIFIED).result == f"call back {ticket_.number}"
    with pytest.raises(TicketRefused, match="vem du talade med"):
        verification.called_back(ticket_.pk, an_agent(), " \n ")


def test_it_counts_for_a_day(ticket_: Ticket) -> None:
    verification.called_back(ticket_.pk, an_agent(), "Carin")
    all_becomes_older(hours=23, minutes=59)
    assert counts(ticket_)
    all_becomes_older(minutes=2)
    assert not counts(ticket_)


def test_it_counts_no_more_once_the_number_on_file_is_another(register: Register, ticket_: Ticket, sms: Inbox) -> None:
    """Whoever can change the register must not profit of what was proved before."""
    verification.called_back(ticket_.pk, an_agent(), "Carin")
    verification.send_code(ticket_.pk, an_agent())
    code = sms.code()
    move_to(register, "+46701740655")
    assert not counts(ticket_)
    with pytest.raises(TicketRefused):
        verification.enter_code(ticket_.pk, an_agent(), code)
    move_to(register, ON_FILE)
    assert not counts(ticket_), "what changed a moment ago verifies nobody (H9)"
    Orderer.objects.update(waits_until=None)
    assert counts(ticket_), "it was mistyped, and is as it was"


def test_it_counts_for_that_orderer_alone(register: Register, ticket_: Ticket) -> None:
    verification.called_back(ticket_.pk, an_agent(), "Carin")
    Ticket.objects.update(orderer=register.olle)
    assert not counts(ticket_)


def test_only_who_has_the_ticket_does_it_while_it_is_open(register: Register, ticket_: Ticket) -> None:
    for verb in (
        lambda agent: verification.send_code(ticket_.pk, agent),
        lambda agent: verification.enter_code(ticket_.pk, agent, "123456"),
        lambda agent: verification.called_back(ticket_.pk, agent, "Carin"),
    ):
        with pytest.raises(AssignedToOther, match=PER.username):
            verb(an_agent(SECOND_AGENT))
    states.withdraw(ticket_.pk, register.carin)
    with pytest.raises(Closed):
        verification.send_code(ticket_.pk, an_agent())
    assert not Verification.objects.exists()


def test_nobody_is_verified_who_is_no_orderer_of_that_company(register: Register, sms: Inbox) -> None:
    per = an_agent()
    unknown = create_ticket(TicketDetails(Ticket.Kind.OTHER, text="…", orderer_name="Någon"), source=CALL, agent=per)
    stranger = ask_for_number(register, orderer=register.olle, source=CALL, agent=per)
    left = ask_for_number(register, source=CALL, agent=per)
    register.carin.active = False
    orderers.store(register.carin, [register.ett], actor=None)
    for ticket in (unknown, stranger, left):
        with pytest.raises(TicketRefused, match="Avslå ärendet"):
            verification.send_code(ticket.pk, per)
        with pytest.raises(TicketRefused, match="Avslå ärendet"):
            verification.called_back(ticket.pk, per, "någon")
        assert not counts(ticket)
    assert len(sms) == 0
    assert not Verification.objects.exists()


def test_a_taken_over_ticket_keeps_its_verification(ticket_: Ticket, sms: Inbox) -> None:
    verification.send_code(ticket_.pk, an_agent())
    sara = an_agent(SECOND_AGENT)
    taken(ticket_, sara)
    assert verification.enter_code(ticket_.pk, sara, sms.code())
    found = next(iter(verification.valid(Ticket.objects.get(pk=ticket_.pk))), None)
    assert found
    assert found.agent == sara, "who heard the code is who verified"
    assert state_of(ticket_) == Ticket.State.VERIFYING
