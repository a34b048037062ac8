"""What each step of a reset may ask of PostgreSQL, the directory and the queue: counts, which no load changes.

A statement more fails here. BEGIN and its like are statements too: the server answers each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts import codes, tasks
from accounts.directory.ldap_client.connection import Connection
from deploy.local.cast import STEFAN
from notifications.models import Message
from notifications.outbox import queueing
from tests.accounts.helpers import NEW_PASSWORD, OTHER_PASSWORD, time_passes
from tests.conftest import Walker, has_number

T = TypeVar("T")

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server"), pytest.mark.postgresql]


class Cost(NamedTuple):
    statements: int
    commits: int
    directory: int  # requests to it: a look-up is one, and one more for the staff groups
    tasks: int = 0


# Of a person who has had a code before. The first code of a day makes a row more.
BUDGET = {
    "GET /": Cost(0, 0, 0),
    "GET /aterstall/": Cost(0, 0, 0),
    "POST /aterstall/": Cost(4, 1, 0, tasks=1),
    "task: the code": Cost(10, 1, 2),
    "GET /aterstall/kod/": Cost(1, 0, 0),
    "POST /aterstall/kod/": Cost(5, 1, 0),
    "GET /aterstall/losenord/": Cost(1, 0, 0),
    "POST /aterstall/losenord/": Cost(12, 2, 4, tasks=1),
    "task: both notices": Cost(3, 0, 0),
    "GET /aterstall/klart/": Cost(0, 0, 0),
}


class Meter:
    """Notes what a step takes. A task is put aside, as by a broker, and is a step of its own."""

    def __init__(self, patch: pytest.MonkeyPatch, settings: Settings) -> None:
        self.costs: dict[str, Cost] = {}
        self.waiting: list[tuple[int, ...]] = []
        self._asked = 0
        settings.CELERY_TASK_ALWAYS_EAGER = False
        for task in (tasks.send_code, queueing.deliver):
            patch.setattr(task, "apply_async", lambda ids, **_: self.waiting.append(tuple(ids)))
        send = Connection._send

        def counted(*arguments: Any, **options: Any) -> int:
            self._asked += 1
            return send(*arguments, **options)

        patch.setattr(Connection, "_send", counted)

    def __call__(self, name: str, step: Callable[[], T]) -> T:
        self._asked, waiting = 0, len(self.waiting)
        with CaptureQueriesContext(connection) as statements:
            answer = step()
        commits = sum(statement["sql"] == "COMMIT" for statement in statements)
        self.costs[name] = Cost(len(statements), commits, self._asked, max(0, len(self.waiting) - waiting))
        return answer

    def task(self, name: str, work: Callable[..., object]) -> None:
        ids = self.waiting.pop()
        self(name, lambda: work(*ids))


def reset(meter: Meter, walker: Walker, password: str) -> None:
    meter("GET /", lambda: walker.get("/"))
    meter("GET /aterstall/", lambda: walker.get("/aterstall/"))
    meter("POST /aterstall/", lambda: walker.ask(STEFAN.username))
    meter.task("task: the code", codes.send_code)
    meter("GET /aterstall/kod/", lambda: walker.get("/aterstall/kod/"))
    assert meter("POST /aterstall/kod/", walker.enter_code)["Location"] == "/aterstall/losenord/"
    meter("GET /aterstall/losenord/", lambda: walker.get("/aterstall/losenord/"))
    answer = meter("POST /aterstall/losenord/", lambda: walker.choose(password))
    assert answer["Location"] == "/aterstall/klart/"
    meter.task("task: both notices", queueing.deliver)
    meter("GET /aterstall/klart/", lambda: walker.get("/aterstall/klart/"))


def test_a_reset(walker: Walker, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    has_number(STEFAN)
    meter = Meter(monkeypatch, settings)
    reset(meter, walker, OTHER_PASSWORD)
    walker.client.cookies.clear()
    time_passes(seconds=61)
    reset(meter, walker, NEW_PASSWORD)
    assert meter.costs == BUDGET
    assert set(Message.objects.values_list("kind", "state")) == {("sms", "sent"), ("mail", "sent")}
