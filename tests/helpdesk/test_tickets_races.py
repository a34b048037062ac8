"""Tickets that are opened, decided and verified in parallel, with real threads on PostgreSQL."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from unittest import mock

import pytest

from accounts.models import Event, Phone, PhoneLink
from deploy.local.cast import ANNA, EVA, PER
from helpdesk.agent.account_actions import remove_number
from helpdesk.agent.lookup import seen
from helpdesk.models import Counter, Ticket
from helpdesk.tickets import decisions, states, verification
from helpdesk.tickets.correcting import correct
from helpdesk.tickets.creating import TicketDetails, create_ticket
from helpdesk.tickets.states import AssignedToOther, Closed, TicketRefused
from notifications.models import Message
from tests.accounts.helpers import trail
from tests.accounts.test_races import at_once
from tests.conftest import Inbox, has_number
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
    timeline,
)
from tests.helpdesk.conftest import Register
from tests.helpdesk.people import SECOND_AGENT
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

State = Ticket.State


def told(jobs: Sequence[Callable[[], object]]) -> list[object]:
    """All at once; what each returned, or the refusal that it met."""

    def told_by(job: Callable[[], object]) -> Callable[[], object]:
        def run() -> object:
            try:
                return job()
            except TicketRefused as refused:
                return refused

        return run

    return at_once([told_by(job) for job in jobs])


def test_parallel_tickets_get_numbers_without_gaps_or_doubles(register: Register) -> None:
    def opening(number: int) -> Callable[[], Ticket]:
        orderer, company = (register.carin, register.ett) if number % 2 else (register.olle, register.tva)
        return lambda: ask_for_number(register, orderer=orderer, company=company, employee_name=f"nummer {number}")

    opened = at_once([opening(number) for number in range(10)], threads=10)
    year = opened[0].number[:4]
    assert sorted(ticket.number for ticket in opened) == [f"{year}-{each:05}" for each in range(1, 11)]
    assert Counter.objects.get().last == 10


def test_parallel_presses_of_one_button_are_one_ticket(register: Register) -> None:
    opened = at_once([lambda: ask_for_recipients(register, "ny@hemtjanst-ett.example")] * 10, threads=10)
    assert len({ticket.number for ticket in opened}) == Ticket.objects.count() == 1
    assert len(mails(Message.Topic.TICKET_OPENED)) == 1


def test_parallel_presses_on_a_call_of_somebody_unknown_are_one_ticket(db: None) -> None:
    per = an_agent()
    opened = at_once(
        [lambda: create_ticket(TicketDetails(Ticket.Kind.OTHER, text="Hej!"), source=CALL, agent=per)] * 5, threads=5
    )
    assert len({ticket.number for ticket in opened}) == 1


def test_two_agents_who_decide_at_once(register: Register, server: TestSlapd) -> None:
    """One wins, the other is told who: what was decided by one is not undone by the other."""
    per, sara = an_agent(), an_agent(SECOND_AGENT)
    for _ in range(3):
        PhoneLink.objects.all().delete()
        has_number(ANNA)
        ticket = ask_for_number(register)
        a_colleague_called_back(ticket, per)

        def rejecting(pk: int = ticket.pk) -> Ticket:
            states.take(pk, sara)
            return decisions.reject(pk, sara, "fel")

        answers = told([lambda pk=ticket.pk: decisions.approve(pk, per), rejecting])  # type: ignore[misc]
        refusals = [answer for answer in answers if isinstance(answer, TicketRefused)]
        assert len(refusals) == 1
        decided = Ticket.objects.get(pk=ticket.pk)
        winner = decided.decided_by
        assert winner in (per, sara)
        assert isinstance(refusals[0], Closed | AssignedToOther)
        assert (winner.username if winner else "") in str(refusals[0])
        carried_out = PhoneLink.objects.filter(reference=ticket.number).exists()
        assert (decided.state == State.DONE, winner == per) == (carried_out, carried_out)


def test_of_parallel_approvals_one_carries_it_out(register: Register, server: TestSlapd) -> None:
    """A double press: the number is linked once, and whom it concerns is told once."""
    has_number(ANNA)
    ticket = ask_for_number(register)
    a_colleague_called_back(ticket)
    answers = told([lambda: decisions.approve(ticket.pk, an_agent())] * 5)
    refusals = [answer for answer in answers if isinstance(answer, Closed)]
    assert len(refusals) == 4
    assert all(f"av {PER.username}, " in str(refusal) for refusal in refusals)
    assert PhoneLink.objects.count() == 1
    assert trail(Event.TICKET_APPROVED) == [Event.TICKET_APPROVED]
    assert len(mails(Message.Topic.TICKET_DECIDED)) == 1
    assert [what for what, _ in timeline(ticket)].count("carried out") == 1


@pytest.mark.parametrize("taken_over", [False, True])
def test_a_correction_while_it_is_approved(register: Register, server: TestSlapd, taken_over: bool) -> None:
    """In another tab, or by a colleague who takes it over: only the number that was verified is ever linked."""
    account = in_the_directory(ANNA).directory_id
    eva = an_agent(EVA)
    for number in range(4):
        one = a_colleague_called_back(ask_for_number(register, account=account, employee_name=f"Anna {number}"))
        details = TicketDetails.from_ticket(one)._replace(new_number="+46701740656")

        def approving(pk: int = one.pk) -> Ticket:
            if taken_over:
                states.take(pk, eva)
            return decisions.approve(pk, eva if taken_over else an_agent())

        _approval, correction = told(
            [approving, lambda pk=one.pk, details=details: correct(pk, an_agent(), details)]  # type: ignore[misc]
        )
        linked = [phone.number for phone in Phone.objects.all()]
        if state_of(one) == State.DONE:
            assert isinstance(correction, (Closed, AssignedToOther))
            assert linked == [NEW_NUMBER]
        else:
            assert linked == []
            assert Ticket.objects.get(pk=one.pk).new_number == "+46701740656"
        Phone.objects.all().delete()


def test_two_agents_who_take_away_each_others_number(register: Register, server: TestSlapd) -> None:
    """And their own approvals of the accounts at the same time: nobody waits for somebody who waits for them.

    In no group any more when the directory is asked: the numbers of those who are stay (A2).
    """
    for person in (PER, SECOND_AGENT):
        server.put(replace(person, groups=()))
    per, sara = in_the_directory(PER), in_the_directory(SECOND_AGENT)
    for _ in range(5):
        shown = [seen(has_number(person).confirmed_at) for person in (PER, SECOND_AGENT)]
        answers = told(
            [
                lambda: remove_number(sara.directory_id, per, "Stulen.", shown[1]),  # noqa: B023  called in this round
                lambda: remove_number(per.directory_id, sara, "Stulen.", shown[0]),  # noqa: B023
            ]
        )
        assert [type(answer) for answer in answers] == [Ticket, Ticket]
        assert not Phone.objects.exists()


def test_an_agent_who_approves_one_ticket_and_takes_the_number_away_in_another(
    register: Register, server: TestSlapd
) -> None:
    """In two tabs. The approval has the account's row, and its link names the agent, whose row the removal has."""
    per, account = in_the_directory(PER), in_the_directory(ANNA).directory_id  # the agent's row is the older one
    shown = seen(has_number(ANNA).confirmed_at)
    one, _newer = (ask_for_number(register, account=account, employee_name=name) for name in (ANNA.name, "Anna B"))
    a_colleague_called_back(one, per)
    linked = threading.Event()

    def slowly(ticket: Ticket, why: str = "") -> None:
        linked.set()
        time.sleep(1)  # the other one has the agent's row by then, and waits for the account's

    def removing() -> Ticket | None:
        assert linked.wait(10)
        return remove_number(account, per, "Stulen.", shown)

    with mock.patch("helpdesk.tickets.letters.send_decision", slowly):
        approved, refused = told([lambda: decisions.approve(one.pk, per), removing])
    assert isinstance(approved, Ticket)
    assert isinstance(refused, TicketRefused), "it was another number by then"
    assert Phone.objects.get().number == one.new_number


def test_parallel_presses_send_one_code(register: Register, sms: Inbox) -> None:
    ticket = ask_for_number(register, source=CALL, agent=an_agent())
    answers = told([lambda: verification.send_code(ticket.pk, an_agent())] * 5)
    assert sum(isinstance(answer, TicketRefused) for answer in answers) == 4
    assert len(sms) == 1


def test_of_parallel_right_codes_one_counts(register: Register, sms: Inbox) -> None:
    """K3."""
    ticket = ask_for_number(register, source=CALL, agent=an_agent())
    verification.send_code(ticket.pk, an_agent())
    code = sms.code()
    answers = told([lambda: verification.enter_code(ticket.pk, an_agent(), code)] * 8)
    assert [answer for answer in answers if answer is True] == [True]
    assert trail(Event.TICKET_VERIFIED) == [Event.TICKET_VERIFIED]
