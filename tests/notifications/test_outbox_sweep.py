"""A row has about one task in the queue, and none is forgotten: issue 3, "The outbox"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.core.cache import cache
from django.utils import timezone
from kombu.exceptions import OperationalError as QueueDown
from pytest_django import Settings
from redis import ConnectionError as CacheDown

from notifications import outbox
from notifications.models import Message
from notifications.outbox import delivery, queueing
from tests.notifications.helpers import a_mail, an_sms, only, put, time_passes
from tests.notifications.helpers import wait_in_the_outbox as wait
from tests.servers.smtp import PrivateSmtp

pytestmark = pytest.mark.django_db(transaction=True)

State = Message.Status


class Queue:
    """What was put into it, with the tasks of each message counted. ``down``: it takes none."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.down = False

    def put(self, args: tuple[int], **options: Any) -> None:
        if self.down:
            raise QueueDown("no")
        self.calls.append({"id": args[0], **options})

    @property
    def tasks(self) -> Counter[int]:
        return Counter(call["id"] for call in self.calls)

    @property
    def last(self) -> dict[str, Any]:
        return self.calls[-1]


@pytest.fixture
def queue(settings: Settings) -> Iterator[Queue]:
    """A queue whose workers are all busy."""
    settings.CELERY_TASK_ALWAYS_EAGER = False
    made = Queue()
    with mock.patch.object(queueing.deliver, "apply_async", made.put):
        yield made


def may_ask_for_everything_again() -> None:
    """As a minute later."""
    cache.clear()


# --- About one task for each ---------------------------------------------------------------------


def test_while_nobody_sends_a_row_gets_one_task_an_hour(queue: Queue) -> None:
    """A silent mail server: sweeps that go on and on put nothing new into the queue."""
    ids = wait([a_mail(useful=timedelta(days=4)) for _each in range(7)])
    with mock.patch.object(queueing, "BATCH", 3):
        found = [outbox.sweep().found for _minute in range(59)]
    assert found == [3, 3, 1] + [0] * 56, "each sweep goes on with the next"
    assert queue.tasks == dict.fromkeys(ids, 1)
    time_passes(hours=1)
    assert outbox.sweep().queued == 7
    assert queue.tasks == dict.fromkeys(ids, 2)


def test_a_task_is_dropped_an_hour_after_it_could_be_tried(queue: Queue) -> None:
    """By then the sweep hands the row over anew."""
    before = timezone.now()
    put(a_mail())
    assert before <= queue.last["expires"] - timedelta(hours=1) <= timezone.now()
    ahead = timezone.now() + timedelta(hours=8)
    put(an_sms(not_before=ahead))
    assert (queue.last["eta"], queue.last["expires"]) == (ahead, ahead + timedelta(hours=1))


def test_what_was_queued_in_its_transaction_is_not_queued_again(queue: Queue) -> None:
    put(a_mail(), a_mail())
    assert outbox.sweep() == outbox.Swept(found=0, queued=0, expired=0)
    assert set(queue.tasks.values()) == {1}


def test_nor_what_waits_for_its_time_when_that_has_come(queue: Queue) -> None:
    """Handed over eight hours ago for now: its task is as young as one that was handed over now."""
    put(an_sms(not_before=timezone.now() + timedelta(hours=8), useful=timedelta(days=1)))
    time_passes(hours=8, minutes=59)
    assert outbox.sweep().found == 0
    time_passes(minutes=1)
    assert outbox.sweep().found == 1


def test_nor_what_is_to_be_tried_again(queue: Queue, smtp: PrivateSmtp) -> None:
    smtp.behave(script=["451 DATA"])
    put(a_mail())
    queueing.deliver(only().pk)
    assert queue.last["eta"] == only().next_try_at
    time_passes(minutes=2)
    assert outbox.sweep().found == 0
    time_passes(minutes=61)
    assert outbox.sweep().found == 1


def test_nor_what_somebody_is_at(queue: Queue, settings: Settings) -> None:
    """Whoever else finds it so asks for the end of the lease, once."""
    [message_id] = wait([a_mail()])
    delivery._claim(message_id)
    for _task in range(3):
        queueing.deliver(message_id)
    assert queue.tasks == {message_id: 1}
    time_passes(seconds=settings.OUTBOX_LEASE)
    assert outbox.sweep().found == 0


# --- And none is forgotten -----------------------------------------------------------------------


def test_a_task_that_was_used_up_counts_no_more(queue: Queue, settings: Settings) -> None:
    """The worker died with it: the sweep does not wait for the hour, but for the lease."""
    put(a_mail())
    delivery._claim(only().pk)
    time_passes(seconds=settings.OUTBOX_LEASE)
    assert outbox.sweep().queued == 1


def test_who_takes_a_task_before_it_is_noted_leaves_no_note(queue: Queue) -> None:
    """A worker is quick: the row that it has claimed by then has no task in the queue any more."""
    [message_id] = wait([a_mail()])
    rows = list(queueing.queued(Message.objects.all()))
    delivery._claim(message_id)
    queueing._note_queued(rows)
    assert (only().state, only().queued_at) == (State.SENDING, None)


def test_what_the_queue_did_not_take_is_the_next_sweeps(queue: Queue, smtp: PrivateSmtp) -> None:
    """Also if it is one more try for which the queue was down."""
    smtp.behave(script=["451 DATA"])
    put(a_mail())
    queue.down = True
    queueing.deliver(only().pk)
    assert (only().state, only().queued_at) == (State.WAITING, None)
    queue.down = False
    time_passes(minutes=1)
    assert outbox.sweep().queued == 1


# --- A worker that finds its queue ---------------------------------------------------------------


def test_a_worker_that_finds_its_queue_asks_for_each_message_at_its_time(queue: Queue, settings: Settings) -> None:
    """The queue may have been emptied: what is due, what waits for its time, and what is being sent.

    However lately each was handed over.
    """
    ids = wait([a_mail(), a_mail(), a_mail()])
    ahead, leased = timezone.now() + timedelta(hours=2), timezone.now() + timedelta(seconds=settings.OUTBOX_LEASE)
    Message.objects.filter(pk=ids[1]).update(next_try_at=ahead)
    Message.objects.filter(pk=ids[2]).update(state=State.SENDING, next_try_at=leased)
    Message.objects.update(queued_at=timezone.now())
    with mock.patch.object(queueing, "CHUNK", 2):
        assert outbox.sweep(everything=True) == outbox.Swept(found=3, queued=3, expired=0)
    asked: dict[int, datetime | None] = {call["id"]: call.get("eta") for call in queue.calls}
    assert asked == {ids[0]: None, ids[1]: ahead, ids[2]: leased}


def test_a_queue_that_comes_and_goes_does_not_make_it_all_anew_each_time(queue: Queue) -> None:
    """Once a minute at most. What is lost in between, the sweeps of the next minutes hand over, a BATCH each."""
    ids = wait([a_mail(useful=timedelta(days=4)) for _each in range(7)])
    assert outbox.sweep(everything=True).queued == 7
    with mock.patch.object(queueing, "BATCH", 2):
        for _reconnect in range(2):
            assert outbox.sweep(everything=True).queued == 2
        assert [outbox.sweep().queued for _minute in range(4)] == [2, 2, 1, 0]
    assert set(queue.tasks) == set(ids)
    assert sum(queue.tasks.values()) == 7 + 2 + 7
    may_ask_for_everything_again()
    assert outbox.sweep(everything=True).queued == 7


def test_a_cache_that_is_down_holds_nothing_back(queue: Queue, caplog: pytest.LogCaptureFixture) -> None:
    wait([a_mail(), a_mail()])
    with mock.patch.object(cache, "add", side_effect=CacheDown):
        assert outbox.sweep(everything=True).queued == 2
        assert outbox.sweep(everything=True).queued == 2
    assert "the cache does not keep when the outbox was last handed over: ConnectionError" in caplog.text


def test_one_that_takes_long_is_not_joined_by_another(queue: Queue) -> None:
    """Its pause begins when it is done, as 100,000 messages take more than a minute."""
    wait([a_mail() for _each in range(5)])
    with mock.patch.object(queueing, "CHUNK", 2), mock.patch.object(cache, "touch", wraps=cache.touch) as touched:
        outbox.sweep(everything=True)
    assert touched.call_count == 3


def test_thousands_are_read_a_chunk_at_a_time(queue: Queue) -> None:
    """However many there are, they are not all in memory."""
    ids = wait(a_mail() for _each in range(2300))
    with mock.patch.object(queueing, "_put", wraps=queueing._put) as put_chunk:
        assert outbox.sweep(everything=True).queued == 2300
    assert [len(call.args[0]) for call in put_chunk.call_args_list] == [queueing.CHUNK] * 4 + [300]
    assert queue.tasks == dict.fromkeys(ids, 1)
