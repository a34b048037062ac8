"""Automatic mails that ask for nothing are closed as read, several at once: those alone, each whole or not."""

from __future__ import annotations

from unittest import mock

import pytest

from accounts.models import AuditEvent, Event
from helpdesk.intake import receive
from helpdesk.models import Ticket, TimelineEntry
from helpdesk.tickets import decisions, states
from helpdesk.tickets.automatic import all_automatic
from tests.accounts.helpers import text_of
from tests.accounts.staff import Officer
from tests.helpdesk.asked import ask_for_number, state_of
from tests.helpdesk.conftest import Register
from tests.helpdesk.mailing import a_mail, ticket_of
from tests.helpdesk.test_queue import QUEUE, put, user_of

READ = "/helpdesk/lasta/"
State, What = Ticket.State, TimelineEntry.What


def automatic(number: int = 1) -> Ticket:
    """Each in a ticket of its own."""
    with mock.patch.object(receive, "MOST_IN_HEAP", 1):
        return ticket_of(a_mail(f"Jag är borta {number}", subject="Frånvaro", Auto_Submitted="auto-replied"))


def read(per: Officer, *tickets: Ticket, query: str = "") -> str:
    answer = per.post(f"{READ}{query}", arende=[ticket.number for ticket in tickets])  # type: ignore[arg-type]
    assert answer.status_code == 302
    return text_of(per.get(answer["Location"]))


def test_several_are_closed_and_each_leaves_its_events(per: Officer, register: Register) -> None:
    first, second, other = automatic(1), automatic(2), automatic(3)
    assert "2 ärenden är avslutade som lästa." in read(per, first, second)
    for ticket in (first, second):
        assert state_of(ticket) == State.DONE
        assert list(ticket.entries.values_list("what", flat=True)) == [What.OPENED, What.TAKEN, What.CARRIED_OUT]
        events = AuditEvent.objects.filter(result__endswith=ticket.number, actor=user_of(per).directory_id)
        assert list(events.order_by("pk").values_list("event", flat=True)) == [
            Event.TICKET_TAKEN,
            Event.TICKET_APPROVED,
        ]
    assert state_of(other) == State.NEW


def test_only_their_rows_can_be_chosen(per: Officer, sara: Officer, register: Register) -> None:
    mine, hers, free = automatic(1), automatic(2), automatic(3)
    ticket_of(a_mail())
    put(register, kind=Ticket.Kind.OTHER, source=Ticket.Source.PORTAL)
    assert per.get(QUEUE).content.decode().count('type="checkbox"') == 3
    states.take(mine.pk, user_of(per))
    states.take(hers.pk, user_of(sara))
    page = per.get(f"{QUEUE}?flik=vantar").content.decode()
    assert page.count('type="checkbox"') == 1
    assert f'value="{mine.number}" form="read"' in page
    assert f'value="{free.number}" form="read"' in per.get(QUEUE).content.decode()
    assert "Avsluta valda som lästa" not in text_of(per.get(f"{QUEUE}?flik=klara"))


def test_what_a_colleague_took_or_closed_is_told_and_left(per: Officer, sara: Officer, register: Register) -> None:
    free, hers, closed = automatic(1), automatic(2), automatic(3)
    for ticket in (hers, closed):
        states.take(ticket.pk, user_of(sara))
    decisions.approve(closed.pk, user_of(sara))
    page = read(per, free, hers, closed, query="?flik=vantar")
    assert "1 ärende är avslutat som läst." in page
    assert f"hdsarlun har ärende {hers.number}." in page
    assert f"Ärende {closed.number} är redan godkänt och utfört av hdsarlun" in page
    assert (state_of(free), state_of(hers)) == (State.DONE, State.VERIFYING)
    assert Ticket.objects.get(pk=hers.pk).agent == user_of(sara)


@pytest.mark.parametrize("what", ["a number", "a person's mail", "a mail that nobody can read"])
def test_anything_else_is_refused_by_the_server(per: Officer, register: Register, what: str) -> None:
    if what == "a number":
        ticket = ask_for_number(register)
    elif what == "a person's mail":
        ticket = ticket_of(a_mail("Hej", subject="Fråga", sender="Karin Lund <karin@example.net>"))
    else:
        ticket = receive.unreadable(b"\xff").ticket  # type: ignore[assignment]
    assert f"Ärende {ticket.number} är inte bara automatiska mejl. Öppna det och läs." in read(per, ticket)
    assert state_of(ticket) == State.NEW
    assert not ticket.entries.filter(what=What.TAKEN).exists()


def test_a_persons_mail_that_joined_has_to_be_read(per: Officer, register: Register) -> None:
    ticket = automatic()
    assert all_automatic([ticket]) == {ticket.pk}
    ticket_of(a_mail("Hjälp!", subject=f"SV: Ärende {ticket.number}"))
    assert 'type="checkbox"' not in per.get(QUEUE).content.decode()
    assert "inte bara automatiska mejl" in read(per, ticket)
    assert state_of(ticket) == State.NEW


def test_if_closing_fails_the_ticket_is_not_taken_either(per: Officer, register: Register) -> None:
    ticket = automatic()
    with mock.patch.object(decisions, "approve", side_effect=states.Blocked("Det gick inte.")):
        assert "Det gick inte." in read(per, ticket)
    assert state_of(ticket) == State.NEW
    assert not ticket.entries.filter(what=What.TAKEN).exists()


def test_nothing_chosen_is_said(per: Officer, register: Register) -> None:
    assert "Välj minst ett automatiskt mejl först." in read(per)
    answer = per.post(READ, arende=["x", "2026-00001\0", "9" * 40])  # type: ignore[arg-type]
    assert "Välj minst ett automatiskt mejl först." in text_of(per.get(answer["Location"]))
