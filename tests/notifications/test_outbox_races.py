"""Many at once: issue 3, "The outbox". Real threads, real locks."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from notifications import outbox
from notifications.models import Message
from notifications.outbox import delivery
from notifications.outbox import smtp as relay
from tests.notifications.helpers import a_mail, an_sms, only, time_passes
from tests.notifications.helpers import wait_in_the_outbox as wait
from tests.servers.smsgateway import SmsGateway
from tests.servers.smtp import PrivateSmtp

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

THREADS = 8
State = Message.Status


def at_once(*jobs: Callable[[], object]) -> list[object]:
    """Runs each in a thread with a connection of its own, all from the same moment; returns what they returned."""
    gate, found = threading.Barrier(len(jobs)), [None] * len(jobs)

    def run(place: int, job: Callable[[], object]) -> None:
        try:
            connection.ensure_connection()
            gate.wait()
            found[place] = job()  # type: ignore[call-overload]
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=one) for one in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    return list(found)


def test_of_many_that_deliver_the_same_message_one_does(smtp: PrivateSmtp) -> None:
    for _round in range(5):
        [message_id] = wait([a_mail()])
        at_once(*[lambda pk=message_id: delivery.deliver(pk)] * THREADS)
        assert Message.objects.get(pk=message_id).attempts == 1
    assert smtp.count() == 5


def test_of_many_sms_too(sms_gateway: SmsGateway) -> None:
    [message_id] = wait([an_sms()])
    at_once(*[lambda: delivery.deliver(message_id)] * THREADS)
    assert (len(sms_gateway.received), only().attempts, only().perhaps_sent) == (1, 1, 0)


def test_of_many_that_take_over_from_a_dead_worker_one_does(smtp: PrivateSmtp, settings: Settings) -> None:
    [message_id] = wait([a_mail()])
    assert delivery._claim(message_id)
    time_passes(seconds=settings.OUTBOX_LEASE)
    at_once(*[lambda: delivery.deliver(message_id)] * THREADS)
    assert (smtp.count(), only().state, only().attempts) == (1, State.SENT, 2)


def test_sweeps_at_once_do_no_harm(smtp: PrivateSmtp) -> None:
    wait([a_mail() for _each in range(20)])
    at_once(*[outbox.sweep] * 4)
    assert smtp.count() == 20
    assert {(row.state, row.attempts) for row in Message.objects.all()} == {(State.SENT, 1)}


def test_a_sweep_settles_nothing_that_is_being_sent(smtp: PrivateSmtp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if its life ends meanwhile: it went out in time."""
    [message_id] = wait([a_mail()])
    sending, swept = threading.Event(), threading.Event()
    send = relay.send

    def slow(message: Message) -> None:
        sending.set()
        assert swept.wait(10)
        send(message)

    monkeypatch.setattr(relay, "send", slow)

    def sweep() -> outbox.Swept:
        assert sending.wait(10)
        Message.objects.update(useful_until=only().created_at)
        found = outbox.sweep()
        swept.set()
        return found

    _none, found = at_once(lambda: delivery.deliver(message_id), sweep)
    assert found == outbox.Swept(found=0, queued=0, expired=0)
    assert (smtp.count(), only().state) == (1, State.SENT)


def test_of_many_that_queue_the_same_there_is_one(smtp: PrivateSmtp) -> None:
    """In any order of the keys, and nobody waits in a circle."""

    def put(order: int) -> int:
        with transaction.atomic():
            return outbox.enqueue([a_mail(key=f"digest {number}") for number in range(20)][::order])

    new = at_once(*[lambda order=order: put(order) for order in (1, -1) * (THREADS // 2)])
    assert sum(int(str(each)) for each in new) == 20
    assert (Message.objects.count(), smtp.count()) == (20, 20)


def test_a_database_that_breaks_off_after_the_mail_went_out_is_waited_for(smtp: PrivateSmtp) -> None:
    """The row learns of it when the database is back: no double."""
    [message_id] = wait([a_mail()])
    [message] = delivery._claim(message_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone() or [0]
    at_once(lambda: connection.cursor().execute("SELECT pg_terminate_backend(%s)", [pid]))
    delivery._settle(message, State.SENT)
    assert only().state == State.SENT
