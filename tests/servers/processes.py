"""Pauses, ends and duplicates a server; and runs a process that ends with its parent."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
STOP_TIMEOUT = 10.0
STOPPED = "TtZX"
PR_SET_PDEATHSIG = 1  # prctl(2)


def end_with_parent() -> None:
    """As ``deploy.local.server.bound``, of this process itself, once it runs."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def suspended(pid: int) -> Iterator[None]:
    """The process, which a test started, keeps its connections but does nothing."""
    os.kill(pid, signal.SIGSTOP)
    try:
        _until_stopped(pid)
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _until_stopped(pid: int) -> None:
    """The signal is sent to the process, but each of its threads stops by itself, and may answer until it does."""
    deadline = time.monotonic() + STOP_TIMEOUT
    while any(_state(thread) not in STOPPED for thread in Path(f"/proc/{pid}/task").iterdir()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {pid} goes on though it was told to stop")
        time.sleep(0.001)


def _state(thread: Path) -> str:
    """One letter, proc_pid_stat(5). It follows the name, which is in brackets and may hold brackets itself."""
    try:
        return (thread / "stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:  # it ended meanwhile
        return "X"


def end(process: subprocess.Popen[bytes], seconds: float, how: signal.Signals = signal.SIGTERM) -> None:
    """Asks a process, which a test started in a session of its own, to end; after so many seconds kills it.

    The signal goes to the process alone. What is killed is its group: it, and the children that it left.
    """
    process.send_signal(how)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def start_module(name: str, *arguments: object) -> tuple[subprocess.Popen[bytes], int]:
    """A server of the suite's own, ``python -m name …``, which prints its port when it listens; returns that, too.

    It ends with the thread that started it, at the latest. Raises RuntimeError if it does not start.
    """
    process = subprocess.Popen(
        # Without the signal a test run that is killed would leave the server behind.
        ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", name, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    port = process.stdout.readline().strip()
    if not port:
        end_module(process)
        raise RuntimeError(f"{name} did not start")
    return process, int(port)


def end_module(process: subprocess.Popen[bytes]) -> None:
    """Ends what :func:`start_module` started."""
    end(process, STOP_TIMEOUT)
    if process.stdout is not None:
        process.stdout.close()


def copy_folder(source: Path, target: Path) -> None:
    """With sockets and holes as they are: a database of 256 MB is mostly holes."""
    subprocess.run(["cp", "-a", "--sparse=always", str(source), str(target)], check=True)
