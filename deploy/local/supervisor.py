"""Runs the processes under supervisor, as systemd does in production."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from deploy.local import files
from deploy.local.installation import BIN, ROOT, Installation
from deploy.local.server import CannotStart, bound, own_environment

START_TIMEOUT = 60.0  # seconds, for each program
STOP_TIMEOUT = 600.0  # seconds; longer than some programs that hang may take


class Supervisor:
    """supervisord with an installation's programs. Servers start with it, the portal's own by :meth:`start_others`.

    All programs inherit its environment, which holds no secret.
    """

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.folder = installation.folder
        self.config = self.folder / "supervisord.conf"
        # The command that shows and controls the processes, also for people.
        self.control = [str(BIN / "supervisorctl"), "-c", str(self.config)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when all servers answer. Raises CannotStart."""
        files.write(self.config, self._config())
        self._process = subprocess.Popen(  # noqa: S603 - our own arguments
            bound([str(BIN / "supervisord"), "-c", str(self.config)]),
            cwd=ROOT,
            env=own_environment(),
            # Not in the terminal's process group: Ctrl-C must reach this program alone.
            start_new_session=True,
        )
        for server in self.installation.servers:
            self._wait(server.name, server.answers)

    def start_others(self) -> None:
        """Starts the portal, and returns when it answers. Raises CannotStart."""
        command = [*self.control, "start", "all"]
        started = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
        for line in started.stdout.splitlines():
            if ": ERROR" in line:
                raise CannotStart(f"{line}\n{self._last_words(line.split(':')[0])}")
        self._wait("web", self.installation.is_ready)

    def wait(self) -> None:
        """Waits until supervisord ends, which it should not. Raises CannotStart."""
        code = self._process.wait() if self._process else 0
        said = f"supervisord slutade oväntat. / supervisord ended unexpectedly ({code})."
        raise CannotStart(f"{said}\n{self._last_words('supervisor')}")

    def stop(self) -> None:
        """Ends all: web, beat and workers first, their servers last."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            sys.stderr.write(f"supervisord (process {self._process.pid}) does not end. / avslutas inte.\n")

    def end_stray(self) -> None:
        """Ends the supervisord that a killed demo or stack left in this folder: it holds data and ports."""
        try:
            pid = int((self.folder / "supervisor.pid").read_text(encoding="ascii"))
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return
        if os.fsencode(self.config) not in command:
            return
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.02)

    def _wait(self, name: str, answers: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not answers():
            if self._process and self._process.poll() is not None:
                self.wait()
            if time.monotonic() > deadline:
                raise CannotStart(f"{name} startade inte. / did not start.\n{self._last_words(name)}")
            time.sleep(0.1)

    def _last_words(self, name: str) -> str:
        """The end of a program's log."""
        log = self.folder / "log" / f"{name}.log"
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
        return "\n".join([f"{log}:", *lines[-15:]])

    def _config(self) -> str:
        values = {"root": _escaped(ROOT), "folder": _escaped(self.folder)}
        servers, processes = self.installation.servers, self.installation.processes()
        programs = [(each.name, each.command(), True, each.stop_signal, each.group) for each in servers]
        programs += [(name, command, False, "TERM", False) for name, command in processes.items()]
        socket = self.installation.mailbox.sockets() / "supervisor.sock"  # a clone may lie too deep for its path
        text = files.filled("supervisord.conf", **values, socket=_escaped(socket))
        for priority, (name, command, server, stop_signal, group) in enumerate(programs):
            text += files.filled(
                "program.conf",
                **values,
                name=name,
                command=_escaped(shlex.join(command)),
                priority=priority,
                server=server,
                stop_signal=stop_signal,
                group=group,
            )
        return text


def _escaped(text: object) -> str:
    """supervisor expands %(name)s in its configuration."""
    return str(text).replace("%", "%%")
