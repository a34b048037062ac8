"""With a real queue and a real worker: what travels, what is logged, and that time tells nobody who exists (E2, K2)."""

from __future__ import annotations

import json
import re
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from unittest import mock

import pytest
import redis
from celery import Celery
from django.db import connection
from kombu import Connection, Exchange

from accounts.models import AuditEvent, Challenge, Event, SendQuota
from deploy.local.cast import ANNA, KARL, STEFAN
from tests.accounts.helpers import NEW_PASSWORD, WRONG_CODE, binds, last, time_passes, wrong_for
from tests.accounts.timing import Comparison, Samples, told_apart
from tests.accounts.with_worker import (
    LOOK_UP,
    NAMES,
    THREE_MILLISECONDS,
    ask,
    everything_in,
    installation,
    sample,
    tasks_done,
    visitor,
    wait_for_tasks,
    wait_until,
    walk,
)
from tests.conftest import Inbox, has_number
from tests.idportal import conftest as portals
from tests.idportal.conftest import Portal, environment, manage
from tests.servers.redis import PrivateRedis, Trap
from tests.servers.slapd import TestSlapd
from tests.servers.worker import Worker

pytestmark = [pytest.mark.slow, pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

SAMPLES = 200
TYPED_AS_NAME = "Namn-Kanariefagel-4713"


@pytest.fixture(scope="module")
def values(
    tmp_path_factory: pytest.TempPathFactory,
    django_db_setup: None,
    slapd_server: TestSlapd,
    _redis_server: PrivateRedis,
) -> dict[str, str]:
    """The environment of a production installation, with the servers of the suite in it."""
    made = installation(tmp_path_factory.mktemp("worker"), slapd_server, _redis_server)
    ran = manage("collectstatic", "--noinput", "--verbosity=0", **made)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return made


@pytest.fixture(scope="module")
def portal(values: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with Portal(tmp_path_factory.mktemp("web"), values) as portal:
        yield portal


@pytest.fixture(scope="module")
def _worker(values: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    # As in deploy/systemd/idportal-worker.service.
    worker = Worker(tmp_path_factory.mktemp("worker-log"), environment(values), "--concurrency", "4")
    yield worker
    worker.stop()


@pytest.fixture
def worker(_worker: Worker, redis_server: PrivateRedis) -> Worker:
    """A worker that runs, and an empty queue. A test may stop it; the next one finds it running."""
    _worker.start()
    return _worker


@pytest.fixture
def phone(values: dict[str, str]) -> Inbox:
    """The telephone, empty."""
    inbox = Inbox(Path(values["SMS_GATEWAYS"].removeprefix("file://")))
    for file in inbox.folder.glob("*.txt"):
        file.unlink()
    return inbox


@pytest.fixture(autouse=True)
def server(openldap_settings: TestSlapd) -> TestSlapd:
    """The directory, with everybody of NAMES in their state."""
    openldap_settings.put(ANNA, disabled=True)
    has_number(STEFAN)
    has_number(ANNA)
    return openldap_settings


SECRET_OF_STEFAN = (
    *(STEFAN.username, STEFAN.mail, STEFAN.surname, STEFAN.password, STEFAN.phone),
    *(STEFAN.phone.removeprefix("+"), STEFAN.phone.removeprefix("+46"), "74-06", "74 06"),
)

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def found_in(text: str, *secrets: str) -> list[str]:
    """Those that stand in a text, but for the ids of tasks and queues: a part of a number turns up there by chance."""
    text = UUID.sub("", text)
    return [secret for secret in secrets if secret in text]


def test_a_worker_that_ends_in_order_gives_back_what_it_holds(portal: Portal, worker: Worker) -> None:
    """A restart costs nobody a code."""
    worker.stop()
    browsers = [visitor(portal) for _ in range(24)]
    for browser in browsers:
        ask(browser, NAMES["unknown"])
    for done in (1, 5):
        worker.start()
        wait_for_tasks(done)
        worker.stop()  # with tasks in its hands
    worker.start()
    wait_for_tasks(len(browsers))
    assert tasks_done() == len(browsers)


def test_the_queue_holds_an_id_and_the_worker_does_the_rest(
    portal: Portal, worker: Worker, redis_server: PrivateRedis, phone: Inbox, server: TestSlapd
) -> None:
    """K2: the message has neither code, name nor number; the code works; nothing of it stays in Redis."""
    worker.stop()
    browser = visitor(portal)
    ask(browser, STEFAN.username)
    queue = redis.Redis.from_url(redis_server.url)
    [raw] = queue.lrange("celery", 0, -1)
    message = json.loads(raw)
    body = b64decode(message["body"]).decode()
    args, kwargs, options = json.loads(body)
    assert (args, kwargs) == ([Challenge.objects.get().pk], {})
    assert not any(options.values())
    assert message["headers"]["task"] == "accounts.tasks.send_code"
    assert message["headers"]["expires"]
    waiting = f"{everything_in(redis_server)} {body}"
    assert found_in(waiting, *SECRET_OF_STEFAN, "lovst") == []
    assert len(phone) == 0

    worker.start()
    wait_for_tasks(1)
    assert last(Event.CODE_SENT).subject_name == STEFAN.username
    [(number, _text)] = phone.messages()
    assert number == STEFAN.phone
    # Besides, a worker that starts asks for what the outbox holds: nothing here.
    wait_until(lambda: (queue.llen("celery"), queue.hlen("unacked")) == (0, 0))
    left = everything_in(redis_server)
    assert not [key for key in left if "result" in key or "meta" in key or "unacked" in key]
    assert found_in(str(left), *SECRET_OF_STEFAN, phone.code()) == []

    assert browser.post("/aterstall/kod/", code=phone.code()).headers["location"] == "/aterstall/losenord/"
    assert STEFAN.username in browser.get("/aterstall/losenord/").text
    chosen = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    assert browser.post("/aterstall/losenord/", **chosen).headers["location"] == "/aterstall/klart/"
    assert binds(server, STEFAN.username, NEW_PASSWORD)


# --- Nobody learns who exists --------------------------------------------------------------------


def test_answers_are_the_same_byte_for_byte(portal: Portal, worker: Worker, phone: Inbox) -> None:
    """E1, must show 4."""
    ways = {kind: walk(portal, name) for kind, name in NAMES.items()}
    assert len(phone) == 2, "the known one was sent what they asked for"
    assert [answer[0] for answer in ways["known"]] == [302, 200, *[200] * 7, 302, 302, 200, 302]
    assert WRONG_CODE in str(ways["known"])
    for kind, way in ways.items():
        assert way == ways["known"], kind


@pytest.mark.timing
def test_time_tells_nobody_who_exists(portal: Portal, worker: Worker, phone: Inbox) -> None:
    """E2, must show 4: 200 of each kind, in random order. An innocent portal fails this once in 26,000 runs.

    What follows the first click is compared in test_enumeration.py, by what each request does.
    """
    rounds = 0

    def measure(seed: int) -> Samples:
        nonlocal rounds
        rounds += 1
        return sample(portal, NAMES, SAMPLES, seed)

    assert told_apart(measure, "known") == []
    assert len(phone) == SAMPLES * rounds
    withheld = AuditEvent.objects.filter(event=Event.CODE_WITHHELD).values_list("result", flat=True)
    assert Counter(withheld) == dict.fromkeys(("no such account", "no number", "disabled account"), SAMPLES * rounds)


@pytest.mark.timing
@pytest.mark.usefixtures("phone")
@pytest.mark.parametrize(
    ("flaw", "queue", "count"),
    [(THREE_MILLISECONDS, "2", SAMPLES), (LOOK_UP, "2", SAMPLES), ("", "", SAMPLES // 2)],
    ids=["3 ms more", "looked up in the request", "sent in the request"],
)
def test_time_would_tell(values: dict[str, str], tmp_path: Path, *, flaw: str, queue: str, count: int) -> None:
    """The check above sees what there is to see: the same portal with a flaw does not pass."""
    broker = f"{values['CELERY_BROKER_URL'].removesuffix('0')}{queue}" if queue else ""
    values = {**values, "CELERY_BROKER_URL": broker}  # a queue of its own, which nobody reads
    found: list[Comparison] = []
    with mock.patch.object(portals, "SERVE", flaw + portals.SERVE), Portal(tmp_path, values) as flawed:
        for samples in (count // 2, 2 * count):  # a machine that does much else needs more of them to see as much
            kinds = ("known", "unknown")
            found = told_apart(partial(sample, flawed, kinds, samples, wait=False), "known")
            if found:
                break
    assert [comparison.kind for comparison in found] == ["unknown"]
    assert found[0].auc < 0.5, "the known take longer"


def test_a_journey_opens_no_connection(portal: Portal, worker: Worker, phone: Inbox) -> None:
    """Once each process has one: web, and the worker between two tasks."""

    def connections() -> int:
        """How many were opened since the database was made, as far as those that opened them have told: at the end."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT sessions FROM pg_stat_database WHERE datname = current_database()")
            return int(cursor.fetchone()[0])

    def whole_journey() -> None:
        browser, done = visitor(portal), tasks_done()
        ask(browser, STEFAN.username)
        wait_for_tasks(done + 1)
        assert browser.post("/aterstall/kod/", code=phone.code()).status == 302
        SendQuota.objects.all().delete()

    for _until_each_process_has_one in range(4):
        whole_journey()
    time.sleep(1.5)  # an open one is told of after a second
    before = connections()
    for _more in range(4):
        whole_journey()
    assert connections() == before


# --- Failures ------------------------------------------------------------------------------------


def test_a_directory_that_is_down_stops_no_worker(
    portal: Portal, worker: Worker, redis_server: PrivateRedis, phone: Inbox, server: TestSlapd
) -> None:
    """U1: the code page all the same; the task is not tried again by itself, the person asks again."""
    logged = len(worker.log())
    server.slapd.stop()
    browser = visitor(portal)
    ask(browser, STEFAN.username)
    wait_for_tasks(1)
    assert last(Event.CODE_WITHHELD).result == "directory unavailable"
    wait_until(lambda: "succeeded in" in worker.log()[logged:])
    log = worker.log()[logged:]
    assert "a code for reset was not sent: DirectoryUnavailable" in log
    assert found_in(log, *SECRET_OF_STEFAN) == []
    assert browser.get("/aterstall/kod/").status == 200
    queue = redis.Redis.from_url(redis_server.url)
    wait_until(lambda: (queue.llen("celery"), queue.hlen("unacked")) == (0, 0))  # nothing waits for another try

    server.start()
    time_passes(seconds=61)
    assert browser.post("/aterstall/kod/igen/").status == 302
    wait_for_tasks(2)
    assert len(phone) == 1
    assert browser.post("/aterstall/kod/", code=phone.code()).headers["location"] == "/aterstall/losenord/"
    assert worker.log()[logged:].count("accounts.tasks.send_code") >= 2
    assert worker.runs()


def test_x2_a_pickle_in_the_queue_is_refused(
    portal: Portal, worker: Worker, redis_server: PrivateRedis, phone: Inbox, tmp_path: Path
) -> None:
    """As a task of either queue, as what controls a worker, as another worker's event: none of it is unpickled."""
    trap, logged = Trap(tmp_path / "it ran"), len(worker.log())
    task = {"task": "accounts.tasks.send_code", "id": "canary"}
    with Connection(redis_server.url) as queue:
        producer = queue.Producer(serializer="pickle")
        for name in ("celery", "outbox"):
            producer.publish(([trap], {}, {}), routing_key=name, headers=task)
        for name, kind in (("celery.pidbox", "fanout"), ("celeryev", "topic")):
            exchange = Exchange(name, kind)
            producer.publish({"method": trap}, exchange=exchange, declare=[exchange], routing_key="worker.online")
    wait_until(lambda: worker.log()[logged:].count("Refusing to deserialize untrusted content") >= 2)
    web = Celery(set_as_current=False, broker=redis_server.url)
    assert web.control.ping(timeout=5, limit=1), "it still takes what controls it"
    assert worker.runs()
    ask(visitor(portal), STEFAN.username)
    wait_for_tasks(1)
    assert len(phone) == 1, "it works on"
    assert not trap.file.exists()


def test_the_logs_tell_nothing(
    portal: Portal, worker: Worker, redis_server: PrivateRedis, phone: Inbox, values: dict[str, str]
) -> None:
    """K2, L2: at LOG_LEVEL=DEBUG, also of a task that fails in a way that nobody foresaw, which ends no worker."""
    browser = visitor(portal)
    ask(browser, STEFAN.username)
    wait_for_tasks(1)
    for name in (STEFAN.mail, KARL.username, ANNA.username, TYPED_AS_NAME):
        done = tasks_done()
        ask(visitor(portal), name)
        wait_for_tasks(done + 1)
    code = phone.code()
    browser.post("/aterstall/kod/", code=wrong_for(code))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_phone SET number = 'Chiffer-Kanariefagel'")
    time_passes(seconds=61)
    logged = len(worker.log())
    browser.post("/aterstall/kod/igen/")
    wait_until(lambda: "InvalidToken" in worker.log()[logged:])
    has_number(STEFAN)
    done = tasks_done()
    ask(browser := visitor(portal), STEFAN.mail)
    wait_for_tasks(done + 1)
    codes = (code, phone.code())
    assert browser.post("/aterstall/kod/", code=codes[1]).headers["location"] == "/aterstall/losenord/"

    log = worker.log() + portal.log()
    assert '"level": "DEBUG"' in log
    assert "SMS taken by gateway 1 (file)" in log
    assert found_in(log, *SECRET_OF_STEFAN, *NAMES.values(), TYPED_AS_NAME, "Chiffer-Kanariefagel") == []
    for name in ("SECRET_KEY", "DIRECTORY_BIND_PASSWORD"):
        assert values[name] not in log
    assert redis_server.password not in log
    assert str(connection.settings_dict["PASSWORD"]) not in log
    without_fractions = re.sub(r"\.\d{3,}", "", log)
    for each in codes:
        assert not re.search(rf"(?<![0-9a-f]){each}(?![0-9a-f])", without_fractions)
