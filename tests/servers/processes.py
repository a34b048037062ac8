"""Holding a server still, ending it, and doubling it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def suspended(pid: int) -> Iterator[None]:
    """The process, which a test started, keeps its connections but does nothing."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


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


def copy_folder(source: Path, target: Path) -> None:
    """With sockets and holes as they are: a database of 256 MB is mostly holes."""
    subprocess.run(["cp", "-a", "--sparse=always", str(source), str(target)], check=True)
