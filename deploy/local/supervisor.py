"""Runs the processes: supervisor, as a child of ours, doing what systemd does in production."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

from deploy.local import postgres
from deploy.local.parts import BIN, ROOT, Program
from deploy.local.process import CannotStart

STOP_TIMEOUT = 300.0  # seconds; longer than all programs together may take
LONGEST_SOCKET = 90  # characters, of 107 that Linux allows; supervisor adds its process id for a moment

GENERAL = """\
[supervisord]
nodaemon=true
silent=true
directory={root}
logfile={folder}/log/supervisor.log
pidfile={folder}/supervisor.pid
umask=077

[unix_http_server]
file={folder}/supervisor.sock
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://{folder}/supervisor.sock
"""

# Like Restart=always and StartLimitIntervalSec=0: what ended comes back, and is never given up.
PROGRAM = """
[program:{name}]
command={command}
priority={priority}
autostart={server}
autorestart=true
startretries=1000000
stopsignal={signal}
stopwaitsecs={seconds}
killasgroup=true
redirect_stderr=true
stdout_logfile={folder}/log/{name}.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=1
"""


class Supervisor:
    """supervisord with these programs. Servers start with it; the others when they are told to.

    Its environment is that of all of them, and holds no secret.
    """

    def __init__(self, folder: Path, programs: list[Program]) -> None:
        self.folder = folder
        self.programs = programs
        self.config = folder / "supervisord.conf"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns at once. Raises CannotStart if the folder's path is too long for a socket."""
        if len(f"{self.folder}/supervisor.sock") > LONGEST_SOCKET:
            raise CannotStart(
                f"Sökvägen {self.folder} är för lång. Välj en kortare: python -m deploy.local --folder …\n"
                "That path is too long. Choose a shorter one with --folder."
            )
        self.config.touch(mode=0o600)
        self.config.write_text(self._text(), encoding="utf-8")
        command = ["setpriv", "--pdeathsig", "TERM", str(BIN / "supervisord"), "-c", str(self.config)]
        self._process = subprocess.Popen(  # noqa: S603 - our own arguments
            command,
            cwd=ROOT,
            env=postgres.own_environment(),
            # Out of the terminal's reach: Ctrl-C asks us, and we end it in order.
            start_new_session=True,
        )

    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def wait(self) -> int:
        """Until it ends by itself, which it does not unless someone ends it."""
        return self._process.wait() if self._process else 0

    def begin(self, *names: str) -> None:
        """Start programs that are no servers, and return when each has run for a second.

        Raises CannotStart with the last words of the one that does not.
        """
        for name in names:
            command = [*self.control(), "start", name]
            started = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
            if started.returncode:
                raise CannotStart(f"{started.stdout.strip()}\n{self.last_words(name)}")

    def control(self) -> list[str]:
        """The command that shows and steers the processes, for people too."""
        return [str(BIN / "supervisorctl"), "-c", str(self.config)]

    def last_words(self, name: str) -> str:
        """The end of a program's log."""
        log = self.folder / "log" / f"{name}.log"
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
        return "\n".join([f"{log}:", *lines[-15:]])

    def stop(self) -> None:
        """End all: web, beat and workers first, the servers that they stand on last."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            sys.stderr.write(f"supervisord (process {self._process.pid}) does not end. / avslutas inte.\n")
        self._process = None

    def _text(self) -> str:
        def escaped(words: list[str]) -> str:
            return shlex.join(words).replace("%", "%%")

        values = {"root": str(ROOT).replace("%", "%%"), "folder": str(self.folder).replace("%", "%%")}
        text = GENERAL.format(**values)
        for place, program in enumerate(self.programs):
            text += PROGRAM.format(
                **values,
                name=program.name,
                command=escaped(program.command),
                priority=place,
                server=str(program.server).lower(),
                signal=program.stop_signal,
                seconds=program.stop_seconds,
            )
        return text
