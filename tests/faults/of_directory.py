"""Faults of the directory's servers, of their certificate, and of the portal's account there."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.directories import Swallower
from tests.faults.fault import Fault
from tests.faults.stack import FaultyStack
from tests.servers.processes import suspended

DEAD_FOR = 5.0  # seconds: DIRECTORY_RETRY_DEAD_AFTER of tests/faults/settings.py
SLOW = 2.0  # seconds that an answer takes; the portal waits for 3 to connect and for 5 in all


def _use_first(stack: FaultyStack) -> None:
    """The connections that an earlier fault has brought to the second server would be kept for minutes."""
    time.sleep(DEAD_FOR)
    stack.directories.second.stop()
    stack.directories.second.start()


@contextmanager
def _killed(stack: FaultyStack) -> Iterator[None]:
    stack.directories.first.kill()
    yield
    stack.directories.first.start()


@contextmanager
def _hung(stack: FaultyStack) -> Iterator[None]:
    _use_first(stack)
    with suspended(stack.directories.first.pid):
        yield


@contextmanager
def _slow(stack: FaultyStack) -> Iterator[None]:
    """It stands still, answers for a moment what has come, and stands still again."""
    _use_first(stack)
    over = threading.Event()

    def stand_still() -> None:
        while not over.is_set():
            with suspended(stack.directories.first.pid):
                over.wait(SLOW)
            over.wait(0.1)

    thread = threading.Thread(target=stand_still)
    thread.start()
    yield
    over.set()
    thread.join()


@contextmanager
def _both_gone(stack: FaultyStack) -> Iterator[None]:
    servers = (stack.directories.first, stack.directories.second)
    for server in servers:
        server.kill()
    yield
    for server in servers:
        server.start()


@contextmanager
def _expired(stack: FaultyStack) -> Iterator[None]:
    _use_first(stack)
    directories = stack.directories
    directories.certify(directories.first, days=-1)
    directories.first.stop()
    directories.first.start()
    yield
    directories.certify(directories.first)
    directories.first.stop()
    directories.first.start()


@contextmanager
def _another_password(stack: FaultyStack) -> Iterator[None]:
    """A connection that is open already stays open: so the servers are started anew."""
    directories = stack.directories
    directories.set_service_password("another one, and nobody told the portal")
    for server in (directories.first, directories.second):
        server.stop()
        server.start()
    yield
    directories.set_service_password(directories.first.secret("service-password"))


@contextmanager
def _yes_lost(stack: FaultyStack) -> Iterator[None]:
    first, second = stack.directories.first, stack.directories.second
    first.stop()
    with Swallower(first, second) as wire:
        stack.swallower = wire
        yield
    first.start()


def _was_swallowed(stack: FaultyStack) -> str:
    return "" if stack.swallower and stack.swallower.swallowed else "no answer was lost"


FAULTS = (
    Fault("first directory server killed", _killed, "is passed over", short=True),
    Fault("first directory server hung", _hung, "is passed over", lasts=20),
    Fault("first directory server slow", _slow, lasts=25),
    Fault("both directory servers gone", _both_gone, "the directory is not available"),
    Fault("first directory server's certificate expired", _expired, "certificate not trusted.*expired"),
    Fault("service account's password changed", _another_password, "refuses DIRECTORY_BIND_DN"),
    Fault("directory's yes lost on its way", _yes_lost, "OutcomeUnknown", holds=_was_swallowed),
)
