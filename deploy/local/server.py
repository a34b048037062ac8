"""A server of the demo, and of the tests, in a folder: started, waited for, ended, and found again after a crash."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

START_TIMEOUT = 10.0  # seconds
STOP_TIMEOUT = 10.0


class PrivateServer:
    """What listens on ``port`` of loopback with TLS, and has all that it needs in ``folder``. A context manager.

    ``start`` returns when the server answers, and raises :class:`RuntimeError` with its words if it does not.
    """

    name = ""  # of the server, as messages and its log have it

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder.resolve()
        self.port = port
        self.ca_file = self.folder / "tls" / "ca.pem"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether the server does what it is there for, as far as can be seen from outside."""
        raise NotImplementedError

    @property
    def pid(self) -> int:
        """The process id of the running server. Raises :class:`RuntimeError` if it does not run."""
        if self._process is None:
            raise RuntimeError(f"{self.name} does not run")
        return self._process.pid

    def stop(self) -> None:
        """End the server that this object started, if it still runs."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self, command: Sequence[str]) -> None:
        log_file = self.folder / f"{self.name.lower()}.log"
        with log_file.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - fixed program and arguments
                command,
                stdout=log,
                stderr=log,
                # Out of the terminal's reach: Ctrl-C ends the portal first, and the portal ends this.
                start_new_session=True,
            )
        deadline = time.monotonic() + START_TIMEOUT
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                words = log_file.read_text(encoding="utf-8", errors="replace").strip()
                raise RuntimeError(f"{self.name} did not start on port {self.port}: {words or 'no message'}")
            time.sleep(0.02)

    @contextmanager
    def _handshake(self) -> Iterator[ssl.SSLSocket]:
        """A connection over TLS with the server's own certificate. Raises OSError."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection,
            context.wrap_socket(connection, server_hostname="127.0.0.1") as made,
        ):
            yield made


def stray(pid_file: Path, config: Path) -> int | None:
    """The process that an earlier run left behind: named in the file, and started with this very configuration."""
    try:
        pid = int(pid_file.read_text(encoding="ascii"))
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if os.fsencode(config) in command else None


def end_stray(pid: int, *, group: bool = False) -> None:
    """Asks it to end, with its children if it is a ``group``, and waits for it for STOP_TIMEOUT."""
    (os.killpg if group else os.kill)(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_TIMEOUT
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
