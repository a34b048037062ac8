"""Fresh processes that need not import the libraries first: that takes 0.9 s of CPU, three quarters of a ``check``.

Run as a program, this is the server: it imports the libraries once, nothing that is ours and no settings, and forks for
each process that is asked for. :class:`Fork` asks.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = {"accounts", "deploy", "helpdesk", "idportal", "notifications", "tests"}
PR_SET_PDEATHSIG = 1  # prctl(2)

# What the portal imports, but for what looks at settings or, as prometheus_client does, at the environment meanwhile.
LIBRARIES = (
    *("apprise.plugins", "celery.fixups.django", "csp.middleware", "django.contrib.admin"),
    *("django.core.management.commands.migrate", "django.db.backends.postgresql.base"),
    *("django.db.backends.sqlite3.base", "environ", "imapclient", "kombu.transport.redis", "ldap.controls"),
    *("lxml.html", "phonenumbers", "pythonjsonlogger.json", "requests_oauthlib", "segno", "whitenoise.middleware"),
)


def environment(values: dict[str, str]) -> dict[str, str]:
    """Those variables, and of this process's own only what Python itself needs."""
    own = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    return {**own, "PYTHONDONTWRITEBYTECODE": "1", **values}


class Fork:
    """A process that runs the code in this environment and no other, as ``python -c`` does; it ends with this one.

    ``stdout`` and ``stderr`` are file descriptors.
    """

    def __init__(self, code: str, arguments: list[str], values: dict[str, str], stdout: int, stderr: int) -> None:
        self._keeper, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            asked = json.dumps([code, arguments, environment(values)]).encode()
            socket.send_fds(_server(), [asked], [stdout, stderr, theirs.fileno()])
        self.pid = int(self._keeper.recv(20))

    def wait(self, seconds: float | None = None) -> int:
        """The exit code. After so many seconds without one, kills it and raises :class:`TimeoutError`."""
        with self._keeper:
            self._keeper.settimeout(seconds)
            try:
                return int(self._keeper.recv(20))
            except TimeoutError:
                self.kill()
                raise

    def kill(self) -> None:
        """To be called before :meth:`wait`: until then the number is not given to another process."""
        os.kill(self.pid, signal.SIGKILL)


@functools.cache
def _server() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, __file__]
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment({}),
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
    atexit.register(server.wait)
    atexit.register(server.kill)  # comes first
    return ours


def serve(control: socket.socket) -> None:
    """Until the other end is closed: at the latest, when the process that asks has ended."""
    for name in LIBRARIES:
        importlib.import_module(name)
    for plugin in pkgutil.iter_modules(sys.modules["apprise.plugins"].__path__, "apprise.plugins."):
        importlib.import_module(plugin.name)
    assert not OURS & {name.partition(".")[0] for name in sys.modules}
    assert not sys.modules["django.conf"].settings.configured
    assert len([*Path("/proc/self/task").iterdir()]) == 1, "what another thread holds, a fork would wait for in vain"
    gc.collect()
    gc.freeze()  # a fork that looks for garbage here would copy all of it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        asked, files, _flags, _address = socket.recv_fds(control, 1 << 17, 3)
        if not asked:
            return
        if not os.fork():
            _keep(*json.loads(asked), *files)
            return
        for file in files:
            os.close(file)


def _keep(code: str, arguments: list[str], values: dict[str, str], *files: int) -> None:
    """Forks the process that was asked for; tells its number, and how it ended."""
    stdout, stderr, asker = files
    _end_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if pid := os.fork():
        os.write(asker, str(pid).encode())
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert ended
        with contextlib.suppress(OSError):  # who asked may be gone
            os.write(asker, str(ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status).encode())
            os.read(asker, 1)  # until it is closed; so long the number stays its own
        os.waitpid(pid, 0)
        os._exit(0)
    _end_with_parent()
    os.close(asker)
    for file, number in ((os.open(os.devnull, os.O_RDONLY), 0), (stdout, 1), (stderr, 2)):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(values)
    sys.argv, sys.path[0] = arguments, ""
    exec(code, {"__name__": "__main__"})


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    serve(socket.socket(fileno=0))
