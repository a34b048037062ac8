"""Helpers for a program in a terminal: it ends in order, runs once, and explains what stops it."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

HOST = "127.0.0.1"


class CannotStart(Exception):
    """Says in plain words what the problem is and what to do."""


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM and a closed terminal raise KeyboardInterrupt as Ctrl-C does, even where the shell ignores Ctrl-C."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup asked for it
        signal.signal(signal.SIGHUP, interrupt)
    yield


def ignore_signals() -> None:
    """A second Ctrl-C must not interrupt the shutdown: it would leave servers behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def only_one(lock_file: Path, runs_already: str) -> Iterator[None]:
    """Raises CannotStart if another process has the lock: two would share a folder and a database.

    ``runs_already``: the error's text, with {pid} for the other process.
    """
    with lock_file.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotStart(runs_already.format(pid=lock.read().strip())) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def require_free(port: int, target: str) -> None:
    """Raises CannotStart if the port is taken, or not allowed."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server itself will
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CannotStart(
                f"Port {port} kan inte användas ({error.strerror}). Välj en annan: make {target} PORT=8001\n"
                f"Port {port} can't be used. Choose another: make {target} PORT=8001"
            ) from None


def free_port() -> int:
    """A port of loopback that is free now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def program(name: str, package: str, *, first: Sequence[Path] = ()) -> str:
    """The path of a server's program: in the folders ``first``, on the PATH, or in sbin. Raises RuntimeError."""
    folders = [*map(str, first), os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]
    found = shutil.which(name, path=os.pathsep.join(folders))
    if found is None:
        raise RuntimeError(f"{name} is missing: apt-get install {package}")
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
