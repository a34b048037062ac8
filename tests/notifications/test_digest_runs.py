"""A day's run: once, whole or not at all, and caught up with in the morning. Issue 3; must show 3."""

from __future__ import annotations

import json
import logging
from datetime import date, datetime, timedelta
from unittest import mock

import pytest
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.directory import DirectoryError
from accounts.directory.ldap_client import connection
from accounts.models import AuditEvent, Company, Event
from deploy.local.cast import CARIN, KARL, STEFAN
from notifications import digests, outbox
from notifications.models import DigestRun, Message
from tests.accounts.helpers import trail
from tests.conftest import has_number
from tests.notifications.digest_world import (
    DAY,
    completed,
    hemtjanst_ett,
    omsorg_tva,
    runs_out,
    sent,
    somebody,
    told,
)
from tests.servers.slapd import TestSlapd

pytestmark = pytest.mark.django_db

SECOND = "lena@hemtjanst-ett.example"


@pytest.fixture
def stefan(empty_server: TestSlapd) -> Company:
    """His password runs out on DAY."""
    runs_out(empty_server, STEFAN, DAY)
    return hemtjanst_ett()


# --- Once ----------------------------------------------------------------------------------------


def test_a_run_is_noted_with_what_it_told(stefan: Company) -> None:
    before = timezone.now()
    run = digests.run(DAY)
    assert (run.day, run.since, run.accounts, run.mails) == (DAY, DAY - timedelta(1), 1, 1)
    assert run.completed_at
    assert before <= run.started_at <= run.completed_at
    assert DigestRun.objects.get() == run


def test_the_trail_tells_that_it_began_and_what_it_did(stefan: Company) -> None:
    digests.run(DAY)
    rows = list(AuditEvent.objects.all())
    assert [row.event for row in rows] == [Event.DIGEST_ATTEMPTED, Event.DIGEST_DONE]
    assert [row.result for row in rows] == ["2026-09-14", "2026-09-14: 1 accounts, 1 mails"]
    assert {(row.actor, row.subject, row.company) for row in rows} == {("", "", "")}


def test_the_same_day_again_sends_nothing(stefan: Company) -> None:
    first = digests.run(DAY)
    assert digests.run(DAY) == first
    assert len(sent()) == 1
    assert trail() == [Event.DIGEST_ATTEMPTED, Event.DIGEST_DONE]


def test_the_same_day_again_sends_nothing_to_a_new_recipient_either(empty_server: TestSlapd, stefan: Company) -> None:
    """Nor of somebody who came since: the day is told."""
    digests.run(DAY)
    stefan.recipient2 = SECOND
    stefan.save()
    omsorg_tva("chef@omsorg-tva.example")
    runs_out(empty_server, KARL, DAY)
    digests.run(DAY)
    assert [message.to for message in sent()] == [CARIN.mail]
    assert digests.look(DAY).mails == ()


def test_looking_writes_nothing(stefan: Company) -> None:
    plan = digests.look(DAY)
    assert [mail.composed().to for mail in plan.mails] == [CARIN.mail]
    assert plan.accounts == 1
    assert (sent(), list(DigestRun.objects.all()), trail()) == ([], [], [])


def test_what_was_composed_is_what_is_sent(stefan: Company) -> None:
    told_of: list[digests.Plan] = []
    digests.run(DAY, told_of.append)
    [mail], [row] = told_of[0].mails, sent()
    planned = mail.composed()
    assert (planned.uid, planned.text, planned.html) == (row.uid, row.text, row.html)


def test_a_mail_that_can_not_be_delivered_is_tried_for_four_days(stefan: Company) -> None:
    before = timezone.now()
    digests.run(DAY)
    assert before <= sent()[0].useful_until - timedelta(days=4) <= timezone.now()


# --- Whole or not at all -------------------------------------------------------------------------


def broken(*_: object, **__: object) -> None:
    """Stands in for whatever nobody thought of."""
    raise RuntimeError("something of ours is broken")


@pytest.mark.parametrize("place", ["notifications.outbox.enqueue", "accounts.audit.record"])
def test_if_the_end_fails_nothing_is_sent_and_the_next_run_sends_all(stefan: Company, place: str) -> None:
    real = outbox.enqueue if place.endswith("queue") else None

    def fail_at_the_end(*arguments: object, **named: object) -> None:
        if real:
            real(arguments[0])  # type: ignore[arg-type]  # the messages, which are in by now
            broken()
        if arguments[0] == Event.DIGEST_DONE:
            broken()

    with mock.patch(place, fail_at_the_end), pytest.raises(RuntimeError):
        digests.run(DAY)
    assert sent() == []
    assert DigestRun.objects.get().completed_at is None
    assert digests.run(DAY).mails == 1
    assert told(sent()) == [(STEFAN.username, "0")]


def test_a_directory_that_is_down_leaves_a_run_that_has_begun(stefan: Company, empty_server: TestSlapd) -> None:
    empty_server.stop()
    with pytest.raises(DirectoryError):
        digests.run(DAY)
    assert DigestRun.objects.get().completed_at is None
    assert trail() == [Event.DIGEST_ATTEMPTED]
    empty_server.start()
    digests.run(DAY)
    assert told(sent()) == [(STEFAN.username, "0")]
    assert trail() == [Event.DIGEST_ATTEMPTED, Event.DIGEST_ATTEMPTED, Event.DIGEST_DONE]


def test_a_directory_that_breaks_off_in_the_middle_sends_nothing(
    stefan: Company, empty_server: TestSlapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PAGE", 2)  # so that some pages have not come yet
    for number in range(8):
        runs_out(empty_server, somebody(f"lovmassa{number}"), DAY)

    def kill(moment: datetime) -> date:
        empty_server.kill()
        return timezone.localdate(moment)

    with mock.patch("notifications.digests.rows.localdate", kill), pytest.raises(DirectoryError):
        digests.run(DAY)
    assert sent() == []
    empty_server.start()


def test_what_another_run_told_meanwhile_is_not_told_again(empty_server: TestSlapd) -> None:
    """Between looking and writing, a run for the day before came to its end."""
    hemtjanst_ett()
    completed(DAY - timedelta(2))
    runs_out(empty_server, somebody("lovyesterday"), DAY + timedelta(6))
    runs_out(empty_server, somebody("lovtoday"), DAY + timedelta(7))
    looked: list[date] = []

    def look(day: date) -> digests.Plan:
        plan = digests.look(day)
        if not looked:
            looked.append(day)
            digests.run(DAY - timedelta(1))
        return plan

    with mock.patch("notifications.digests.runs.look", look):
        run = digests.run(DAY)
    assert sorted(told(sent())) == [("lovtoday", "7"), ("lovyesterday", "7")]
    assert run.since == DAY - timedelta(1)


# --- What is not to be found ---------------------------------------------------------------------


def test_no_name_number_or_address_is_in_a_log_and_no_secret_in_a_mail(
    stefan: Company,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    """security.md L2. The mail tells that there is a number, not which."""
    has_number(STEFAN)
    with caplog.at_level(logging.DEBUG), django_capture_on_commit_callbacks(execute=True):
        digests.run(DAY)
    (message,) = sent()
    assert message.state == Message.Status.SENT
    said = json.dumps([vars(record) for record in caplog.records], default=str)
    for canary in (STEFAN.username, STEFAN.surname, CARIN.mail, STEFAN.phone, STEFAN.phone[3:]):
        assert canary not in said
    for canary in (STEFAN.phone, STEFAN.phone[-4:], STEFAN.password):
        assert canary not in message.text + message.html + str(vars(AuditEvent.objects.latest("pk")))
