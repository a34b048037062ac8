"""What goes through the queue, in which order, and what a worker does when the queue goes and comes back."""

from __future__ import annotations

import inspect
import logging
import subprocess
import sys
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from celery.worker.consumer import Consumer
from django.conf import settings as django_settings
from django.db import OperationalError
from django.utils import timezone
from kombu.asynchronous import Hub
from kombu.exceptions import OperationalError as QueueDown
from pytest_django import Settings

from accounts import tasks as account_tasks
from helpdesk.tasks import fetch_mail
from idportal.runtime import worker
from idportal.runtime.celery import app
from notifications.outbox import queueing
from tests.idportal.conftest import PRODUCTION, ROOT, environment
from tests.notifications.helpers import Purpose, a_mail, an_sms, put

pytestmark = pytest.mark.django_db(transaction=True)

log = logging.getLogger(__name__)


def test_tasks_take_ids_alone(settings: Settings) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = False
    assert list(inspect.signature(queueing.deliver.run).parameters) == ["message_ids"]
    with mock.patch.object(queueing.deliver, "apply_async") as queued:
        put(a_mail(), an_sms(not_before=timezone.now() + timedelta(hours=1)))
    assert len(queued.call_args_list) == 2
    for call in queued.call_args_list:
        [(message_id,)] = call.args
        assert isinstance(message_id, int)
        assert call.kwargs.keys() <= {"eta", "expires", "priority"}


def test_a_person_who_waits_goes_first() -> None:
    """0 is first in Redis: codes; then what tells somebody of what they just did; then what nobody waits for."""
    assert account_tasks.send_code.priority is None
    with mock.patch.object(queueing.deliver, "apply_async") as queued:
        for purpose in Purpose:
            put(a_mail(purpose=purpose))
    priorities = [call.kwargs["priority"] for call in queued.call_args_list]
    waited_for = [
        purpose not in (Purpose.DIGEST, Purpose.DIGEST_TO_HELPDESK, Purpose.EXPIRY_REMINDER) for purpose in Purpose
    ]
    assert priorities == [3 if waits else 6 for waits in waited_for]


def test_codes_wait_behind_nothing_else() -> None:
    """Each in its own queue: a mail server that is slow holds up the worker of the outbox alone."""
    app.loader.import_default_modules()
    own = {name for name in app.tasks if not name.startswith("celery.")}
    queues = {name: app.amqp.router.route({}, name)["queue"].name for name in own}
    assert {name for name, queue in queues.items() if queue == "celery"} == {"accounts.tasks.send_code"}
    assert set(queues.values()) == {"celery", "outbox"} == set(app.amqp.queues)
    # Each has a key of its own: what is sent to one is not copied into the other.
    assert len({(queue.exchange.name, queue.routing_key) for queue in app.amqp.queues.values()}) == len(app.amqp.queues)


def test_no_task_relies_on_a_time_limit() -> None:
    """Workers run threads, which nothing ends from outside: Celery would take a limit, and keep it nowhere."""
    assert app.conf.worker_pool == "threads"
    app.loader.import_default_modules()
    limits = {task.time_limit for task in app.tasks.values()} | {task.soft_time_limit for task in app.tasks.values()}
    assert limits == {None}


def test_every_task_of_the_timetable_exists() -> None:
    app.loader.import_default_modules()
    for entry in django_settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in app.tasks


def test_beat_knows_the_timetable_and_loads_no_more() -> None:
    """It sends by name: neither models nor tasks are in its memory, and each task finds its queue all the same."""
    code = (
        "from idportal.runtime.beat import app; app.loader.init_worker(); app.finalize(); import sys; "
        "print({app.amqp.router.route({}, entry['task'])['queue'].name for entry in app.conf.beat_schedule.values()}, "
        "{'django.db.models', 'accounts', 'notifications', 'helpdesk', 'apprise'} & sys.modules.keys())"
    )
    values = environment({**PRODUCTION, "DATABASE_URL": "sqlite://:memory:"})
    ran = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=ROOT, env=values
    )
    assert ran.stdout.strip() == "{'outbox'} set()", ran.stderr


def test_a_worker_looks_after_the_outbox_each_time_that_it_finds_its_queue() -> None:
    consumer = mock.Mock()
    step = worker.LookAfterTheOutbox(consumer)
    consumer.app.amqp.queues.consume_from = {"celery": None}
    step.start(consumer)
    assert not consumer.app.send_task.called, "that is for the worker of the outbox"
    consumer.app.amqp.queues.consume_from = {"celery": None, "outbox": None}
    step.start(consumer)
    consumer.app.send_task.assert_called_once_with("notifications.tasks.sweep", kwargs={"everything": True})
    assert "notifications.tasks.sweep" in app.tasks
    assert "idportal.runtime.worker:LookAfterTheOutbox" in app.steps["consumer"]


def test_a_queue_that_is_gone_again_ends_no_worker(caplog: pytest.LogCaptureFixture) -> None:
    consumer = mock.Mock()
    consumer.app.amqp.queues.consume_from = {"outbox": None}
    consumer.app.send_task.side_effect = QueueDown("no")
    worker.LookAfterTheOutbox(consumer).start(consumer)
    assert "the outbox is not looked after" in caplog.text


def test_a_connection_that_can_not_be_closed_ends_no_worker(caplog: pytest.LogCaptureFixture) -> None:
    """Seen with a Redis that restarts: one time in twenty the worker ended, with an AttributeError of its library."""
    assert app.conf.worker_consumer == "idportal.runtime.worker:LastingConsumer"
    consumer = worker.LastingConsumer.__new__(worker.LastingConsumer)
    with mock.patch.object(Consumer, "on_connection_error_after_connected", side_effect=AttributeError):
        consumer.on_connection_error_after_connected(ConnectionError())
    assert "was not closed in order: AttributeError" in caplog.text


def test_a_task_whose_connection_is_gone_ends_no_worker(caplog: pytest.LogCaptureFixture) -> None:
    """Seen with a Redis that restarts while threads begin tasks. Any other error is Celery's to judge."""
    consumer: Any = worker.LastingConsumer.__new__(worker.LastingConsumer)
    consumer.hub = Hub()
    acknowledge = mock.Mock(side_effect=AttributeError)
    consumer.call_soon_ack(acknowledge, log, multiple=False)
    next(consumer.hub.create_loop())
    acknowledge.assert_called_once_with(log, multiple=False)
    consumer.call_soon_ack(mock.Mock(side_effect=BrokenPipeError))
    with pytest.raises(BrokenPipeError):
        next(consumer.hub.create_loop())
    assert "a task of a lost connection was not acknowledged: AttributeError" in caplog.text


def test_u1_a_task_that_the_database_breaks_off_says_so_in_a_line(caplog: pytest.LogCaptureFixture) -> None:
    with mock.patch("helpdesk.intake.fetch.run", side_effect=OperationalError("the server closed\nLINE 1: …")):
        ended = fetch_mail.apply()
    assert ended.failed()
    [line] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    said = "database is not available: helpdesk.tasks.fetch_mail is left undone: OperationalError: the server closed"
    assert (line.name, line.getMessage(), line.exc_info) == ("idportal.outage", said, None)


def test_u1_any_other_error_of_a_task_is_unexpected(caplog: pytest.LogCaptureFixture) -> None:
    with mock.patch("helpdesk.intake.fetch.run", side_effect=ValueError("ours")):
        fetch_mail.apply()
    [line] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert (line.name, bool(line.exc_info)) == ("celery.app.trace", True)
