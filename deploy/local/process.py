"""Helpers for a program in a terminal: it ends in order, runs once, says what is in the way."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

HOST = "127.0.0.1"


class CannotStart(Exception):
    """Says in plain words what is in the way and what to do."""


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM and a closed terminal end the program as Ctrl-C does, also where a shell has Ctrl-C ignored."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup asked for it
        signal.signal(signal.SIGHUP, interrupt)
    yield


def ignore_signals() -> None:
    """From here on nothing hurries: a second Ctrl-C would leave servers behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def only_one(lock_file: Path, runs_already: str) -> Iterator[None]:
    """Raises CannotStart if another one has the lock: two would share a folder and a database.

    ``runs_already`` says so, with {pid} where the process of the other one goes.
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
    """Raises CannotStart if somebody listens on the port, or if it may not be taken."""
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
    """A port of loopback that is free just now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def program(name: str, package: str) -> str:
    """The path of a server's program: those lie in sbin, which is not on everybody's PATH."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))
    if found is None:
        raise RuntimeError(f"{name} is missing: apt-get install {package}")
    return found


def bound(command: list[str]) -> list[str]:
    """The command; its process ends with the one that starts it, also if that is killed."""
    return [program("setpriv", "util-linux"), "--pdeathsig", "TERM", *command]


def own_environment() -> dict[str, str]:
    """Of the shell's variables, which may hold secrets, none but those that every program wants."""
    own = ("HOME", "LANG", "LC_ALL", "LOG_LEVEL", "PATH", "TERM", "TMPDIR")
    return {name: os.environ[name] for name in own if name in os.environ}


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
