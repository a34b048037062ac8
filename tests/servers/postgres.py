"""A private PostgreSQL in a folder, on a free loopback port. Nothing of the system's own cluster is touched.

``python -m tests.servers.postgres COMMAND…`` runs a command with ``DATABASE_URL`` pointing to such a server.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local import postgres
from deploy.local.process import bound
from tests.servers.ports import free_port

START_TIMEOUT = 30.0  # seconds
STOP_TIMEOUT = 20.0

# Faster, and safe for data that nobody misses: what a power cut takes is thrown away anyhow.
SPEED = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PrivatePostgres:
    """PostgreSQL with its data in ``folder``, reached through ``url``.

    Root's folder is given to the user ``postgres``, who must be able to reach it: not below a folder that is closed
    to others. The server ends with the thread that started it, at the latest. Raises :class:`RuntimeError` with the
    server's words if it does not start.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.port = 0
        self.password = secrets.token_urlsafe(16)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For ``DATABASE_URL``."""
        return postgres.url(self.port, self.password)

    def start(self) -> Self:
        if not (self.folder / "data").exists():
            postgres.initialise(self.folder, self.password)
        self.port = free_port()
        with (self.folder / "postgres.log").open("wb") as log:
            self._process = subprocess.Popen(
                postgres.command(self.folder, self.port, **SPEED),
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        self._wait_until_ready()
        return self

    def stop(self) -> None:
        """End the server that this object started. The data stay in the folder."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)  # "fast": connections are cut, PostgreSQL manual 18.5
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(STOP_TIMEOUT)
        self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not postgres.create_database(self.port, self.password):
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                words = (self.folder / "postgres.log").read_text(encoding="utf-8", errors="replace")
                raise RuntimeError(f"PostgreSQL did not start on port {self.port}: {words.strip()}")
            time.sleep(0.05)


def main(command: list[str]) -> int:
    """Run the command with a server of its own, and return its exit code."""
    with (
        tempfile.TemporaryDirectory(prefix="idportal-postgres-") as folder,
        PrivatePostgres(Path(folder)) as server,
    ):
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL_FILE"}
        environment["DATABASE_URL"] = server.url
        # Should this process be killed, the command ends too: its database is gone.
        return subprocess.run(bound(command), check=False, env=environment).returncode


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] == ["--"]:
        del arguments[0]
    if not arguments:
        sys.exit("usage: python -m tests.servers.postgres COMMAND…")
    sys.exit(main(arguments))
