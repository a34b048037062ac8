"""What demo and stack share: a folder, its secrets, the servers around the portal, and the portal's settings."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests

from deploy.local import files
from deploy.local.dovecot import Dovecot
from deploy.local.process import HOST, CannotStart, bound, free_port
from deploy.local.slapd import Slapd

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
MAIL_SERVER = "mx.demo.example"  # whose word on the sender of a mail is believed


@dataclass(frozen=True)
class Program:
    """A process that supervisor keeps running.

    ``server``: starts before the database is filled. ``stop_seconds``: how long it may take to end.
    ``group``: its children are asked to end too.
    """

    name: str
    command: list[str]
    answers: Callable[[], bool] = lambda: True
    server: bool = False
    stop_signal: str = "TERM"
    stop_seconds: int = 15
    group: bool = False


class Installation:
    """An installation in a folder. ``prepare`` makes its files; supervisor runs its programs."""

    name = ""  # on the command line
    title = ""  # in a Swedish sentence
    mark = ""  # the file by which the folder is recognised

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.url = f"http://{HOST}:{port}"
        self.directory = Slapd(folder / "slapd", free_port())
        self.mailbox = Dovecot(folder / "dovecot", free_port())

    def require_own_folder(self) -> None:
        """Raises CannotStart if the folder holds something else."""
        if self.folder.exists() and any(self.folder.iterdir()) and not (self.folder / self.mark).exists():
            raise CannotStart(
                f"{self.folder} hör inte till {self.title}. Välj en annan mapp.\n"
                f"That folder is not the {self.name}'s. Choose another one."
            )

    def is_outdated(self) -> bool:
        """Whether the data of an earlier start are too old to use."""
        return False

    def forget(self) -> None:
        """Removes the data of an earlier start."""
        self.mailbox.tidy()
        shutil.rmtree(self.folder, ignore_errors=True)

    def prepare(self) -> None:
        """Makes folders, secrets, the servers' data and configuration; existing data stay."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        (self.folder / self.mark).touch()
        for name in ("log", "mail", "secrets", "sms"):
            (self.folder / name).mkdir(mode=0o700, exist_ok=True)
        self.directory.prepare()
        self.mailbox.prepare()
        self._write_scripts()

    def secret(self, name: str) -> str:
        return files.secret(self.folder / "secrets" / name)

    def settings(self) -> dict[str, str]:
        """The environment of the portal's processes."""
        return {
            "DJANGO_SETTINGS_MODULE": "deploy.local.settings",
            "DEMO_FOLDER": str(self.folder),
            "SECRET_KEY": self.secret("secret-key"),
            "ENCRYPTION_KEYS": self.secret("encryption-key"),
            "PORTAL_URL": self.url,
            "ALLOWED_HOSTS": f"{HOST} localhost",
            "HELPDESK_EMAIL": "it-helpdesk@kommunen.example",
            "DEFAULT_FROM_EMAIL": "losenord@kommunen.example",
            "HELPDESK_AUTHSERV_ID": MAIL_SERVER,
            "SMS_GATEWAYS": (self.folder / "sms").as_uri(),
            # Seconds. 15 minutes are too long for a trial.
            "PHONE_LINK_HOLD": os.environ.get("PHONE_LINK_HOLD", "120"),
            # gunicorn and celery use setproctitle if it is there; it must not wipe what /proc/PID/environ shows.
            "SPT_NOENV": "1",
            **self.directory.environment(),
            **self.mailbox.environment(),
        }

    def programs(self) -> list[Program]:
        """In the order in which they start. They end the other way round."""
        return [
            Program("slapd", self.directory.command(), self.directory.answers, server=True),
            Program("dovecot", self.mailbox.command(), self.mailbox.answers, server=True, group=True),
        ]

    def portal(self, *command: str) -> list[str]:
        """A command of the Python environment, with the portal's settings."""
        return bound([str(self.folder / "run"), str(BIN / command[0]), *command[1:]])

    def web(self, *options: str) -> Program:
        listen = ["--config", "deploy/gunicorn.conf.py", "--bind", f"{HOST}:{self.port}"]
        return Program("web", self.portal("gunicorn", *listen, *options), self._is_ready, stop_seconds=40)

    def _is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz/ready", timeout=10).status_code == requests.codes.ok
        except requests.RequestException:
            return False

    def _write_scripts(self) -> None:
        """``run COMMAND`` gives a command the settings; ``manage doctor`` is for people.

        Only the portal's processes get them: a server's environment could be read by the user that it runs as.
        """
        exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in self.settings().items())
        files.write(self.folder / "run", f'#!/bin/sh\n{exports}exec "$@"\n', 0o700)
        command = shlex.join([str(self.folder / "run"), sys.executable, str(ROOT / "manage.py")])
        files.write(self.folder / "manage", f'#!/bin/sh\nexec {command} "$@"\n', 0o700)
