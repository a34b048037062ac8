"""The overview's figures: of a month with known data, counted by Stockholm's days."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import directory
from accounts.models import AuditEvent, Event
from deploy.local.cast import ANNA, EVA, KARL, PER, STEFAN
from helpdesk.agent.statistics import company_counts, figures
from helpdesk.models import CompanyCount, Ticket
from helpdesk.tasks import count_companies
from notifications.models import Message
from tests.conftest import has_number
from tests.helpdesk.conftest import Register
from tests.idportal.test_metrics import figures as at_metrics
from tests.servers.slapd import TestSlapd

pytestmark = pytest.mark.django_db

OCTOBER = date(2026, 10, 1)
# The clock goes back at 03:00 on this day, which has 25 hours.
CHANGE = date(2026, 10, 25)

Kind, State = Ticket.Kind, Ticket.State


def at(day: int, hour: int, minute: int = 0, month: int = 10) -> datetime:
    """A time on Stockholm's clocks."""
    return datetime(2026, month, day, hour, minute, tzinfo=timezone.get_default_timezone())


def a_ticket(
    created: datetime, waited: timedelta | None = None, state: str = State.DONE, kind: str = Kind.PHONE
) -> None:
    Ticket.objects.create(
        number=f"2026-{Ticket.objects.count() + 1:05d}",
        kind=kind,
        source=Ticket.Source.PAGES,
        state=state if waited is not None else State.NEW,
        created_at=created,
        decided_at=None if waited is None else created + waited,
    )


def an_sms(settled: datetime, state: str, kind: str = Message.Channel.SMS) -> None:
    Message.objects.create(
        kind=kind,
        purpose=Message.Topic.PASSWORD_RESET,
        to=STEFAN.phone,
        state=state,
        settled_at=settled,
        useful_until=settled + timedelta(days=1),
    )


def days(month: date = OCTOBER) -> dict[int, Counter[str]]:
    return {day.day: counted for day, counted in figures.for_month(month).days.items()}


def this_month() -> date:
    return timezone.localdate().replace(day=1)


# --- A day -----------------------------------------------------------------------------------------


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the middle of November: October is over."""
    monkeypatch.setattr(timezone, "now", lambda: at(15, 12, month=11))


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (at(24, 23, 30), 24),
        (at(25, 0, 30), 25),
        (at(25, 2, 30).replace(fold=1), 25),
        (at(25, 23, 30), 25),
        (at(26, 0, 30), 26),
        (at(1, 0, 0), 1),
        (at(31, 23, 59), 31),
    ],
    ids=str,
)
def test_a_day_is_stockholms(moment: datetime, day: int) -> None:
    """Around midnight and on the day on which the clock changes: UTC has another date at each of the first."""
    a_ticket(moment, timedelta(0))
    AuditEvent.objects.create(at=moment, event=Event.PASSWORD_DONE)
    an_sms(moment, Message.Status.SENT)
    found = days()
    assert len(found) == 31
    assert {name for name, each in found.items() if each["received"]} == {day}
    assert [found[day][name] for name in ("received", "decided", "resets", "sms_sent")] == [1, 1, 1, 1]


@pytest.mark.usefixtures("later")
def test_the_record_of_what_an_agent_did_is_no_ticket_that_waited() -> None:
    """A number that was taken away: closed as it was opened. The alarm of a stopped link is one that somebody took."""
    for waited in (timedelta(0), timedelta(hours=3)):
        a_ticket(at(5, 12), waited)
    Ticket.objects.update(source=Ticket.Source.PORTAL)
    found = figures.for_month(OCTOBER)
    assert [found.total(name) for name in ("received", "decided")] == [1, 1]
    assert [kind.decided for kind in found.kinds] == [1]
    assert found.kinds[0].median == timedelta(hours=3)


@pytest.mark.usefixtures("later")
def test_what_lies_beside_the_month_is_not_in_it() -> None:
    for moment in (at(30, 23, 59, month=9), at(1, 0, 0, month=11)):
        a_ticket(moment, timedelta(0))
        AuditEvent.objects.create(at=moment, event=Event.PASSWORD_DONE)
        an_sms(moment, Message.Status.SENT)
    found = figures.for_month(OCTOBER)
    names = ("received", "decided", "withdrawn", "resets", "registrations", "sms_sent", "sms_failed")
    assert [found.total(name) for name in names] == [0] * 7
    assert (found.kinds, found.companies) == ([], [])


@pytest.mark.usefixtures("later")
def test_what_counts_as_what() -> None:
    moment = at(7, 12)
    for event, times in (
        (Event.PASSWORD_DONE, 5),
        (Event.PASSWORD_REFUSED, 9),
        (Event.PHONE_REGISTERED, 1),
        (Event.PHONE_REPLACED, 2),
        (Event.PHONE_LINKED, 3),
        (Event.PHONE_CONFIRMED, 9),
        (Event.CODE_SENT, 4),
        (Event.CODE_NOT_SENT, 2),
        (Event.CODE_WITHHELD, 9),
    ):
        for _ in range(times):
            AuditEvent.objects.create(at=moment, event=event)
    for settled in Message.Status:
        an_sms(moment, settled)
        an_sms(moment, settled, Message.Channel.MAIL)
    for state in (State.DONE, State.REJECTED, State.WITHDRAWN):
        a_ticket(moment, timedelta(hours=1), state)
    a_ticket(moment)
    assert days()[7] == Counter(
        received=4,
        decided=2,
        withdrawn=1,
        resets=5,
        registrations=6,
        sms_sent=4 + 1,
        sms_failed=2 + 2,
    )


def test_a_month_that_is_not_over_ends_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: at(25, 23, 30))
    assert max(days()) == 25
    monkeypatch.setattr(timezone, "now", lambda: at(26, 0, 30))
    assert max(days()) == 26


# --- Requests --------------------------------------------------------------------------------------


def test_open_tickets_by_age() -> None:
    now = timezone.now()
    for hours in (0, 3.9, 4.1, 23.9, 24.1, 24 * 6.9, 24 * 7.1, 24 * 100):
        a_ticket(now - timedelta(hours=hours))
    a_ticket(now, timedelta(0))
    assert figures.for_month(this_month()).open == [2, 2, 2, 2]


@pytest.mark.usefixtures("later")
def test_a_month_that_is_over_does_not_tell_of_now() -> None:
    a_ticket(at(1, 12, month=11))
    assert figures.for_month(OCTOBER).open == []


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize(
    ("hours", "median"), [([5], 5), ([1, 3], 2), ([9, 1, 2], 2), ([1, 2, 4, 30], 3), ([1, 1, 2, 50, 60], 2)], ids=str
)
def test_time_to_decision(hours: list[int], median: int) -> None:
    """By the month of the decision; withdrawn ones were not decided; another kind is for itself."""
    for each in hours:
        a_ticket(at(8, 8) - timedelta(hours=each), timedelta(hours=each))
    a_ticket(at(8, 8), timedelta(days=20), State.WITHDRAWN)
    a_ticket(at(8, 8), timedelta(hours=24), State.REJECTED, Kind.OTHER)
    a_ticket(at(30, 8), timedelta(days=9))
    phone, other = figures.for_month(OCTOBER).kinds
    assert phone == figures.TicketKind(
        Kind.PHONE,
        len(hours),
        timedelta(hours=median),
        timedelta(hours=max(hours)),
        sum(each <= 4 for each in hours),
        sum(each <= 24 for each in hours),
    )
    assert (other.kind, other.decided, other.within_4_hours, other.within_24_hours) == (Kind.OTHER, 1, 0, 1)


def test_the_first_month_is_that_of_the_trail() -> None:
    assert figures.earliest() == this_month()
    AuditEvent.objects.create(
        at=datetime(2025, 12, 31, 23, 30, tzinfo=timezone.get_default_timezone()), event=Event.LOGIN_DONE
    )
    assert figures.earliest() == date(2025, 12, 1)


# --- Companies -------------------------------------------------------------------------------------


def test_how_the_companies_stand(server: TestSlapd, register: Register) -> None:
    """Of those who are served: neither who is disabled, nor who is protected, nor who belongs to no company."""
    for person in (STEFAN, ANNA, EVA, PER):
        has_number(person)
    server.put(KARL, disabled=True)
    assert company_counts.count(timezone.localdate()) == 2
    found = figures.for_month(this_month())
    assert found.counted_on == timezone.localdate()
    assert [(each.company.name, each.accounts, each.with_number, each.expired) for each in found.companies] == [
        ("Omsorg Två AB", 1, 0, 0),
        ("Hemtjänst Ett AB", 2, 2, 1),
    ]
    assert [each.share for each in found.companies] == [0, 1]


def test_counted_again_the_new_figures_stand(server: TestSlapd, register: Register) -> None:
    company_counts.count(timezone.localdate())
    has_number(STEFAN)
    register.tva.delete()
    company_counts.count(timezone.localdate())
    (row,) = CompanyCount.objects.all()
    assert (row.day, row.company, row.accounts, row.with_number) == (timezone.localdate(), register.ett, 3, 1)


def test_more_than_a_batch(server: TestSlapd, register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.phones.standing.ACCOUNTS_AT_A_TIME", 2)
    for person in (STEFAN, ANNA):
        has_number(person)
    company_counts.count(timezone.localdate())
    assert sorted(CompanyCount.objects.values_list("accounts", "with_number")) == [(1, 0), (3, 2)]


def test_a_directory_that_breaks_off_leaves_the_figures_as_they_were(
    server: TestSlapd, register: Register, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """All or none; the task says so and fails nobody's morning."""
    company_counts.count(timezone.localdate())
    before = list(CompanyCount.objects.values())
    people = directory.connect()

    def breaks_off() -> Any:
        yield people.find(STEFAN.username)
        raise directory.DirectoryUnavailable("in the middle")

    monkeypatch.setattr(type(people), "accounts", lambda self, *, listed: breaks_off())
    count_companies()
    assert list(CompanyCount.objects.values()) == before
    assert "did not say how the companies stand" in caplog.text


def test_the_newest_count_of_a_month_is_shown(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the one before only on the first morning, when there is no other yet."""
    for month, day, accounts in ((9, 30, 1), (10, 30, 2), (10, 31, 3)):
        CompanyCount.objects.create(company=register.ett, day=date(2026, month, day), accounts=accounts)
    monkeypatch.setattr(timezone, "now", lambda: at(1, 3, month=11))
    assert figures.for_month(date(2026, 11, 1)).counted_on == date(2026, 10, 31)
    assert [each.accounts for each in figures.for_month(OCTOBER).companies] == [3]
    assert figures.for_month(date(2026, 8, 1)).companies == []


def test_a_company_without_staff_comes_last(register: Register) -> None:
    """After those where something is to be done."""
    CompanyCount.objects.create(company=register.ett, day=timezone.localdate(), accounts=0)
    CompanyCount.objects.create(company=register.tva, day=timezone.localdate(), accounts=9, with_number=9)
    names = [each.company.name for each in figures.for_month(this_month()).companies]
    assert names == [register.tva.name, register.ett.name]


# --- For a monitor ---------------------------------------------------------------------------------


def test_a_monitor_sees_what_is_open_and_how_old_the_oldest_is(client: Client) -> None:
    assert at_metrics(client)["open_ticket_oldest_seconds",] == 0
    now = timezone.now()
    a_ticket(now - timedelta(hours=2))
    a_ticket(now - timedelta(hours=1), kind=Kind.OTHER)
    a_ticket(now - timedelta(hours=9), timedelta(0))
    found = at_metrics(client)
    assert (found["open_tickets", "phone", "new"], found["open_tickets", "phone", "verifying"]) == (1, 0)
    assert found["open_tickets", "other", "new"] == 1
    assert 7200 <= found["open_ticket_oldest_seconds",] < 7300
