"""CAL, a unit of CPU time: one pass through a fixed loop, timed in the process that makes the load, while it does.

CPU time divided by the median pass holds across machines, and on one that slows down, better than milliseconds do. It
is as fast as the Python that runs it: only figures of the same Python compare.
"""

from __future__ import annotations

import json
import statistics
import threading
import time
from typing import Self

EVERY = 0.25  # seconds
_WORDS = {"a": list(range(50)), "b": {str(i): i for i in range(50)}}


def seconds() -> float:
    """CPU seconds that one pass takes: of this thread alone, whatever others do."""
    began = time.thread_time()
    for _ in range(40):
        read = json.loads(json.dumps(_WORDS))
        "".join(f"{key}={value};" for key, value in sorted(read["b"].items(), key=lambda item: -item[1]))
    return time.thread_time() - began


class Passes:
    """Times one pass every EVERY seconds, in a thread of this process, as long as the context lasts."""

    def __enter__(self) -> Self:
        self._took: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._time)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def median(self) -> float:
        """CPU seconds of one pass. There is one at least when the context is over."""
        return statistics.median(self._took)

    def _time(self) -> None:
        while not (self._over.wait(EVERY) and self._took):
            self._took.append(seconds())
