"""A server of ``deploy.local`` as a child of the suite: started, waited for, ended."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from deploy.local.cast import CAST, Person
from deploy.local.dovecot import Dovecot
from deploy.local.server import HOST, LocalServer, free_port
from deploy.local.slapd import Slapd

START_TIMEOUT = 30.0  # seconds
STOP_TIMEOUT = 20.0


DOORS = """\
protocols {
  lmtp = yes
}
service imap-login {
  inet_listener imap {
    port = %d
  }
}
service lmtp {
  inet_listener lmtp {
    port = %d
  }
}
"""


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
        log_file = self.folder / f"{self.name}.log"
        with log_file.open("wb") as log:
            self._process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, cwd=self.folder, start_new_session=True
            )
        deadline = time.monotonic() + START_TIMEOUT
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                words = log_file.read_text(encoding="utf-8", errors="replace").strip()
                raise RuntimeError(f"{self.name} did not start on port {self.port}: {words or 'no message'}")
            time.sleep(0.02)
        return self

    def stop(self) -> None:
        """End the server that this object started, and its children, if it still runs. Its data stay."""
        if self._process is not None:
            how = signal.Signals[f"SIG{self.stop_signal}"]
            if self.group:
                self._signal(how)
            else:
                self._process.send_signal(how)
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

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)


class PrivateSlapd(Private, Slapd):
    """On ``plain_url`` as well, without TLS. ``people`` are loaded into an empty folder."""

    def __init__(self, folder: Path, people: tuple[Person, ...] = CAST) -> None:
        super().__init__(folder)
        self.people = people
        self.plain_url = f"ldap://{HOST}:{free_port()}"
        self.listens.append(f"{self.plain_url}/")


class PrivateDovecot(Private, Dovecot):
    """With STARTTLS on ``plain_port``, too, and LMTP on ``lmtp_port``. ``extra`` goes into the configuration."""

    def __init__(self, folder: Path, port: int = 0, extra: str = "") -> None:
        super().__init__(folder, port)
        self.plain_port, self.lmtp_port, self.extra = free_port(), free_port(), extra

    def config(self) -> str:
        return f"{super().config()}{DOORS % (self.plain_port, self.lmtp_port)}{self.extra}"

    def stop(self) -> None:
        super().stop()
        self.tidy()
