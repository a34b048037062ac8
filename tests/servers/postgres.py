"""A private PostgreSQL in a folder, on a free loopback port. Nothing of the system's own cluster is touched.

``python -m tests.servers.postgres COMMAND…`` runs a command with ``DATABASE_URL`` pointing to such a server.
"""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.ports import free_port

START_TIMEOUT = 30.0  # seconds
STOP_TIMEOUT = 20.0
DATABASE = USER = "idportal"

# Faster, and safe for data that nobody misses: what a power cut takes is thrown away anyhow.
SPEED = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PrivatePostgres:
    """PostgreSQL with its data in ``folder``, reached through ``url``.

    PostgreSQL refuses to run as root; root's folder is given to the user ``postgres``, who must be able to
    reach it: not below a folder that is closed to others. The server ends with the thread that started it, at
    the latest. Raises :class:`RuntimeError` with the server's words if it does not start.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.port = 0
        self.password = secrets.token_urlsafe(16)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For ``DATABASE_URL``."""
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"

    def start(self) -> Self:
        data = self.folder / "data"
        if not data.exists():
            self._initialise(data)
        self.port = free_port()
        options = {"port": str(self.port), "listen_addresses": "127.0.0.1", **SPEED}
        options["unix_socket_directories"] = ""
        arguments = [f"--{name}={value}" for name, value in options.items()]
        with (self.folder / "postgres.log").open("wb") as log:
            self._process = subprocess.Popen(
                # Without the signal a test run that is killed would leave the server behind.
                ["setpriv", "--pdeathsig", "INT", *_as_user(), _program("postgres"), "-D", data, *arguments],
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

    def _initialise(self, data: Path) -> None:
        # A password, though only this machine can connect: others may be logged in on it.
        secret = self.folder / "password"
        secret.touch(mode=0o600)
        secret.write_text(self.password, encoding="ascii")
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            for path in (self.folder, secret):
                os.chown(path, user.pw_uid, user.pw_gid)
        command: list[str | Path] = [
            "setpriv",
            *_as_user(),
            _program("initdb"),
            "-D",
            data,
            "-U",
            USER,
            f"--pwfile={secret}",
        ]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]
        command += ["--no-sync", "--no-instructions"]
        made = subprocess.run(command, check=False, capture_output=True, cwd="/")
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr.decode(errors='replace').strip()}")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        command: list[str | Path] = [_program("psql"), "-X", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        command += ["-U", USER, "-d", "postgres", "-c", f"CREATE DATABASE {DATABASE}"]
        environment = {**os.environ, "PGPASSWORD": self.password}
        while True:
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                words = (self.folder / "postgres.log").read_text(encoding="utf-8", errors="replace")
                raise RuntimeError(f"PostgreSQL did not start on port {self.port}: {words.strip()}")
            made = subprocess.run(command, check=False, capture_output=True, env=environment)
            if made.returncode == 0 or b"already exists" in made.stderr:
                return
            time.sleep(0.05)


def _as_user() -> list[str]:
    """Arguments of setpriv(1): postgres for root, whom PostgreSQL refuses; else whoever runs this."""
    return ["--reuid=postgres", "--regid=postgres", "--init-groups"] if os.getuid() == 0 else []


def _program(name: str) -> Path:
    """From the newest PostgreSQL of Debian, whose servers are not on the PATH, else from the PATH."""
    versions = [folder for folder in Path("/usr/lib/postgresql").glob("*/bin") if (folder / name).exists()]
    if versions:
        return max(versions, key=lambda folder: int(re.sub(r"\D.*", "", folder.parent.name) or 0)) / name
    if found := shutil.which(name):
        return Path(found)
    raise RuntimeError(f"{name} is missing: apt-get install postgresql")


def main(command: list[str]) -> int:
    """Run the command with a server of its own, and return its exit code."""
    with (
        tempfile.TemporaryDirectory(prefix="idportal-postgres-") as folder,
        PrivatePostgres(Path(folder)) as server,
    ):
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL_FILE"}
        environment["DATABASE_URL"] = server.url
        return subprocess.run(command, check=False, env=environment).returncode


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] == ["--"]:
        del arguments[0]
    if not arguments:
        sys.exit("usage: python -m tests.servers.postgres COMMAND…")
    sys.exit(main(arguments))
