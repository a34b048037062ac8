"""The SMS to the person, 7 days and 1 day before, which EXPIRY_SMS turns on. Issue 3."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.directory import Account
from accounts.models import Phone
from deploy.local.cast import KARL, STEFAN
from idportal.channels.sms import SEGMENT, septets
from idportal.clock import at_hour
from notifications import digests, outbox
from notifications.digests.plan import reminder_text
from notifications.digests.rows import DigestRow
from notifications.models import Message
from tests.conftest import Inbox, has_number
from tests.notifications.digest_world import DAY, Clock, completed, hemtjanst_ett, runs_out, sent, told
from tests.servers.slapd import TestSlapd

SIX = at_hour(DAY, 6)


def reminders() -> list[Message]:
    return [message for message in sent() if message.kind == Message.Channel.SMS]


@pytest.fixture
def stefan(empty_server: TestSlapd, settings: Settings, it_is: Clock) -> None:
    """He has a number, and 7 days left on DAY, on which it is six in the morning."""
    settings.EXPIRY_SMS = True
    settings.RESET_HOST, settings.PORTAL_URL = "pwreset.orebro.se", "https://losenord.orebro.se"
    hemtjanst_ett()
    runs_out(empty_server, STEFAN, DAY + timedelta(7))
    has_number(STEFAN)
    it_is(SIX)


@pytest.mark.django_db
@pytest.mark.usefixtures("stefan")
def test_the_person_gets_one_besides_the_recipients_mail() -> None:
    digests.run(DAY)
    (found,) = reminders()
    assert (found.to, found.purpose) == (STEFAN.phone, Message.Topic.EXPIRY_REMINDER)
    assert found.text == (
        "Lösenordet till ditt konto lovstlin32 går ut 2026-09-21. Byt det på https://pwreset.orebro.se "
        "Hälsningar Örebro kommun"
    )
    assert told(sent()) == [(STEFAN.username, "7")]
    assert digests.run(DAY).mails == 1, "an SMS is no mail"
    assert len(reminders()) == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("stefan")
def test_a_number_that_can_still_be_stopped_gets_none() -> None:
    Phone.objects.update(usable_from=SIX + timedelta(minutes=15))
    digests.run(DAY)
    assert reminders() == []


@pytest.mark.django_db
@pytest.mark.usefixtures("stefan")
def test_it_is_off_unless_turned_on(settings: Settings) -> None:
    settings.EXPIRY_SMS = False
    digests.run(DAY)
    assert reminders() == []
    assert told(sent()) == [(STEFAN.username, "7")]


@pytest.mark.django_db
@pytest.mark.usefixtures("stefan")
@pytest.mark.parametrize(
    ("left", "is_told"), [(30, False), (15, False), (7, True), (5, False), (3, False), (1, True), (0, False)]
)
def test_it_comes_at_7_days_and_at_1(empty_server: TestSlapd, left: int, is_told: bool) -> None:
    runs_out(empty_server, STEFAN, DAY + timedelta(left))
    has_number(STEFAN)
    digests.run(DAY)
    assert bool(reminders()) is is_told


@pytest.mark.django_db
@pytest.mark.usefixtures("stefan")
@pytest.mark.parametrize(("left", "is_told"), [(6, True), (0, True), (-1, False)])
def test_after_missed_days_it_comes_if_there_is_time_left(empty_server: TestSlapd, left: int, is_told: bool) -> None:
    """7 or 1 days were left on a missed day."""
    completed(DAY - timedelta(4))
    runs_out(empty_server, STEFAN, DAY + timedelta(left))
    has_number(STEFAN)
    digests.run(DAY)
    assert bool(reminders()) is is_told
    assert len(told(sent())) == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("stefan")
def test_who_has_no_number_gets_none(empty_server: TestSlapd) -> None:
    runs_out(empty_server, KARL, DAY + timedelta(7))
    digests.run(DAY)
    assert [message.to for message in reminders()] == [STEFAN.phone]
    assert len(told(sent())) == 2


@pytest.mark.django_db
@pytest.mark.usefixtures("stefan")
def test_a_protected_account_gets_none(empty_server: TestSlapd) -> None:
    """security.md R6."""
    runs_out(empty_server, STEFAN, DAY + timedelta(7), state="protected")
    has_number(STEFAN)
    digests.run(DAY)
    assert reminders() == []


@pytest.mark.django_db
@pytest.mark.usefixtures("stefan")
def test_the_thresholds_of_the_mail_are_other_ones(empty_server: TestSlapd, settings: Settings) -> None:
    settings.DIGEST_THRESHOLDS = [30]
    run = digests.run(DAY)
    assert len(reminders()) == 1
    assert (told(sent()), run.accounts, run.mails) == ([], 0, 0)


@pytest.mark.django_db
@pytest.mark.usefixtures("stefan")
@pytest.mark.parametrize(("hour", "begins"), [(6, 9), (9, 9), (14, 14), (20, 20)])
def test_it_is_sent_between_nine_and_nine(it_is: Clock, hour: int, begins: int) -> None:
    """Of that day, by Stockholm's clocks."""
    it_is(at_hour(DAY, hour))
    digests.run(DAY)
    (found,) = reminders()
    assert (found.next_try_at, found.useful_until) == (at_hour(DAY, begins), at_hour(DAY, 21))


@pytest.mark.django_db
@pytest.mark.usefixtures("stefan")
def test_at_night_it_is_too_late(it_is: Clock) -> None:
    it_is(at_hour(DAY, 21))
    digests.run(DAY)
    assert reminders() == []


@pytest.mark.django_db
@pytest.mark.usefixtures("stefan")
def test_it_waits_until_nine_and_then_goes_out_once(
    it_is: Clock, sms: Inbox, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        digests.run(DAY)
    assert len(sms) == 0
    it_is(at_hour(DAY, 9))
    outbox.sweep()
    outbox.sweep()
    assert [number for number, _ in sms.messages()] == [STEFAN.phone]


def row(username: str, on: date = DAY) -> DigestRow:
    account = Account("", username, "", "", "", "", True, False, False, datetime(2026, 1, 1), None)  # noqa: DTZ001
    return DigestRow(account, on, 7, registered=True)


@given(username=some.text(), host=some.from_regex(r"[a-z]{1,60}(\.[a-z]{1,60}){1,3}", fullmatch=True), who=some.text())
def test_it_is_one_segment_whatever_it_has_to_name(username: str, host: str, who: str) -> None:
    """Names as long as a directory has them, and in any alphabet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.RESET_HOST", host)
        patch.setattr("django.conf.settings.MUNICIPALITY_NAME", who)
        found = reminder_text(row(username))
    assert "2026-09-14" in found
    length = septets(found)
    assert length is not None
    assert length <= SEGMENT


@pytest.mark.parametrize(
    ("username", "expected"),
    [
        (
            "lov" + "x" * 30,
            "Lösenordet till ditt konto lovxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx går ut 2026-09-14. Byt det på ",
        ),
        ("x" * 90, "Lösenordet till ditt konto hos kommunen går ut 2026-09-14. Byt det på "),
        ("ольга", "Lösenordet till ditt konto hos kommunen går ut 2026-09-14. Byt det på "),
    ],
)
def test_what_does_not_fit_is_left_out(username: str, expected: str) -> None:
    assert reminder_text(row(username)).startswith(expected)
