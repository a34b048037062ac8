"""A slow mail server holds up its own mails but no code. A worker that is told to stop finishes its tasks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest
from celery import Celery
from django.conf import settings

from accounts import codes
from accounts import tasks as account_tasks
from accounts.models import Challenge, Event
from accounts.models import Purpose as CodePurpose
from deploy.local.cast import STEFAN
from notifications.models import Message
from tests.accounts.helpers import last
from tests.accounts.with_worker import installation, wait_for_tasks, wait_until
from tests.conftest import has_number
from tests.idportal.conftest import environment, manage
from tests.notifications.helpers import State, a_mail, only, wait_in_the_outbox
from tests.servers.redis import PrivateRedis
from tests.servers.slapd import TestSlapd
from tests.servers.smtp import PrivateSmtp
from tests.servers.worker import Worker

pytestmark = [pytest.mark.slow, pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

CODES = ("-Q", settings.CELERY_TASK_DEFAULT_QUEUE, "--hostname", "worker@%h", "--concurrency", "1")
OUTBOX = ("-Q", "outbox", "--hostname", "outbox@%h", "--concurrency", "1")


@pytest.fixture
def values(tmp_path: Path, smtp: PrivateSmtp, server: TestSlapd, redis_server: PrivateRedis) -> dict[str, str]:
    """The environment of a production installation, with the servers of the suite in it."""
    return {**installation(tmp_path, server, redis_server), "EMAIL_URL": smtp.url}


@pytest.fixture
def start(values: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """Starts a worker with these arguments."""
    workers: list[Worker] = []

    def start_one(*arguments: str) -> Worker:
        folder = tmp_path / f"worker{len(workers)}"
        folder.mkdir()
        workers.append(Worker(folder, environment(values), *arguments))
        workers[-1].start()
        return workers[-1]

    yield start_one
    for worker in workers:
        worker.stop()


@pytest.fixture
def web(redis_server: PrivateRedis) -> Iterator[Celery]:
    """What puts tasks into the real queues, as the portal's settings say."""
    app = Celery("web", set_as_current=False)
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.conf.update(broker_url=redis_server.url, task_always_eager=False)
    yield app
    app.close()


def done(worker: Worker, task: str) -> int:
    """How many of these it has brought to their end."""
    return len(re.findall(rf"Task notifications\.tasks\.{task}\[[\w-]+\] succeeded", worker.log()))


def state(message_id: int) -> str:
    return Message.objects.values_list("state", flat=True).get(pk=message_id)


def test_a_worker_that_is_told_to_end_lets_its_task_finish(
    start: Callable[..., Worker], web: Celery, smtp: PrivateSmtp
) -> None:
    """As systemd tells it. What became of the message is noted, so that nobody takes it over."""
    smtp.behave(script=["hang"])  # for EMAIL_TIMEOUT: 10 seconds
    worker = start(*OUTBOX)
    wait_until(lambda: done(worker, "sweep") == 1)  # which it asks for itself
    [message_id] = wait_in_the_outbox([a_mail()])
    web.send_task("notifications.tasks.deliver", (message_id,))
    wait_until(lambda: bool(smtp.events("hung")))
    worker.tell_to_end()
    wait_until(lambda: "Warm shutdown" in worker.log())
    assert (worker.runs(), state(message_id)) == (True, State.SENDING)
    wait_until(lambda: not worker.runs())
    message = only()
    assert (message.state, message.claim, message.attempts) == (State.WAITING, None, 1)
    assert done(worker, "deliver") == 1


def test_codes_go_out_while_the_outbox_is_stuck(start: Callable[..., Worker], web: Celery, smtp: PrivateSmtp) -> None:
    has_number(STEFAN)
    smtp.behave(drip=True)
    start(*CODES)
    outbox_worker = start(*OUTBOX)
    wait_until(lambda: done(outbox_worker, "sweep") == 1)  # it has asked for one itself
    message_ids = wait_in_the_outbox([a_mail(), a_mail(), a_mail()])
    for message_id in message_ids:
        web.send_task("notifications.tasks.deliver", (message_id,))
    wait_until(lambda: State.SENDING in map(state, message_ids))
    with mock.patch.object(account_tasks.send_code, "apply_async"):
        codes.ask(CodePurpose.RESET, language="sv", address=None, username=STEFAN.username)
    web.send_task("accounts.tasks.send_code", (Challenge.objects.get().pk,))
    wait_for_tasks(1)
    assert last(Event.CODE_SENT).subject_name == STEFAN.username
    assert set(map(state, message_ids)) <= {State.SENDING, State.WAITING}
    smtp.behave()


def test_a_worker_that_is_told_nothing_takes_every_queue(
    start: Callable[..., Worker], web: Celery, values: dict[str, str]
) -> None:
    """design.md, Running it from outside. A queue that nobody takes is told by `doctor`."""

    def doctor() -> str:
        return next(line for line in manage("doctor", **values).stdout.splitlines() if " queue: " in line)

    start(*CODES)
    alone = doctor()
    assert "FAIL" in alone
    assert "no worker takes outbox. Start: celery -A idportal worker -Q outbox" in alone
    start("--hostname", "plain@%h")
    assert doctor().endswith("queue: 2 workers")
    consumed = web.control.inspect().active_queues() or {}
    [plain] = [queues for name, queues in consumed.items() if name.startswith("plain@")]
    assert {queue["name"] for queue in plain} == {"celery", "outbox"}
