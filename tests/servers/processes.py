"""Holding a server still, and doubling it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def suspended(pid: int) -> Iterator[None]:
    """The process, which a test started, keeps its connections but does nothing."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def copy_folder(source: Path, target: Path) -> None:
    """With sockets and holes as they are: a database of 256 MB is mostly holes."""
    subprocess.run(["cp", "-a", "--sparse=always", str(source), str(target)], check=True)
