"""A mail server that is slow holds up its mails, and no code: two queues, and a deadline for each mail."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest
from celery import Celery
from django.conf import settings
from django.utils import timezone

from accounts import codes
from accounts import tasks as account_tasks
from accounts.models import Challenge, Event
from accounts.models import Purpose as CodePurpose
from deploy.local.cast import STEFAN
from notifications.models import Message
from notifications.outbox import queueing
from tests.accounts.helpers import last
from tests.accounts.with_worker import installation, wait_for_tasks, wait_until
from tests.conftest import has_number
from tests.idportal.conftest import environment, manage
from tests.notifications.helpers import State, a_mail, only, time_passes, wait_in_the_outbox
from tests.servers.redis import PrivateRedis
from tests.servers.slapd import TestSlapd
from tests.servers.smtp import PrivateSmtp
from tests.servers.worker import Worker

pytestmark = [pytest.mark.slow, pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

DEADLINE = 2  # seconds; in production queueing.DEADLINE
CODES = ("-Q", settings.CELERY_TASK_DEFAULT_QUEUE, "--hostname", "worker@%h", "--pool", "threads", "--concurrency", "1")
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


def test_a_mail_has_a_deadline_and_waits_for_another_try(
    start: Callable[..., Worker], web: Celery, smtp: PrivateSmtp
) -> None:
    """The server says a line each second, so that no wait of its socket ever runs out."""
    assert queueing.deliver.soft_time_limit == queueing.DEADLINE < settings.CELERY_TASK_TIME_LIMIT
    smtp.behave(drip=True)
    worker = start(*OUTBOX)
    wait_until(lambda: done(worker, "sweep") == 1)  # which it asks for itself
    [message_id] = wait_in_the_outbox([a_mail()])
    web.send_task("notifications.tasks.deliver", (message_id,), soft_time_limit=DEADLINE)
    wait_until(lambda: bool(only().error))
    message = only()
    assert (message.state, message.claim, message.attempts) == (State.WAITING, None, 1)
    assert message.error == "SoftTimeLimitExceeded"
    assert message.next_try_at > timezone.now()

    smtp.behave()
    time_passes(seconds=settings.OUTBOX_RETRY_AFTER)
    web.send_task("notifications.tasks.deliver", (message_id,))
    wait_until(lambda: done(worker, "deliver") == 2)
    assert state(message_id) == State.SENT
    assert smtp.count() == 1
    assert "Hard time limit" not in worker.log()


def test_codes_go_out_while_the_outbox_is_stuck(start: Callable[..., Worker], web: Celery, smtp: PrivateSmtp) -> None:
    has_number(STEFAN)
    smtp.behave(drip=True)
    start(*CODES)
    outbox_worker = start(*OUTBOX)
    wait_until(lambda: done(outbox_worker, "sweep") == 1)  # it has asked for one itself
    message_ids = wait_in_the_outbox([a_mail(), a_mail(), a_mail()])
    for message_id in message_ids:
        web.send_task("notifications.tasks.deliver", (message_id,), soft_time_limit=4 * DEADLINE)
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
