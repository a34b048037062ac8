"""Crash test of the outbox: kills what it stands on amid many messages (issue 3, must show 2).

``python -m tests.notifications.crash [COUNT]`` sends COUNT mails (1,000) through a whole installation, once for each
disaster, and prints what arrived. The suite does the same with fewer, in test_crash.py.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psycopg

from tests.idportal.conftest import PRODUCTION, ROOT, environment, manage
from tests.servers.postgres import PrivatePostgres
from tests.servers.redis import PrivateRedis
from tests.servers.smtp import PrivateSmtp, wait_for
from tests.servers.worker import Worker

COUNT = 1000
WAIT = 120.0  # seconds in which everything must have arrived
# Bad weather, the same each time: 5 % get a 4xx, 2 % of the connections break.
REFUSE, DROP = 5.0, 2.0

CANARY = "Kanariefagel-4713"
_PUT = f"""
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "idportal.settings"
import django
django.setup()
from datetime import timedelta
from django.db import transaction
from notifications import outbox

with transaction.atomic():
    outbox.enqueue(
        outbox.mail(
            purpose="digest", to=f"nr{{number}}@hemtjanst-ett.example", subject="Utgående lösenord",
            text="{CANARY} " * 50, html="<p>{CANARY}</p>" * 50, useful=timedelta(hours=1), key=f"mail {{number}}",
        )
        for number in range(int(sys.argv[1]))
    )
"""


class MortalWorker(Worker):
    """A worker that can be killed with its pool, as by a power cut."""

    def kill(self) -> None:
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What arrived, each number by Message-ID. ``in_flight``: claimed and not settled when the disaster fell."""

    count: int
    arrived: int
    doubles: dict[str, int]  # how many more than one
    refused: int
    dropped_before: int
    dropped_after: dict[str, int]
    in_flight: set[str]
    kept_in_flight: int  # of those, that the server had by then: the crash fell between its 250 and the commit
    seconds: float

    @property
    def unexplained(self) -> dict[str, int]:
        """Doubles that neither a connection dropped after the 250 nor the disaster accounts for."""
        allowed = Counter(self.dropped_after) + Counter(self.in_flight)
        return dict(Counter(self.doubles) - allowed)

    def __str__(self) -> str:
        return (
            f"{self.arrived} of {self.count} arrived in {self.seconds:.0f} s; {self.refused} times 4xx, "
            f"{self.dropped_before} connections dropped before and {sum(self.dropped_after.values())} after the mail "
            f"was taken; {len(self.in_flight)} in flight at the disaster, of which the server had "
            f"{self.kept_in_flight}; {sum(self.doubles.values())} doubles, {sum(self.unexplained.values())} of them "
            "for no such reason"
        )


class Installation:
    """PostgreSQL, Redis, an SMTP server in bad weather, and a worker. No beat. A context manager."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o755)  # PostgreSQL runs as another user
        for name in ("postgres", "redis", "smtp", "worker", "sms"):
            (folder / name).mkdir()
        self.postgres = PrivatePostgres(folder / "postgres")
        self.redis = PrivateRedis(folder / "redis")
        self.smtp = PrivateSmtp(folder / "smtp")
        # A mail takes a moment, or all would be out before anything breaks.
        self.weather: dict[str, Any] = {"refuse": REFUSE, "drop": DROP, "seed": 4713, "pause": 0.03}
        self._folder = folder
        self._servers = ExitStack()

    def __enter__(self) -> Self:
        for server in (self.postgres, self.redis, self.smtp):
            self._servers.enter_context(server)
        self.values = {
            **PRODUCTION,
            "DATABASE_URL": self.postgres.url,
            "CELERY_BROKER_URL": self.redis.url,
            "REDIS_URL": f"{self.redis.url.removesuffix('0')}1",
            "EMAIL_URL": self.smtp.url,
            "DEFAULT_FROM_EMAIL": "losenord@kommunen.example",
            "SMS_GATEWAYS": (self._folder / "sms").as_uri(),
            "DJANGO_SETTINGS_MODULE": "tests.notifications.crash_settings",
            "LOG_LEVEL": "DEBUG",
        }
        ran = manage("migrate", "--verbosity=0", **self.values)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        self.worker = MortalWorker(self._folder / "worker", environment(self.values))
        self._servers.callback(self.worker.stop)
        self.worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._servers.close()

    def put(self, count: int) -> None:
        """Queues so many mails in one transaction, as a web process would; nothing has happened before them."""
        self.ask("DELETE FROM notifications_message RETURNING id")
        self.smtp.clear()
        self.smtp.behave(**self.weather)
        command = [sys.executable, "-c", _PUT, str(count)]
        with (self._folder / "web.log").open("ab") as log:
            subprocess.run(command, cwd=ROOT, check=True, env=environment(self.values), stderr=log, timeout=WAIT)

    def logs(self) -> str:
        """All that web and worker wrote."""
        return self.worker.log() + (self._folder / "web.log").read_text(encoding="utf-8")

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Of the database, past the portal."""
        with psycopg.connect(self.postgres.url) as connection:
            return connection.execute(query).fetchall()

    def in_flight(self) -> set[str]:
        """Message-IDs of what is claimed and not settled."""
        rows = self.ask("SELECT uid FROM notifications_message WHERE state = 'sending'")
        return {f"<{uid}@kommunen.example>" for (uid,) in rows}

    def restart_postgres(self) -> None:
        """At the same address, with what was committed."""
        self.postgres.stop()
        self.postgres.start()

    def wait_until_settled(self, count: int) -> None:
        deadline = time.monotonic() + WAIT
        while (states := dict(self.ask("SELECT state, count(*) FROM notifications_message GROUP BY 1"))) != {
            "sent": count
        }:
            assert time.monotonic() < deadline, f"{states}: {self.worker.log()[-3000:]}"
            time.sleep(0.1)


def power_cut(at: Installation) -> set[str]:
    """kill -9 of the worker with its pool, then another worker."""
    deadline = time.monotonic() + WAIT
    while not at.in_flight():
        assert time.monotonic() < deadline, "all were out before the worker was killed"
        time.sleep(0.001)
    at.worker.kill()
    time.sleep(0.3)  # what the dead had sent to the database is done by then, or never
    in_flight = at.in_flight()
    at.worker.start()
    return in_flight


def redis_restart(at: Installation) -> set[str]:
    """Redis comes back empty. Nobody who sends is disturbed."""
    at.redis.restart()
    return set()


def postgres_restart(at: Installation) -> set[str]:
    """Connections break in the middle of whatever they are at."""
    in_flight = at.in_flight()
    at.restart_postgres()
    return in_flight


def survive(at: Installation, disaster: Callable[[Installation], set[str]], count: int) -> Outcome:
    """Puts so many mails, lets a disaster fall when a third has arrived, and waits until everything is settled."""
    began = time.monotonic()
    at.put(count)
    wait_for(at.smtp, count // 3, WAIT)
    in_flight = disaster(at)
    had = {event["id"] for event in at.smtp.events("kept")}
    at.wait_until_settled(count)
    arrived = Counter(str(mail["Message-ID"]) for mail in at.smtp.mails())
    return Outcome(
        count=count,
        arrived=len(arrived),
        doubles={message_id: times - 1 for message_id, times in arrived.items() if times > 1},
        refused=len(at.smtp.events("refused")),
        dropped_before=len(at.smtp.events("dropped before")),
        dropped_after=Counter(event["id"] for event in at.smtp.events("dropped after")),
        in_flight=in_flight,
        kept_in_flight=len(in_flight & had),
        seconds=time.monotonic() - began,
    )


# Each with how many mails it may have caught in flight that are not counted. A worker sends one at a time in each of
# its threads; what those are at when PostgreSQL goes away, PostgreSQL can't be asked any more.
POOL = os.cpu_count() or 1
DISASTERS = {power_cut: 0, redis_restart: 0, postgres_restart: POOL}


def main(count: int) -> int:
    """Prints a line for each disaster; the exit code says whether all went as promised."""
    good = True
    with tempfile.TemporaryDirectory(prefix="idportal-crash-") as folder, Installation(Path(folder)) as at:
        for disaster, uncounted in DISASTERS.items():
            outcome = survive(at, disaster, count)
            print(f"{disaster.__name__.replace('_', ' ')}: {outcome}", flush=True)  # noqa: T201
            good = good and outcome.arrived == count and sum(outcome.unexplained.values()) <= uncounted
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT))
