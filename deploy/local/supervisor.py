"""Runs the processes with supervisor, which does here what systemd does in production."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deploy.local import files
from deploy.local.installation import BIN, ROOT, Program
from deploy.local.process import CannotStart, bound, own_environment

START_TIMEOUT = 60.0  # seconds, for each program
STOP_TIMEOUT = 300.0  # seconds; longer than all programs together may take
LONGEST_SOCKET = 90  # characters, of 107 that Linux allows; supervisor adds its process id for a moment


class Supervisor:
    """supervisord with its programs. Servers start with it, the others by :meth:`start_others`.

    All programs inherit its environment, which holds no secret.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs: list[Program] = []
        self.config = folder / "supervisord.conf"
        self.socket = folder / "supervisor.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, programs: list[Program]) -> None:
        """Returns when all servers answer. Raises CannotStart."""
        self.programs = programs
        if len(str(self.socket)) > LONGEST_SOCKET:  # a clone may lie deep
            self.socket = Path(tempfile.mkdtemp(prefix="idportal-"), self.socket.name)
        files.write(self.config, self._text())
        self._process = subprocess.Popen(  # noqa: S603 - our own arguments
            bound([str(BIN / "supervisord"), "-c", str(self.config)]),
            cwd=ROOT,
            env=own_environment(),
            # Not in the terminal's process group: Ctrl-C must reach this program alone.
            start_new_session=True,
        )
        for program in programs:
            if program.server:
                self._wait(program)

    def start_others(self) -> None:
        """Starts the other programs, and returns when they answer. Raises CannotStart."""
        command = [*self.control(), "start", "all"]
        started = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
        for line in started.stdout.splitlines():
            if ": ERROR" in line:
                raise CannotStart(f"{line}\n{self._last_words(line.split(':')[0])}")
        for program in self.programs:
            self._wait(program)

    def wait(self) -> None:
        """Waits until supervisord ends, which it should not. Raises CannotStart."""
        code = self._process.wait() if self._process else 0
        said = f"supervisord slutade oväntat. / supervisord ended unexpectedly ({code})."
        raise CannotStart(f"{said}\n{self._last_words('supervisor')}")

    def control(self) -> list[str]:
        """The command that shows and controls the processes, also for people."""
        return [str(BIN / "supervisorctl"), "-c", str(self.config)]

    def stop(self) -> None:
        """Ends all: web, beat and workers first, their servers last."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            sys.stderr.write(f"supervisord (process {self._process.pid}) does not end. / avslutas inte.\n")
        self._process = None
        if self.socket.parent != self.folder:
            shutil.rmtree(self.socket.parent)

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

    def _wait(self, program: Program) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not program.answers():
            if self._process and self._process.poll() is not None:
                self.wait()
            if time.monotonic() > deadline:
                words = self._last_words(program.name)
                raise CannotStart(f"{program.name} startade inte. / did not start.\n{words}")
            time.sleep(0.1)

    def _last_words(self, name: str) -> str:
        """The end of a program's log."""
        log = self.folder / "log" / f"{name}.log"
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
        return "\n".join([f"{log}:", *lines[-15:]])

    def _text(self) -> str:
        values = {"root": _escaped(ROOT), "folder": _escaped(self.folder)}
        text = files.filled("supervisord.conf", **values, socket=_escaped(self.socket))
        for place, program in enumerate(self.programs):
            text += files.filled(
                "program.conf",
                **values,
                name=program.name,
                command=_escaped(shlex.join(program.command)),
                priority=place,
                server=program.server,
                stop_signal=program.stop_signal,
                stop_seconds=program.stop_seconds,
                group=program.group,
            )
        return text


def _escaped(text: object) -> str:
    """supervisor expands %(name)s in its configuration."""
    return str(text).replace("%", "%%")
