"""A real worker of the queue, started by the command of docs/operations.md."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tests.servers.processes import end

ROOT = Path(__file__).resolve().parent.parent.parent
START_TIMEOUT = 30.0  # seconds
STOP_TIMEOUT = 20.0


class Worker:
    """``celery -A idportal worker …`` with this environment and no other, whose LOG_LEVEL lets INFO through.

    ``start`` returns when it takes tasks, and raises :class:`RuntimeError` with its words if it does not come
    to that. It ends with the thread that started it, at the latest.
    """

    def __init__(self, folder: Path, environment: dict[str, str], *arguments: str) -> None:
        self.arguments = arguments
        self.log_file = folder / "worker.log"
        self.environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if self.runs():
            return
        begins = len(self.log())
        command = [str(Path(sys.executable).with_name("celery")), "-A", "idportal", "worker", *self.arguments]
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                # Without the signal a test run that is killed would leave the worker behind.
                ["setpriv", "--pdeathsig", "TERM", *command],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env=self.environment,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_TIMEOUT
        while " ready." not in self.log()[begins:]:
            if not self.runs() or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the worker did not start: {self.log()[begins:]}")
            time.sleep(0.05)

    def runs(self) -> bool:
        """Whether the process that was started is still there."""
        return self._process is not None and self._process.poll() is None

    def log(self) -> str:
        """All that it wrote to stdout and stderr, over all its starts."""
        return self.log_file.read_text(encoding="utf-8") if self.log_file.exists() else ""

    def tell_to_end(self) -> None:
        """As an operator would: it ends after the task at hand."""
        assert self._process is not None
        self._process.terminate()

    def stop(self) -> None:
        """End it as an operator would, after the task at hand; with its pool."""
        if self._process is not None:
            end(self._process, STOP_TIMEOUT)
            self._process = None
