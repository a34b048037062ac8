"""What one reset journey costs: CPU in web and worker, queries and bytes of each page.

`make bench` runs it on PostgreSQL, with a real slapd, and prints each cost also as a ratio to the start page's,
which hardly does anything: ratios hold on any machine, milliseconds on this one only.
"""

from __future__ import annotations

import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from unittest import mock

import django

django.setup()

from django.db import connection  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from django.test.utils import CaptureQueriesContext, setup_databases, setup_test_environment, teardown_databases  # noqa: E402

from accounts import codes, tasks  # noqa: E402
from accounts.models import SendQuota  # noqa: E402
from deploy.local.cast import STEFAN  # noqa: E402
from notifications.outbox import delivery  # noqa: E402
from notifications.outbox import queueing as outbox_tasks  # noqa: E402
from tests.conftest import has_number  # noqa: E402
from tests.servers.slapd import TestSlapd  # noqa: E402

T = TypeVar("T")
JOURNEYS = 30
WARM_UP = 3  # journeys that fill caches, templates and connections, and are not counted


@dataclass
class Cost:
    """Of one step, over all journeys."""

    milliseconds: list[float] = field(default_factory=list)
    queries: int = 0
    size: int = 0

    @property
    def median(self) -> float:
        return statistics.median(self.milliseconds)


class Meter:
    """Measures this process's CPU, the C of libldap and libpq included, around each step."""

    def __init__(self) -> None:
        self.costs: dict[str, Cost] = {}

    def measure(self, name: str, step: Callable[[], T]) -> T:
        cost = self.costs.setdefault(name, Cost())
        with CaptureQueriesContext(connection) as queries:
            before = time.process_time()
            answer = step()
            cost.milliseconds.append((time.process_time() - before) * 1000)
        cost.queries = max(cost.queries, sum(not _frame(query["sql"]) for query in queries))
        if isinstance(answer, HttpResponse):
            cost.size = len(answer.content)
        return answer


def _frame(sql: str) -> bool:
    """BEGIN and its like frame queries; they are none."""
    return re.match(r"BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE", sql) is not None


def journey(meter: Meter, folder: Path, round_: int) -> None:
    """One reset, each page opened and posted as a browser would."""
    SendQuota.objects.all().delete()  # the limits would end the bench after five
    client = Client()
    asked: list[int] = []
    queued = mock.patch.object(tasks.send_code, "apply_async", lambda args, **_: asked.extend(args))
    password = f"Bergtopp-{round_:03d}-Gran"
    with queued:
        meter.measure("GET / (the start page)", lambda: client.get("/"))
        meter.measure("GET /aterstall/", lambda: client.get("/aterstall/"))
        meter.measure("POST /aterstall/", lambda: client.post("/aterstall/", {"username": STEFAN.username}))
    meter.measure("worker: find, make, send the code", lambda: codes.send_code(asked[0]))
    code = sorted(folder.glob("*.txt"))[-1].read_text(encoding="utf-8")[-6:]
    meter.measure("GET /aterstall/kod/", lambda: client.get("/aterstall/kod/"))
    meter.measure("POST /aterstall/kod/", lambda: client.post("/aterstall/kod/", {"code": code}))
    meter.measure("GET /aterstall/losenord/", lambda: client.get("/aterstall/losenord/"))
    fields = {"new_password1": password, "new_password2": password}
    told: list[int] = []
    with mock.patch.object(outbox_tasks.deliver, "apply_async", lambda args, **_: told.extend(args)):
        answer = meter.measure("POST /aterstall/losenord/", lambda: client.post("/aterstall/losenord/", fields))
    assert answer.status_code == 302, "the directory refused the new password"
    meter.measure("worker: send both notices", lambda: send(told))
    meter.measure("GET /aterstall/klart/", lambda: client.get("/aterstall/klart/"))


def send(messages: list[int]) -> None:
    for message in messages:
        delivery.deliver(message)


def table(meter: Meter) -> str:
    """Markdown, as docs/performance.md holds it."""
    unit = meter.costs["GET / (the start page)"].median
    lines = ["| step | CPU, median ms | × start page | queries | bytes |", "| --- | ---: | ---: | ---: | ---: |"]
    for name, cost in meter.costs.items():
        size = str(cost.size) if cost.size else ""
        lines.append(f"| {name} | {cost.median:.1f} | {cost.median / unit:.1f} | {cost.queries} | {size} |")
    web = sum(
        cost.median for name, cost in meter.costs.items() if not name.startswith("worker") and "start page" not in name
    )
    worker = sum(cost.median for name, cost in meter.costs.items() if name.startswith("worker"))
    lines.append(f"| **whole journey, web** | **{web:.1f}** | **{web / unit:.1f}** | | |")
    lines.append(f"| **whole journey, worker** | **{worker:.1f}** | **{worker / unit:.1f}** | | |")
    return "\n".join(lines)


def main() -> int:
    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            sms = folder / "sms"
            sms.mkdir()
            server = TestSlapd(folder / "slapd")
            server.start()
            try:
                with override_settings(**server.settings(), SMS_GATEWAYS=[sms.as_uri()], LIMIT_ADDRESS_POSTS=10**6):
                    server.reset()
                    has_number(STEFAN)
                    for round_ in range(WARM_UP):
                        journey(Meter(), sms, round_)
                    meter = Meter()
                    for round_ in range(WARM_UP, WARM_UP + JOURNEYS):
                        journey(meter, sms, round_)
            finally:
                server.stop()
        sys.stdout.write(f"{JOURNEYS} reset journeys, {connection.vendor}, OpenLDAP\n\n{table(meter)}\n")
    finally:
        teardown_databases(databases, verbosity=0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
