"""CAL, a unit of CPU time: one pass through a fixed loop, timed on this machine while the load runs.

CPU time divided by the median pass holds across machines, and on one that slows down, better than milliseconds do. It
is as fast as the Python that runs it: only figures of the same Python compare. ``python -m tests.bench.cal`` prints a
pass every EVERY seconds, as two numbers: when it began (CLOCK_MONOTONIC) and the CPU seconds that it took.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import Self

from deploy.local.server import bound

EVERY = 0.25  # seconds
_WORDS = {"a": list(range(50)), "b": {str(i): i for i in range(50)}}


def seconds() -> float:
    """CPU seconds that one pass takes: of this thread alone, whatever others do."""
    began = time.thread_time()
    for _ in range(40):
        read = json.loads(json.dumps(_WORDS))
        "".join(f"{key}={value};" for key, value in sorted(read["b"].items(), key=lambda item: -item[1]))
    return time.thread_time() - began


class Clock:
    """Times passes in a process of its own, as long as the context lasts."""

    def __init__(self) -> None:
        self._passes: list[tuple[float, float]] = []

    def median(self, begin: float, end: float) -> float:
        """CPU seconds of one pass between two moments of ``time.monotonic``; of all if none began between them."""
        between = [took for at, took in list(self._passes) if begin <= at <= end]
        return statistics.median(between or [took for _, took in self._passes])

    def __enter__(self) -> Self:
        command = bound([sys.executable, "-m", __name__])
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._read, daemon=True).start()
        while not self._passes:
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            at, took = line.split()
            self._passes.append((float(at), float(took)))


if __name__ == "__main__":
    while True:
        sys.stdout.write(f"{time.monotonic()} {seconds()}\n")
        sys.stdout.flush()
        time.sleep(EVERY)
