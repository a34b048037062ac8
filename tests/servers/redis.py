"""A private Redis in a folder, on a free loopback port, that keeps nothing on disk."""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.ports import free_port
from tests.servers.processes import end

START_TIMEOUT = 10.0  # seconds
STOP_TIMEOUT = 10.0


class PrivateRedis:
    """Redis on ``url``. Port and password stay, so that ``restart`` brings it back where it was, but empty.

    The server ends with the thread that started it, at the latest. Raises :class:`RuntimeError` with the
    server's words if it does not start.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.port = free_port()
        self.password = secrets.token_urlsafe(16)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For ``REDIS_URL`` and ``CELERY_BROKER_URL``: database 0."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> Self:
        program = shutil.which("redis-server")
        if program is None:
            raise RuntimeError("redis-server is missing: apt-get install redis-server")
        config = self.folder / "redis.conf"
        config.touch(mode=0o600)
        config.write_text(
            f'bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\nsave ""\nappendonly no\n'
            f'dir "{self.folder}"\nlogfile "{self.folder}/redis.log"\n',
            encoding="utf-8",
        )
        self._process = subprocess.Popen(
            # Without the signal a test run that is killed would leave the server behind.
            ["setpriv", "--pdeathsig", "TERM", program, config],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + START_TIMEOUT
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                words = (self.folder / "redis.log").read_text(encoding="utf-8", errors="replace").strip()
                raise RuntimeError(f"Redis did not start on port {self.port}: {words}")
            time.sleep(0.02)
        return self

    def answers(self) -> bool:
        """Whether the server lets us in and answers PING."""
        try:
            return self._ask("PING") == b"+PONG\r\n"
        except OSError:
            return False

    def flush(self) -> None:
        """Forget everything in every database."""
        if self._ask("FLUSHALL") != b"+OK\r\n":
            raise RuntimeError("Redis did not empty itself")

    def _ask(self, command: str) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(f"AUTH {self.password}\r\n{command}\r\n".encode())
            with connection.makefile("rb") as answers:
                answers.readline()
                return answers.readline()

    def stop(self) -> None:
        """End the server that this object started, if it still runs."""
        if self._process is not None:
            end(self._process, STOP_TIMEOUT)
            self._process = None

    def restart(self) -> None:
        """Stop and start: same address, nothing left of what it held."""
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
