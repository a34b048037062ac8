"""What the overview keeps of a day that is over: the same figures, read from one row instead of counted."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEvent, Event
from helpdesk.agent.statistics import day_counts, figures
from helpdesk.models import DayCount
from helpdesk.tasks import count_companies
from notifications.models import Message
from tests.accounts.admin.test_long_lists import rows_read
from tests.emptying import past_the_guard
from tests.helpdesk.test_figures import an_sms, at
from tests.helpdesk.test_retention import purge
from tests.servers.slapd import TestSlapd

pytestmark = pytest.mark.django_db

OCTOBER = date(2026, 10, 1)


@pytest.fixture
def happened(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Two days in October had events and SMS, and the clock stands where the test sets it."""
    for moment, times in ((at(5, 0, 30), 3), (at(7, 23, 30), 2)):
        for event in (Event.PASSWORD_DONE, Event.PHONE_LINKED, Event.CODE_SENT, Event.CODE_NOT_SENT):
            AuditEvent.objects.bulk_create(AuditEvent(at=moment, event=event) for _ in range(times))
        an_sms(moment, Message.Status.SENT)
    return lambda moment: monkeypatch.setattr(timezone, "now", lambda: moment)


def by_day() -> dict[int, tuple[int, ...]]:
    days = figures.for_month(OCTOBER).days
    return {day.day: tuple(counted[name] for name in day_counts.FIGURES) for day, counted in days.items()}


def test_what_is_kept_is_what_was_counted(happened: Any) -> None:
    """From the first day of the trail, days without anything too; a second run adds the days since."""
    happened(at(8, 12))
    counted = by_day()
    assert (counted[5], counted[6], counted[7]) == ((3, 3, 4, 3), (0, 0, 0, 0), (2, 2, 3, 2))
    day_counts.keep()
    assert list(DayCount.objects.order_by("day").values_list("day__day", flat=True)) == [5, 6, 7]
    assert by_day() == counted
    happened(at(10, 12))
    day_counts.keep()
    assert DayCount.objects.count() == 5
    assert DayCount.objects.get(day=date(2026, 10, 7)).resets == 2


def test_a_day_that_may_not_be_over_is_counted_anew(happened: Any) -> None:
    """Within an hour after midnight something of the day before may still be on its way into the tables."""
    happened(at(8, 0, 30))
    day_counts.keep()
    assert not DayCount.objects.filter(day=date(2026, 10, 7)).exists()
    AuditEvent.objects.create(at=at(7, 23, 59), event=Event.PASSWORD_DONE)
    assert by_day()[7][0] == 3
    happened(at(8, 1, 30))
    day_counts.keep()
    assert by_day()[7][0] == 3


def test_the_morning_task_keeps_them_though_the_directory_is_down(happened: Any, server: TestSlapd) -> None:
    happened(at(8, 5))
    server.stop()
    try:
        count_companies()
    finally:
        server.start()
    assert DayCount.objects.count() == 3


def test_they_go_with_the_trail() -> None:
    for days in (700, 100):
        DayCount.objects.create(day=timezone.localdate() - timedelta(days=days))
    assert purge()["counts of days"] == 1


@pytest.mark.postgresql
def test_however_much_happened_in_a_month_a_page_counts_today_alone() -> None:
    """By the plan of each statement: what PostgreSQL reads of the tables that grow."""
    now, before = timezone.now(), figures.previous_month(timezone.localdate().replace(day=1))
    first = timezone.make_aware(datetime.combine(before, time()))
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO accounts_auditevent (at, event, actor, subject, subject_name, company, result)
            SELECT %s + n * (%s - %s) / 20000, 'code sent', '', '', '', '', '' FROM generate_series(0, 19999) n""",
            [first, now - timedelta(days=1, hours=2), first],
        )
    past_the_guard("ANALYZE")
    day_counts.keep()
    with CaptureQueriesContext(connection) as asked:
        figures.for_month(figures.next_month(before))
        found = figures.for_month(before)
    assert found.total("sms_sent") > 5000
    assert max(rows_read(query["sql"]) for query in asked if query["sql"].startswith("SELECT")) < 1000
