"""A server process on this machine: its program, port and environment; and what all of them share."""

import os
import secrets
import shutil
import socket
import ssl
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from deploy.local import files

HOST = "127.0.0.1"


class CannotStart(Exception):
    """Says in plain words what the problem is and what to do."""


class LocalServer:
    """A server on ``port`` of loopback, with all that it needs in ``folder``."""

    name = ""  # as supervisor and its log have it
    stop_signal = "TERM"
    group = False  # whether its children are told to end, too
    password = ""  # of a database

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.ca_file = folder / "tls" / "ca.pem"

    def secret(self, name: str = "password") -> str:
        """The password in the file of that name, which is made the first time."""
        return files.secret(self.folder / name)

    def prepare(self) -> None:
        """Writes the configuration; the first time, makes the certificate and the data too."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def command(self) -> list[str]:
        """Starts the server after :meth:`prepare`. The server ends with the thread that started it, at the latest."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """The settings that point the portal here. After :meth:`prepare`."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether the server takes a connection; if it has a certificate, with that one."""
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                if self.ca_file.exists():
                    context = ssl.create_default_context(cafile=str(self.ca_file))
                    context.wrap_socket(connection, server_hostname=HOST).close()
                return True
        except OSError:
            return False


_given: set[int] = set()


def free_port() -> int:
    """A port of loopback that is free now, and another one each time.

    It is none that Linux gives to connections (from 32768 on): one of those would take it before the server does.
    """
    while True:
        port = 20000 + secrets.randbelow(12000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            if port not in _given:
                _given.add(port)
                return port


def program(name: str, package: str, *, first: Sequence[Path] = ()) -> str:
    """The path of a server's program: in the folders ``first``, on the PATH, or in sbin. Raises CannotStart."""
    folders = [*map(str, first), os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]
    found = shutil.which(name, path=os.pathsep.join(folders))
    if found is None:
        raise CannotStart(f"{name} is missing: apt-get install {package}")
    return found


def bound(command: list[str]) -> list[str]:
    """The command, whose process ends with its parent, even if that is killed."""
    return [program("setpriv", "util-linux"), "--pdeathsig", "TERM", *command]


def own_environment() -> dict[str, str]:
    """The few variables of the shell that every program needs. Others may hold secrets."""
    own = ("HOME", "LANG", "LC_ALL", "LOG_LEVEL", "PATH", "TERM", "TMPDIR")
    return {name: os.environ[name] for name in own if name in os.environ}


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
