"""Tickets from their arrival to their end, except for carrying them out: issue 4, "Requests"."""

from collections.abc import Callable
from datetime import UTC, datetime
from unittest import mock

import pytest
from django.db import connection

from accounts import limits
from accounts.models import Event
from deploy.local.cast import ANNA, PER
from helpdesk.models import Ticket, TimelineEntry
from helpdesk.tickets import decisions, states
from helpdesk.tickets.creating import TicketDetails, create_ticket
from helpdesk.tickets.states import AssignedToOther, Closed, TicketRefused, add_note
from tests.accounts.helpers import last, trail
from tests.helpdesk.asked import (
    CALL,
    NEW_NUMBER,
    all_becomes_older,
    an_agent,
    ask_for_number,
    ask_for_recipients,
    state_of,
    taken,
    timeline,
)
from tests.helpdesk.conftest import Register
from tests.helpdesk.people import SECOND_AGENT

pytestmark = pytest.mark.django_db

Kind, State, Source, What = Ticket.Kind, Ticket.State, Ticket.Source, TimelineEntry.What

OPENED = ("opened", "Carin Ek")


def numbers() -> list[str]:
    return list(Ticket.objects.order_by("pk").values_list("number", flat=True))


def test_a_ticket_gets_a_number_for_people_to_quote(register: Register) -> None:
    with mock.patch("django.utils.timezone.now", return_value=datetime(2026, 11, 25, 9, 0, tzinfo=UTC)):
        ticket = ask_for_number(register)
        ask_for_recipients(register, "ny@hemtjanst-ett.example")
    assert numbers() == ["2026-00001", "2026-00002"]
    assert (ticket.state, ticket.company_name, ticket.orderer_name) == (State.NEW, "Hemtjänst Ett AB", "Carin Ek")
    assert timeline(ticket) == [OPENED]
    event = last(Event.TICKET_OPENED)
    assert (event.actor, event.company) == (f"orderer {register.carin.pk}", "Hemtjänst Ett AB")


def test_the_numbers_begin_anew_with_the_year_in_stockholm(register: Register) -> None:
    """At half past midnight it is still the old year in UTC."""
    for moment in ("2026-12-31T22:59:00+00:00", "2026-12-31T23:30:00+00:00", "2027-01-01T08:00:00+00:00"):
        with mock.patch("django.utils.timezone.now", return_value=datetime.fromisoformat(moment)):
            ask_for_number(register, employee_name=moment)
    assert numbers() == ["2026-00001", "2027-00001", "2027-00002"]


def test_a_second_press_of_the_button_is_the_same_ticket(register: Register) -> None:
    ticket = ask_for_number(register)
    assert ask_for_number(register) == ticket
    taken(ticket, an_agent())
    assert ask_for_number(register) == ticket, "also when an agent has been quick"
    assert timeline(ticket) == [OPENED, ("taken", PER.username)]
    for other in ({"new_number": "+46701740691"}, {"employee_name": "Anna Bergh"}, {"text": "bråttom"}):
        assert ask_for_number(register, **other) != ticket, "another form"
    assert ask_for_number(register, company=register.tva, orderer=register.olle) != ticket, "another orderer"


def test_the_same_asked_later_or_after_the_decision_is_another_one(register: Register) -> None:
    first = ask_for_number(register)
    all_becomes_older(minutes=11)
    second = ask_for_number(register)
    states.withdraw(second.pk, register.carin)
    assert len({first, second, ask_for_number(register)}) == 3


@pytest.mark.parametrize(("open_ones", "of_the_day"), [(3, 100), (50, 5)])
def test_one_orderer_does_not_fill_the_queue(
    register: Register, monkeypatch: pytest.MonkeyPatch, open_ones: int, of_the_day: int
) -> None:
    """However many are taken back on the same day; the next day, another orderer and a call have room."""
    monkeypatch.setattr(limits, "TICKETS_OPEN", open_ones)
    monkeypatch.setattr(limits, "TICKETS_A_DAY", of_the_day)
    room = min(open_ones, of_the_day)
    for number in range(room):
        ask_for_number(register, employee_username=f"lovnr{number}")
    words = "Fortsätt i morgon" if of_the_day == room else "Ta tillbaka dem som inte behövs"
    with pytest.raises(TicketRefused, match=words):
        ask_for_number(register, employee_username="lovnr99")
    assert Ticket.objects.count() == room
    ask_for_number(register, employee_username="lovnr99", company=register.tva, orderer=register.olle)
    ask_for_number(register, employee_username="lovnr99", source=CALL, agent=an_agent())
    states.withdraw(Ticket.objects.order_by("pk")[0].pk, register.carin)
    if of_the_day == room:
        with pytest.raises(TicketRefused, match="många ärenden"):
            ask_for_number(register, employee_username="lovnr98")
        all_becomes_older(days=1, minutes=1)
    ask_for_number(register, employee_username="lovnr98")


def test_who_opens_one_on_a_call_has_it(register: Register) -> None:
    per = an_agent()
    ticket = ask_for_number(register, source=CALL, agent=per)
    assert ask_for_number(register, source=CALL, agent=per) == ticket
    assert (ticket.state, ticket.agent) == (State.VERIFYING, per)
    assert timeline(ticket) == [("opened", PER.username)]
    assert last(Event.TICKET_OPENED).actor == per.directory_id


def test_a_call_of_whom_nobody_knows(db: None) -> None:
    """The names are what was said."""

    def opened(text: str = "Hon ville veta vem som får mejlen.") -> Ticket:
        return create_ticket(
            TicketDetails(Ticket.Kind.OTHER, text=text, orderer_name="Någon", company_name="Ett företag"),
            source=CALL,
            agent=an_agent(),
        )

    ticket = opened()
    assert opened() == ticket, "a second press of the button"
    assert opened("Något annat") != ticket
    assert (ticket.kind, ticket.orderer, ticket.orderer_name) == (Kind.OTHER, None, "Någon")


def test_what_the_portal_opens_is_nobodys(db: None) -> None:
    ticket = create_ticket(
        TicketDetails(Ticket.Kind.OTHER, text="Kopplingen stoppades.", employee_username=ANNA.username),
        source=Source.PORTAL,
    )
    assert timeline(ticket) == [("opened", "")]
    assert ticket.entries.get().by == TimelineEntry.By.PORTAL
    assert last(Event.TICKET_OPENED).actor == ""


def test_taking_assigns_it_and_another_agent_can_take_over(register: Register) -> None:
    ticket, per, sara = ask_for_number(register), an_agent(), an_agent(SECOND_AGENT)
    assert taken(ticket, per).state == State.VERIFYING
    taken(ticket, per)  # once more changes nothing
    with pytest.raises(AssignedToOther, match=r"hdpernil har ärende"):
        states.give_back(ticket.pk, sara)
    assert taken(ticket, sara).agent == sara
    entries = list(ticket.entries.values_list("what", flat=True))
    assert entries == [What.OPENED, What.TAKEN, What.TAKEN]
    newest = ticket.entries.order_by("-pk")[0]
    assert (newest.who, newest.why) == (SECOND_AGENT.username, PER.username), "and from whom"
    assert trail(Event.TICKET_TAKEN) == [Event.TICKET_TAKEN] * 2


def test_what_is_given_back_is_new_again(register: Register) -> None:
    ticket, per = ask_for_number(register), an_agent()
    with pytest.raises(AssignedToOther, match="Ta ärendet först"):
        states.give_back(ticket.pk, per)
    taken(ticket, per)
    back = states.give_back(ticket.pk, per, "192.0.2.7")
    assert (back.state, back.agent, back.taken_at) == (State.NEW, None, None)
    assert last(Event.TICKET_GIVEN_BACK).address == "192.0.2.7"


def test_the_orderer_takes_it_back_as_long_as_it_is_open(register: Register) -> None:
    ticket = ask_for_number(register)
    taken(ticket, an_agent())
    states.withdraw(ticket.pk, register.carin)
    assert state_of(ticket) == State.WITHDRAWN
    assert timeline(ticket)[-1] == ("withdrawn", "Carin Ek")
    assert last(Event.TICKET_WITHDRAWN).actor == f"orderer {register.carin.pk}"
    with pytest.raises(Closed, match="är redan återtaget"):
        states.withdraw(ticket.pk, register.carin)


def test_what_is_closed_stays_so_and_says_by_whom(register: Register) -> None:
    ticket, per, sara = ask_for_number(register), an_agent(), an_agent(SECOND_AGENT)
    taken(ticket, per)
    decisions.reject(ticket.pk, per, "Numret hör till någon annan.")
    verbs: list[Callable[[], object]] = [
        lambda: states.take(ticket.pk, sara),
        lambda: states.give_back(ticket.pk, per),
        lambda: decisions.reject(ticket.pk, sara, "en gång till"),
        lambda: states.withdraw(ticket.pk, register.carin),
    ]
    for verb in verbs:
        with pytest.raises(Closed, match="är redan avslaget av hdpernil, "):
            verb()
    assert [what for what, _ in timeline(ticket)] == ["opened", "taken", "rejected"]
    assert last(Event.TICKET_REJECTED).actor == per.directory_id


def test_only_who_has_it_turns_it_down(register: Register) -> None:
    ticket = ask_for_number(register)
    taken(ticket, an_agent())
    with pytest.raises(AssignedToOther):
        decisions.reject(ticket.pk, an_agent(SECOND_AGENT), "fel")
    assert state_of(ticket) == State.VERIFYING


def test_anybody_may_note_something_at_any_time(register: Register) -> None:
    ticket = ask_for_number(register)
    states.withdraw(ticket.pk, register.carin)
    entry = add_note(ticket.pk, an_agent(SECOND_AGENT), "Hon ringde och tackade.")
    assert (entry.what, entry.who, entry.state) == (What.NOTED, SECOND_AGENT.username, State.WITHDRAWN)


def test_the_timeline_is_append_only(register: Register) -> None:
    entry = ask_for_number(register).entries.get()
    entry.why = "något annat"
    with pytest.raises(TypeError):
        entry.save()
    with pytest.raises(TypeError):
        TimelineEntry.objects.update(why="något annat")


def test_a_change_comes_with_its_timeline_and_its_trail_or_not_at_all(register: Register) -> None:
    ticket, per = ask_for_number(register), an_agent()
    taken(ticket, per)
    events = trail()
    with (
        mock.patch("helpdesk.tickets.letters.send_decision", side_effect=RuntimeError),
        pytest.raises(RuntimeError),
    ):
        decisions.reject(ticket.pk, per, "fel")
    assert state_of(ticket) == State.VERIFYING
    assert [what for what, _ in timeline(ticket)] == ["opened", "taken"]
    assert trail() == events


def test_the_database_holds_no_number_and_no_words_in_clear(register: Register) -> None:
    """X1: some write a password where they are asked for a text."""
    ticket = ask_for_number(register, text="Lösenordet är Gammal-Bro-11")
    add_note(ticket.pk, an_agent(), "Hon heter Berg-Hemlig")
    with connection.cursor() as cursor:
        cursor.execute("SELECT new_number, text FROM helpdesk_ticket")
        held = str(cursor.fetchall())
        cursor.execute("SELECT why FROM helpdesk_timelineentry")
        held += str(cursor.fetchall())
    assert all(word not in held for word in (NEW_NUMBER[3:], "Gammal-Bro", "Berg-Hemlig"))
