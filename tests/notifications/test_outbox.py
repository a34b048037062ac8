"""The outbox: a row with its cause, sent after the commit, settled once. Source: issue 3, "The outbox"."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from unittest import mock

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as QueueDown
from pytest_django import Settings

from notifications import outbox
from notifications.models import Message
from notifications.outbox import delivery, queueing
from tests.conftest import Inbox
from tests.notifications.helpers import CARIN, a_mail, again, an_sms, in_clear, only, put, time_passes
from tests.notifications.helpers import wait_in_the_outbox as wait
from tests.servers.smtp import PrivateSmtp

pytestmark = pytest.mark.django_db(transaction=True)

State = Message.Status


class _GoneWrong(Exception):
    """The cause of a message does not come to its end."""


def test_a_message_goes_out_after_the_commit_of_its_cause(smtp: PrivateSmtp) -> None:
    with transaction.atomic():
        assert outbox.enqueue([a_mail(), a_mail()]) == 2
        assert [row.state for row in Message.objects.all()] == [State.WAITING] * 2
        assert smtp.count() == 0
    assert smtp.count() == 2
    for row in Message.objects.all():
        assert (row.state, row.attempts, row.claim, row.error) == (State.SENT, 1, None, "")
        assert row.settled_at


def test_a_cause_that_is_rolled_back_sends_nothing(smtp: PrivateSmtp) -> None:
    @transaction.atomic
    def cause() -> None:
        outbox.enqueue([a_mail()])
        raise _GoneWrong

    with pytest.raises(_GoneWrong):
        cause()
    assert Message.objects.count() == 0
    assert smtp.count() == 0


def test_a_message_without_a_transaction_is_a_mistake() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        outbox.enqueue([a_mail()])
    assert Message.objects.count() == 0


def test_of_one_thing_there_is_one_message(smtp: PrivateSmtp) -> None:
    """However often it is looked at: the key decides, and what is there stays as it is."""
    assert put(a_mail(key="digest 2026-11-25 1", text="ett")) == 1
    assert put(a_mail(key="digest 2026-11-25 1", text="två"), a_mail(key="digest 2026-11-25 2")) == 1
    assert put(a_mail(), a_mail()) == 2
    assert smtp.count() == 4
    assert Message.objects.get(key="digest 2026-11-25 1").text == "ett"


def test_what_is_settled_stays_so(smtp: PrivateSmtp) -> None:
    put(a_mail())
    before = Message.objects.values().get()
    delivery.deliver(only().pk)
    outbox.sweep()
    outbox.sweep(everything=True)
    assert Message.objects.values().get() == before
    assert smtp.count() == 1


def test_the_database_tells_nothing_of_body_and_receiver(smtp: PrivateSmtp, sms: Inbox) -> None:
    put(a_mail(text="Stefan Lind, lovstlin32", html="<p>Stefan Lind, lovstlin32</p>"), an_sms(text="lovstlin32"))
    assert (smtp.count(), len(sms)) == (1, 1)
    for secret in ("lovstlin32", "Stefan", CARIN, "46701740605"):
        assert secret not in in_clear()


# --- Later, and never too late -------------------------------------------------------------------


def test_pauses_double_up_to_an_hour(smtp: PrivateSmtp, settings: Settings) -> None:
    """And are up to a quarter shorter, so that not all come back at the same moment."""
    settings.OUTBOX_RETRY_AFTER = 60
    smtp.behave(script=["451 DATA"] * 9)
    put(a_mail(useful=timedelta(days=30)))
    message = only()
    for expected in (60, 120, 240, 480, 960, 1920, 3600, 3600):
        pause = (message.next_try_at - timezone.now()).total_seconds()
        assert 0.74 * expected < pause <= expected, message.attempts
        message = again()
    assert (message.attempts, message.state) == (9, State.WAITING)
    assert (again().state, smtp.count()) == (State.SENT, 1)


def test_nothing_is_tried_before_its_time(smtp: PrivateSmtp) -> None:
    smtp.behave(script=["451 DATA"])
    put(a_mail())
    delivery.deliver(only().pk)
    outbox.sweep()
    assert (only().attempts, smtp.count()) == (1, 0)


def test_nothing_is_sent_past_its_useful_life(smtp: PrivateSmtp, caplog: pytest.LogCaptureFixture) -> None:
    [message_id] = wait([a_mail(useful=timedelta(hours=1))])
    time_passes(minutes=61)
    delivery.deliver(message_id)
    message = only()
    assert (message.state, smtp.count()) == (State.EXPIRED, 0)
    assert message.settled_at
    assert "was not sent in its useful life" in caplog.text


def test_the_sweep_settles_what_is_past_its_life(smtp: PrivateSmtp, caplog: pytest.LogCaptureFixture) -> None:
    """Also what waits for a time that lies ahead, and what a dead worker left; not what is being sent."""
    ids = wait([a_mail(useful=timedelta(hours=1)) for _each in range(3)])
    rows = Message.objects.filter(pk__in=ids)
    rows.update(next_try_at=timezone.now() + timedelta(hours=2))
    rows.filter(pk=ids[1]).update(state=State.SENDING, next_try_at=timezone.now())
    rows.filter(pk=ids[2]).update(state=State.SENDING, next_try_at=timezone.now() + timedelta(minutes=61.5))
    time_passes(minutes=61)
    assert outbox.sweep() == outbox.Swept(found=0, queued=0, expired=2)
    states = [row.state for row in Message.objects.order_by("pk")]
    assert states == [State.EXPIRED, State.EXPIRED, State.SENDING]
    assert "2 messages were not sent in their useful life" in caplog.text
    assert smtp.count() == 0


# --- What goes wrong -----------------------------------------------------------------------------


def test_a_queue_that_is_down_undoes_nothing(smtp: PrivateSmtp, caplog: pytest.LogCaptureFixture) -> None:
    """The rows are there, it is asked once and not for each, and the sweep sends them when it is back."""
    with mock.patch.object(queueing.deliver, "apply_async", side_effect=QueueDown("no")) as asked:
        assert put(a_mail(), a_mail(), a_mail()) == 3
    assert asked.call_count == 1
    assert "the queue is down" in caplog.text
    assert [row.state for row in Message.objects.all()] == [State.WAITING] * 3
    assert outbox.sweep() == outbox.Swept(found=3, queued=3, expired=0)
    assert smtp.count() == 3


def test_what_nobody_foresaw_is_noted_by_its_type_and_tried_again(
    smtp: PrivateSmtp, caplog: pytest.LogCaptureFixture
) -> None:
    """Its words could hold anything."""
    with mock.patch("notifications.outbox.smtp.send", side_effect=LookupError("Hemligt-Kanarie-4713")):
        put(a_mail())
        assert (only().state, only().error) == (State.WAITING, "LookupError")
        time_passes(minutes=2)
        delivery.deliver(only().pk)
        assert (only().state, only().attempts) == (State.WAITING, 2)
    assert "LookupError" in caplog.text
    assert "Kanarie" not in caplog.text
    assert again().state == State.SENT


def test_a_row_that_no_key_opens_stops_no_worker(smtp: PrivateSmtp, settings: Settings) -> None:
    """It waits for somebody to set the key."""
    settings.ENCRYPTION_KEYS = ["the old key of the outbox"]
    [message_id] = wait([a_mail()])
    settings.ENCRYPTION_KEYS = ["the new key of the outbox"]
    delivery.deliver(message_id)
    row = Message.objects.defer("to", "text", "html").get()
    assert (row.state, row.error) == (State.WAITING, "InvalidToken")
    settings.ENCRYPTION_KEYS = ["the new key of the outbox", "the old key of the outbox"]
    assert again().state == State.SENT


def test_what_a_dead_worker_left_is_taken_over_when_its_lease_is_over(smtp: PrivateSmtp, settings: Settings) -> None:
    [message_id] = wait([a_mail()])
    delivery._claim(message_id)
    delivery.deliver(message_id)
    assert (only().state, smtp.count()) == (State.SENDING, 0), "somebody is at it"
    assert outbox.sweep().found == 0
    time_passes(seconds=settings.OUTBOX_LEASE)
    assert outbox.sweep().queued == 1
    assert (only().state, only().attempts, smtp.count()) == (State.SENT, 2, 1)


def test_who_was_taken_over_settles_nothing(smtp: PrivateSmtp, settings: Settings) -> None:
    """A worker that comes back to life after its lease leaves the row to the other one."""
    [message_id] = wait([a_mail()])
    [slow] = delivery._claim(message_id)
    time_passes(seconds=settings.OUTBOX_LEASE)
    [other] = delivery._claim(message_id)
    delivery._refuse(slow, "too late")
    assert (only().state, only().claim) == (State.SENDING, other.claim)
    delivery._try(other)
    delivery._later(slow, "too late")
    assert (only().state, only().error) == (State.SENT, "")


def test_who_finds_another_at_it_looks_again_when_the_lease_is_over(settings: Settings) -> None:
    """The other one may be dead, or have lost its database: nobody else would ask before the next sweep."""
    [message_id] = wait([a_mail()])
    [claimed] = delivery._claim(message_id)
    assert timedelta(0) < claimed.next_try_at - timezone.now() <= timedelta(seconds=settings.OUTBOX_LEASE)
    settings.CELERY_TASK_ALWAYS_EAGER = False
    with mock.patch.object(queueing.deliver, "apply_async") as queued:
        queueing.deliver(message_id)
        Message.objects.update(state=State.SENT)
        queueing.deliver(message_id)
    [call] = queued.call_args_list
    assert call.args == ((message_id,),)
    assert call.kwargs["eta"] == claimed.next_try_at


def test_two_sweeps_do_no_harm(smtp: PrivateSmtp) -> None:
    wait([a_mail() for _each in range(5)])
    outbox.sweep()
    outbox.sweep()
    assert smtp.count() == 5


def test_a_sweep_takes_on_a_bounded_number_and_the_oldest_first(smtp: PrivateSmtp) -> None:
    ids = wait([a_mail() for _each in range(5)])
    Message.objects.filter(pk=ids[4]).update(next_try_at=timezone.now() - timedelta(hours=1))
    with mock.patch.object(queueing, "BATCH", 2):
        assert outbox.sweep().found == 2
        assert set(Message.objects.filter(state=State.SENT).values_list("pk", flat=True)) == {ids[0], ids[4]}
        assert outbox.sweep(everything=True).found == 3


# --- manage.py send_outbox -----------------------------------------------------------------------


def send_outbox() -> str:
    out = StringIO()
    call_command("send_outbox", stdout=out)
    return out.getvalue()


def test_by_hand(smtp: PrivateSmtp) -> None:
    assert send_outbox() == "0 messages handed over, 0 expired\n"
    wait([a_mail(), a_mail()])
    with mock.patch.object(queueing, "BATCH", 2):
        assert send_outbox() == "2 messages handed over, 0 expired\nMore may be waiting. Run this again.\n"
    assert smtp.count() == 2


def test_by_hand_with_the_queue_down() -> None:
    wait([a_mail(), a_mail()])
    with (
        mock.patch.object(queueing.deliver, "apply_async", side_effect=QueueDown("no")),
        pytest.raises(CommandError, match="2 messages still wait"),
    ):
        send_outbox()
