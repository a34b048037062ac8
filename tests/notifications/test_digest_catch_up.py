"""A morning's run that was missed is caught up on. Issue 3."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.models import Company, Event
from deploy.local.cast import STEFAN
from idportal.clock import at_hour
from notifications import digests
from notifications.models import DigestRun
from tests.accounts.helpers import trail
from tests.notifications.digest_world import DAY, Clock, completed, hemtjanst_ett, runs_out, sent, told
from tests.servers.slapd import TestSlapd

pytestmark = pytest.mark.django_db

SIX = at_hour(DAY, 6)


@pytest.fixture
def stefan(empty_server: TestSlapd) -> Company:
    """His password runs out on DAY."""
    runs_out(empty_server, STEFAN, DAY)
    return hemtjanst_ett()


def test_a_new_installation_waits_for_its_first_morning(stefan: Company, it_is: Clock) -> None:
    it_is(SIX + timedelta(hours=8))
    assert digests.catch_up() is None
    assert (sent(), trail()) == ([], [])


@pytest.mark.parametrize("last", [1, 2, 30])
def test_a_morning_that_was_missed_is_caught_up_with(stefan: Company, it_is: Clock, last: int) -> None:
    completed(DAY - timedelta(last))
    it_is(SIX)
    run = digests.catch_up()
    assert run
    assert (run.day, run.since) == (DAY, DAY - timedelta(last))
    assert told(sent()) == [(STEFAN.username, "0")]
    assert digests.catch_up() is None


def test_not_before_six_in_the_morning(stefan: Company, it_is: Clock) -> None:
    completed(DAY - timedelta(1))
    it_is(SIX - timedelta(minutes=1))
    assert digests.catch_up() is None
    assert sent() == []


@pytest.mark.parametrize("day", [date(2026, 1, 15), date(2026, 3, 29), date(2026, 7, 15), date(2026, 10, 25)], ids=str)
def test_six_is_stockholms(empty_server: TestSlapd, it_is: Clock, day: date) -> None:
    completed(day - timedelta(1))
    six = datetime(day.year, day.month, day.day, 5 if day.month in (1, 10) else 4, tzinfo=UTC)
    it_is(six - timedelta(minutes=1))
    assert digests.catch_up() is None
    it_is(six)
    assert digests.catch_up()


def test_a_day_that_is_done_stays_done(stefan: Company, it_is: Clock) -> None:
    it_is(SIX)
    digests.run(DAY)
    it_is(SIX + timedelta(hours=3))
    assert digests.catch_up() is None
    assert len(sent()) == 1


@pytest.mark.parametrize(("minutes", "made"), [(1, False), (9, False), (10, True)])
def test_a_run_that_did_not_come_to_its_end_is_made_after_ten_minutes(
    stefan: Company, it_is: Clock, minutes: int, made: bool
) -> None:
    """Also on the first day of an installation. Until then it may well be at work."""
    DigestRun.objects.create(day=DAY, since=DAY - timedelta(1), started_at=SIX)
    it_is(SIX + timedelta(minutes=minutes))
    assert bool(digests.catch_up()) is made
    assert bool(sent()) is made


def test_a_directory_that_is_down_is_asked_again_every_ten_minutes(
    empty_server: TestSlapd, stefan: Company, it_is: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """And the log says so as often."""
    completed(DAY - timedelta(1))
    empty_server.stop()
    with caplog.at_level(logging.ERROR, "idportal.digests"):
        for minute in range(30):
            it_is(SIX + timedelta(minutes=minute))
            assert digests.catch_up() is None
    assert trail() == [Event.DIGEST_ATTEMPTED] * 3
    assert len([record for record in caplog.records if record.name == "idportal.digests"]) == 3
    assert "the directory does not answer" in caplog.text
    empty_server.start()
    it_is(SIX + timedelta(minutes=30))
    assert digests.catch_up()
    assert told(sent()) == [(STEFAN.username, "0")]
