"""Which passwords are reported when: thresholds, calendars, missed days. Issue 3; manual-sv.md "Påminnelse…"."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.phones.standing import password_standing
from deploy.local import slapd
from deploy.local.cast import KARL, STEFAN
from idportal.clock import at_hour
from notifications import digests
from notifications.models import DigestRun
from tests.notifications.digest_world import (
    DAY,
    completed,
    count_mapped,
    hemtjanst_ett,
    lines,
    runs_out,
    sent,
    somebody,
    told,
)
from tests.servers.slapd import TestSlapd

pytestmark = pytest.mark.django_db

THRESHOLDS = [30, 15, 7, 5, 3, 1, 0]  # the manual's
NIGHT, LATE = time(0, 30), time(23, 30)


def days_told(first: date, last: date) -> dict[date, list[tuple[str, str]]]:
    """A run on each of these days, and what its mails told."""
    found = {}
    day = first
    while day <= last:
        before = len(sent())
        digests.run(day)
        if now := told(sent()[before:]):
            found[day] = now
        day += timedelta(1)
    return found


@pytest.mark.parametrize("hour", [NIGHT, time(12), LATE], ids=str)
def test_a_password_is_told_at_each_threshold_of_the_manual_and_on_no_other_day(
    empty_server: TestSlapd, hour: time
) -> None:
    """30, 15, 7, 5, 3, 1 and 0 days before, with that number as "Dagar kvar", whatever the hour it runs out."""
    hemtjanst_ett()
    expires = date(2026, 11, 20)
    runs_out(empty_server, somebody("lovstlin32"), expires, hour)
    found = days_told(date(2026, 10, 18), date(2026, 11, 22))
    assert found == {expires - timedelta(left): [("lovstlin32", str(left))] for left in THRESHOLDS}


@pytest.mark.parametrize("hour", [NIGHT, LATE], ids=str)
@pytest.mark.parametrize(
    "expires",
    [date(2028, 2, 29), date(2028, 3, 1), date(2027, 3, 1), date(2026, 3, 29), date(2026, 10, 25), date(2027, 1, 1)],
    ids=str,
)
@pytest.mark.parametrize("left", [0, 1, 30])
def test_days_are_those_of_stockholms_calendar(empty_server: TestSlapd, expires: date, hour: time, left: int) -> None:
    """Leap days, both changes of the clock (29 March and 25 October 2026), the turn of the year; 00:30 and 23:30."""
    hemtjanst_ett()
    runs_out(empty_server, somebody("lovstlin32"), expires, hour)
    digests.run(expires - timedelta(left))
    (mail,) = sent()
    assert lines(mail)[0][3:5] == [expires.isoformat(), str(left)]


@pytest.mark.parametrize("hour", [NIGHT, LATE], ids=str)
@pytest.mark.parametrize("changed", [date(2026, 3, 29), date(2026, 10, 25)], ids=str)
def test_a_day_of_23_or_25_hours_counts_as_one(changed: date, hour: time) -> None:
    """However many hours lie between, it is a day."""
    before, after = changed - timedelta(1), changed + timedelta(1)
    assert at_hour(after, 0) - at_hour(changed, 0) in (timedelta(hours=23), timedelta(hours=25))
    for moment in (at_hour(changed, 0) + timedelta(minutes=30), at_hour(after, 0) - timedelta(minutes=30)):
        assert timezone.localdate(moment) == changed
        assert [password_standing(moment, at_hour(day, 12)).days_left for day in (before, changed, after)] == [1, 0, -1]


@pytest.mark.parametrize(("day", "is_told"), [(-31, False), (-30, True), (-29, False), (0, True), (1, False)])
def test_the_first_run_tells_its_own_day_alone(empty_server: TestSlapd, day: int, is_told: bool) -> None:
    """Before the first run, the day before counts as told."""
    hemtjanst_ett()
    runs_out(empty_server, somebody("lovstlin32"), DAY)
    digests.run(DAY + timedelta(day))
    assert bool(sent()) is is_told
    assert DigestRun.objects.get().since == DAY + timedelta(day) - timedelta(1)


def test_after_three_days_without_a_run_each_threshold_that_was_passed_is_told_once(empty_server: TestSlapd) -> None:
    """Must show 3. "Dagar kvar" is true on the day of the run; who ran out meanwhile is told to have."""
    hemtjanst_ett()
    completed(DAY)
    run_on = DAY + timedelta(4)
    for username, left in {
        "lovpassed7": 5,  # 7 left two days before
        "lovpassed5and3": 2,  # 5 and 3 left on missed days: one line
        "lovtoday": 3,
        "lovranout": -1,  # 0 left on a missed day
        "lovtoldbefore": 11,  # 15 left on the day of the last run
        "lovlater": 14,  # 15 left yesterday…
        "lovnotyet": 16,
    }.items():
        runs_out(empty_server, somebody(username), run_on + timedelta(left))
    digests.run(run_on)
    (mail,) = sent()
    assert told([mail]) == [
        ("lovranout", "utgånget"),
        ("lovpassed5and3", "2"),
        ("lovtoday", "3"),
        ("lovpassed7", "5"),
        ("lovlater", "14"),
    ]
    assert DigestRun.objects.get(day=run_on).since == DAY
    assert days_told(run_on, run_on + timedelta(1)) == {
        run_on + timedelta(1): [("lovpassed5and3", "1"), ("lovnotyet", "15")]
    }


def test_the_missed_days_are_told_once_and_not_by_the_run_after(empty_server: TestSlapd) -> None:
    hemtjanst_ett()
    completed(DAY)
    runs_out(empty_server, somebody("lovstlin32"), DAY + timedelta(9))  # 7 left on the second missed day
    assert days_told(DAY + timedelta(3), DAY + timedelta(3)) == {DAY + timedelta(3): [("lovstlin32", "6")]}
    assert days_told(DAY + timedelta(4), DAY + timedelta(5)) == {DAY + timedelta(4): [("lovstlin32", "5")]}


def test_a_run_reaches_back_a_month_and_no_further(empty_server: TestSlapd) -> None:
    """Who ran out before that has been locked out for a month, and knows."""
    completed(DAY - timedelta(400))
    runs_out(empty_server, STEFAN, DAY - timedelta(30))
    runs_out(empty_server, KARL, DAY - timedelta(31))
    digests.run(DAY)
    assert told(sent()) == [(STEFAN.username, "utgånget")]


def test_a_run_for_a_day_of_another_year_silences_nobody_until_then(empty_server: TestSlapd) -> None:
    """It tells no more days than any other, and the days between are left to their own runs."""
    completed(DAY - timedelta(1))
    digests.run(DAY.replace(year=DAY.year + 10))
    runs_out(empty_server, STEFAN, DAY + timedelta(7))
    digests.run(DAY)
    assert told(sent()) == [(STEFAN.username, "7")]


def test_a_run_that_did_not_come_to_its_end_has_told_nothing(empty_server: TestSlapd) -> None:
    hemtjanst_ett()
    completed(DAY)
    DigestRun.objects.create(day=DAY + timedelta(1), since=DAY)
    runs_out(empty_server, somebody("lovstlin32"), DAY + timedelta(8))  # 7 left on the day after
    digests.run(DAY + timedelta(2))
    assert told(sent()) == [("lovstlin32", "6")]


def test_a_first_run_that_did_not_come_to_its_end_is_a_day_that_was_missed(empty_server: TestSlapd) -> None:
    hemtjanst_ett()
    DigestRun.objects.create(day=DAY, since=DAY - timedelta(1))
    runs_out(empty_server, somebody("lovstlin32"), DAY + timedelta(7))
    run = digests.run(DAY + timedelta(1))
    assert run.since == DAY - timedelta(1)
    assert told(sent()) == [("lovstlin32", "6")]


def test_what_a_run_for_a_later_day_has_told_is_not_told_when_the_day_comes(empty_server: TestSlapd) -> None:
    hemtjanst_ett()
    completed(DAY)
    runs_out(empty_server, somebody("lovstlin32"), DAY + timedelta(9))  # 7 left in two days
    ahead = DAY + timedelta(3)
    assert days_told(ahead, ahead) == {ahead: [("lovstlin32", "6")]}
    assert days_told(DAY + timedelta(1), DAY + timedelta(2)) == {}
    assert days_told(ahead + timedelta(1), ahead + timedelta(1)) == {ahead + timedelta(1): [("lovstlin32", "5")]}


def test_a_run_for_an_earlier_day_tells_what_that_day_missed(empty_server: TestSlapd) -> None:
    """And no more than was missed: the day that another run covered stays told."""
    hemtjanst_ett()
    completed(DAY)
    completed(DAY + timedelta(3), since=DAY + timedelta(1))
    for left in (1, 2):
        runs_out(empty_server, somebody(f"lovday{left}"), DAY + timedelta(left + 7))  # 7 left on that day
    digests.run(DAY + timedelta(2))
    assert told(sent()) == [("lovday1", "6")]


def test_a_new_password_ends_it(empty_server: TestSlapd) -> None:
    hemtjanst_ett()
    runs_out(empty_server, somebody("lovstlin32"), DAY + timedelta(7))
    digests.run(DAY)
    runs_out(empty_server, somebody("lovstlin32"), DAY + timedelta(90))
    assert days_told(DAY + timedelta(1), DAY + timedelta(8)) == {}


def test_only_the_entries_of_the_days_due_become_accounts(
    empty_server: TestSlapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither those of the days between, nor those with a policy of their own for whom it is not the day."""
    for left in range(-3, 35):
        runs_out(empty_server, somebody(f"lovday{left}"), DAY + timedelta(left))
    own = somebody("lovown")
    runs_out(empty_server, own, DAY + timedelta(17))
    with empty_server.stricter_policy(own, slapd.MAX_AGE - timedelta(2)):
        mapped = count_mapped(monkeypatch)
        digests.run(DAY)
        due = {(f"lovday{left}", str(left)) for left in THRESHOLDS} | {("lovown", "15")}
        assert set(told(sent())) == due
        assert sorted(mapped) == sorted(username for username, _left in due)
        del mapped[:]
        digests.run(DAY + timedelta(4))  # nobody told what was due on the three days between
    late = {f"lovday{day + left}" for day in range(1, 5) for left in THRESHOLDS}
    assert {username for username, _left in told(sent()[1:])} == late
    assert sorted(mapped) == sorted(late)


def test_the_thresholds_are_a_setting(empty_server: TestSlapd, settings: Settings) -> None:
    hemtjanst_ett()
    settings.DIGEST_THRESHOLDS = [2]
    runs_out(empty_server, somebody("lovstlin32"), DAY + timedelta(7))
    assert days_told(DAY, DAY + timedelta(7)) == {DAY + timedelta(5): [("lovstlin32", "2")]}
