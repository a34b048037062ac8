"""A server of ``deploy.local`` as a child of the suite: started, waited for, ended."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from deploy.local.dovecot import Dovecot
from deploy.local.server import LocalServer
from deploy.local.slapd import Slapd

START_TIMEOUT = 10.0  # seconds
STOP_TIMEOUT = 10.0


class Private(LocalServer):
    """Is mixed into a server. A context manager.

    ``start`` returns when the server answers, and raises :class:`RuntimeError` with its words if it does not.
    """

    _process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the running server. Raises :class:`RuntimeError` if it does not run."""
        if self._process is None:
            raise RuntimeError(f"{self.name} does not run")
        return self._process.pid

    def start(self) -> Self:
        self.prepare()
        log_file = self.folder / f"{self.name.lower()}.log"
        with log_file.open("wb") as log:
            self._process = subprocess.Popen(self.command(), stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + START_TIMEOUT
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                words = log_file.read_text(encoding="utf-8", errors="replace").strip()
                raise RuntimeError(f"{self.name} did not start on port {self.port}: {words or 'no message'}")
            time.sleep(0.02)
        return self

    def stop(self) -> None:
        """End the server that this object started, and its children, if it still runs."""
        if self._process is not None:
            self._signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_TIMEOUT)
        self.kill()

    def kill(self) -> None:
        """End the server at once, in the middle of whatever it does."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)


class PrivateSlapd(Private, Slapd):
    pass


class PrivateDovecot(Private, Dovecot):
    def stop(self) -> None:
        super().stop()
        self.tidy()
