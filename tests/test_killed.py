"""A suite that is killed leaves no server behind: each ends with the process that started it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
START_TIMEOUT = 180.0  # seconds
END_TIMEOUT = 30.0

pytestmark = [pytest.mark.slow, pytest.mark.process]

# As the kernel calls them. Samba is "samba: root process"; python is the suite, and its SMTP relay.
SERVERS = ("slapd", "samba", "redis-server", "dovecot", "postgres", "chromium", "python")
OF_EACH_SUITE = ("redis-server", "postgres", "python")


class Process(NamedTuple):
    """One that runs. The moment it was born tells it from another one that gets its number later."""

    pid: int
    born: str


def running() -> dict[Process, tuple[int, str]]:
    """All processes, each with its parent and its name, but for those that have ended (proc_pid_stat(5))."""
    found = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            head, _, rest = file.read_text(encoding="utf-8", errors="replace").rpartition(")")
            fields = rest.split()
            if fields[0] != "Z":
                found[Process(int(file.parent.name), fields[19])] = int(fields[1]), head.partition("(")[2]
    return found


def family(pid: int) -> dict[Process, str]:
    """The process, its children, theirs, and so on, with their names."""
    everybody = running()
    pids = {pid}
    while more := {process.pid for process, (parent, _name) in everybody.items() if parent in pids} - pids:
        pids |= more
    return {process: name for process, (_parent, name) in everybody.items() if process.pid in pids}


def wait_until(true: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.1)


@contextmanager
def suite(folder: Path, test: str) -> Iterator[tuple[subprocess.Popen[bytes], dict[Process, str]]]:
    """``make`` as it runs the suite, with a test in it that holds servers, and all that came of it."""
    ready, words = folder / "ready", folder / "words"
    command = [sys.executable, "-m", "tests.suite", "-n", "1", "--max-worker-restart=0"]
    command.append(f"tests/servers/everything.py::{test}")
    (folder / "Makefile").write_text(
        f"test:\n\t@cd {shlex.quote(str(ROOT))} && exec setpriv --pdeathsig TERM {shlex.join(command)}\n"
    )
    environment = {**os.environ, "READY_FILE": str(ready)}
    environment.pop("PYTEST_ADDOPTS", None)
    with words.open("wb") as output:
        make = subprocess.Popen(
            ["make", "-C", folder, "test"], stdout=output, stderr=output, env=environment, start_new_session=True
        )
    found: dict[Process, str] = {}
    try:
        wait_until(lambda: ready.exists() or make.poll() is not None, START_TIMEOUT)
        assert ready.exists(), words.read_text(encoding="utf-8")
        found = family(make.pid)
        yield make, found
    finally:
        for process in (found or family(make.pid)).keys() & running().keys():
            os.kill(process.pid, signal.SIGKILL)
        make.wait()


def ancestors(pid: int, last: int) -> list[int]:
    """``last``, its child on the way to the process, and so on down to the process itself."""
    parents = {process.pid: parent for process, (parent, _name) in running().items()}
    line = [pid]
    while line[0] != last:
        line.insert(0, parents[line[0]])
    return line


# From the outside in: each is a child of the one before. Every server is a child of the worker, or of the suite; that a
# worker ends with what started it is the same whatever it holds.
@pytest.mark.parametrize(
    ("depth", "test", "servers"),
    [
        pytest.param(0, "test_all_run", SERVERS, id="make"),
        pytest.param(1, "test_one_runs", OF_EACH_SUITE, id="suite"),
        pytest.param(2, "test_one_runs", OF_EACH_SUITE, id="pytest"),
        pytest.param(3, "test_all_run", SERVERS, id="worker"),
    ],
)
def test_what_is_killed_takes_all_servers_with_it(
    tmp_path: Path, depth: int, test: str, servers: Sequence[str]
) -> None:
    with suite(tmp_path, test) as (make, found):
        names = set(found.values())
        assert [name for name in servers if not any(each.startswith(name) for each in names)] == []
        line = ancestors(int((tmp_path / "ready").read_text(encoding="ascii")), make.pid)
        assert len(line) == 4
        os.kill(line[depth], signal.SIGKILL)
        wait_until(lambda: not found.keys() & running().keys(), END_TIMEOUT)
        assert [found[process] for process in found.keys() & running().keys()] == []
