"""Fresh processes that need not import the libraries first: that takes 0.9 s of CPU, three quarters of a ``check``.

Python's own fork server imports ``tests.idportal.libraries`` once, and forks for each process that is asked for.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.servers.processes import ROOT, end_with_parent

OURS = {"accounts", "deploy", "helpdesk", "idportal", "notifications"}  # none is imported before the fork

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(["tests.idportal.libraries"])


def environment(values: dict[str, str]) -> dict[str, str]:
    """Those variables, and of this process's own only what Python itself needs."""
    own = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    return {**own, "PYTHONDONTWRITEBYTECODE": "1", **values}


def start(code: str, arguments: list[str], values: dict[str, str], stdout: Path, stderr: Path) -> ForkServerProcess:
    """A process that runs the code in this environment and no other, as ``python -c`` does; it ends with this one."""
    process = _server.Process(target=_run, args=(code, arguments, environment(values), stdout, stderr), daemon=True)
    process.start()
    return process


def _run(code: str, arguments: list[str], values: dict[str, str], stdout: Path, stderr: Path) -> None:
    os.close(forkserver._forkserver._forkserver_alive_fd)  # type: ignore[attr-defined]  # else the server lives on for us
    end_with_parent()
    suite = multiprocessing.parent_process()
    if not (suite and suite.is_alive()):
        return  # it ended before this process was to hear of it
    for path, number in ((stdout, 1), (stderr, 2)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, number)
        os.close(file)
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(values)
    sys.argv = arguments
    exec(code, {"__name__": "__main__"})
