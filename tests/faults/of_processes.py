"""Faults of the portal's own processes, and of their clock."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import cycle
from pathlib import Path

from tests.faults.fault import Fault
from tests.faults.stack import FaultyStack

EVERY = 10.0  # seconds
FOREVER = 1_000_000
HOUR = "+1h"
AN_HOUR_LATE = "next_try_at BETWEEN now() + interval '30 minutes' AND now() + interval '1 hour'"


def _killed(every: float) -> Callable[[FaultyStack], AbstractContextManager[None]]:
    @contextmanager
    def killed(stack: FaultyStack) -> Iterator[None]:
        """One of the workers, and one of the two web processes; the third time web as a whole."""
        over, workers, whole = threading.Event(), cycle(("worker", "outbox")), cycle((False, False, True))

        def kill() -> None:
            while True:
                stack.units.all[next(workers)].kill()
                web = stack.units.all["web"]
                if next(whole):
                    web.kill()
                else:
                    with suppress(OSError, IndexError):
                        os.kill(web.children()[0], signal.SIGKILL)
                if over.wait(every):
                    return

        thread = threading.Thread(target=kill)
        thread.start()
        yield
        over.set()
        thread.join()

    return killed


@contextmanager
def _ahead(stack: FaultyStack) -> Iterator[None]:
    """Of the portal alone: of the machine on which its processes run. It jumps while they serve, and back again."""
    clock = stack.folder / "clock"
    clock.write_text("+0", encoding="ascii")
    stack.units.restart(
        LD_PRELOAD=_faketime(),
        FAKETIME_TIMESTAMP_FILE=str(clock),
        FAKETIME_DONT_FAKE_MONOTONIC="1",
        FAKETIME_CACHE_DURATION="1",
    )
    stack.wait_until_ready()
    clock.write_text(HOUR, encoding="ascii")
    yield
    clock.write_text("+0", encoding="ascii")
    stack.units.restart(LD_PRELOAD="")


def _has_jumped(stack: FaultyStack) -> str:
    ((ahead,),) = stack.ask("SELECT count(*) FROM accounts_auditevent WHERE at > now() + interval '30 minutes'")
    return "" if ahead else "nothing happened in the hour ahead"


def _faketime() -> str:
    return next((str(path) for path in Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), "")


def _no_faketime(_: FaultyStack) -> str:
    return "" if _faketime() else "the package libfaketime is not installed"


def faults(*, short: bool) -> tuple[Fault, ...]:
    return (
        Fault(
            "a worker and a web process killed every 10 s",
            _killed(EVERY),
            lasts=2 * EVERY if short else 30 * EVERY,
            tried=FOREVER,
            short=True,
        ),
        Fault("clock an hour ahead", _ahead, possible=_no_faketime, holds=_has_jumped, late=AN_HOUR_LATE),
    )
