"""Faults of PostgreSQL and of Redis."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.faults.fault import Fault
from tests.faults.stack import FaultyStack

DATABASE, QUEUE_OR_LIMITS = "database is not available", "(redis|queue) is not available"
LOCKED = 5.0  # seconds for which a migration keeps a table


@contextmanager
def _postgres_killed(stack: FaultyStack) -> Iterator[None]:
    stack.postgres.kill()
    yield
    stack.postgres.start()


@contextmanager
def _disk_full(stack: FaultyStack) -> Iterator[None]:
    """Somebody who looks after it makes room, and starts the server if it has given up."""
    stack.postgres.fill()
    yield
    stack.postgres.free()
    if not stack.postgres.answers():
        stack.postgres.stop()
        stack.postgres.start()


def _no_disk(stack: FaultyStack) -> str:
    return "" if stack.postgres.has_disk else "this process may not mount a small disk"


@contextmanager
def _postgres_failed_over(stack: FaultyStack) -> Iterator[None]:
    stack.postgres.commit_on_standby_too()
    stack.postgres.kill()
    yield
    stack.standby.promote()


@contextmanager
def _migrated(stack: FaultyStack) -> Iterator[None]:
    """What Django does for an additive one, on the table that each journey writes to; and ``migrate`` itself."""
    change = "ALTER TABLE accounts_auditevent {} COLUMN of_the_next_release {}"

    def alter() -> None:
        with psycopg.connect(stack.database_url) as connection:
            connection.execute(change.format("ADD", "varchar(40) DEFAULT '' NOT NULL"))
            time.sleep(LOCKED)

    thread = threading.Thread(target=alter)
    thread.start()
    yield
    thread.join()
    ran = stack.manage("migrate", "--verbosity=0")
    stack.ask(change.format("DROP", ""))
    if ran.returncode:
        raise RuntimeError(f"migrate: {ran.stderr.decode()[-300:]}")


@contextmanager
def _redis_restarted(stack: FaultyStack) -> Iterator[None]:
    master = stack.redis.master
    master.stop()
    yield
    master.start()


@contextmanager
def _redis_emptied(stack: FaultyStack) -> Iterator[None]:
    stack.redis.master.flush()
    yield


@contextmanager
def _redis_failed_over(stack: FaultyStack) -> Iterator[None]:
    first = stack.redis.master
    first.kill()
    yield
    stack.redis.wait_for_other(first)
    first.start()  # Sentinel makes it the other one's replica


FAULTS = (
    Fault("PostgreSQL killed and started again", _postgres_killed, DATABASE, lasts=4),
    Fault("PostgreSQL's disk full", _disk_full, DATABASE, possible=_no_disk),
    Fault("a migration while serving", _migrated, lasts=8),
    Fault("Redis restarted, empty", _redis_restarted, QUEUE_OR_LIMITS, lasts=2),
    Fault("Redis emptied", _redis_emptied),
    Fault("Redis failed over by Sentinel", _redis_failed_over, QUEUE_OR_LIMITS, lasts=4, short=True),
    Fault("PostgreSQL failed over to its standby", _postgres_failed_over, DATABASE, lasts=4, short=True),
)
