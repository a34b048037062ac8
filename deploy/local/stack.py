"""What the stack is made of: the folder, its secrets and ports, the settings of the portal, and the processes."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import postgres
from deploy.local.process import HOST, CannotStart, free_port
from deploy.local.slapd import PrivateSlapd

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
USER = "idportal"  # of Redis' and the mail server's password, as of PostgreSQL's


@dataclass(frozen=True)
class Program:
    """A process that supervisor keeps running. ``stop_seconds``: how long it may take to end."""

    name: str
    command: list[str]
    server: bool = False
    stop_signal: str = "TERM"
    stop_seconds: int = 15


@dataclass
class Stack:
    """Everything that is known before anything runs. ``prepare`` makes what must lie on the disk."""

    folder: Path
    port: int
    directory: PrivateSlapd = field(init=False)
    ports: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.ports = {name: free_port() for name in ("postgres", "redis", "mail")}
        self.directory = PrivateSlapd(self.folder / "slapd", free_port())

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def prepare(self) -> None:
        """Make folders, secrets, data of the servers and their configuration; what is there already is kept."""
        for name in ("", "log", "mail", "secrets", "sms"):
            (self.folder / name).mkdir(mode=0o700, exist_ok=True)
        made = self.folder / "postgres-made"
        if not made.exists():
            data = self.postgres_folder()
            shutil.rmtree(data / "data", ignore_errors=True)  # half made: the last first start was interrupted
            postgres.initialise(data, self.secret("postgres"))
            made.touch()
        self._write_redis_config()
        self.directory.end_stray()
        self.directory.prepare()
        self._write_settings()

    def forget(self) -> None:
        """Remove what an earlier start left."""
        place = self.folder / "postgres"
        if place.is_symlink():
            shutil.rmtree(place.resolve(), ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def secret(self, name: str) -> str:
        """Made once, kept in the folder, for its owner only."""
        file = self.folder / "secrets" / name
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(50), encoding="ascii")
        return file.read_text(encoding="ascii")

    def postgres_folder(self) -> Path:
        """Where PostgreSQL keeps its data: in the folder, or where the user postgres can reach them."""
        place = self.folder / "postgres"
        if place.is_symlink() and not place.exists():
            raise CannotStart(
                f"{place} pekar på en mapp som inte finns. Börja om: python -m deploy.local --fresh\n"
                f"{place} points to a folder that is gone. Start afresh: python -m deploy.local --fresh"
            )
        if not place.exists():
            if _others_reach(self.folder):
                place.mkdir(mode=0o700)
            else:
                place.symlink_to(tempfile.mkdtemp(prefix="idportal-stack-", dir="/var/tmp"))
        return place.resolve()

    def settings(self) -> dict[str, str]:
        """The environment of the portal's processes: of a production installation, but for what stands in for what."""
        redis = f"redis://:{self.secret('redis')}@{HOST}:{self.ports['redis']}"
        return {
            "SECRET_KEY": self.secret("secret-key"),
            "ENCRYPTION_KEYS": self.secret("encryption-key"),
            "PORTAL_URL": self.url,
            "ALLOWED_HOSTS": f"{HOST} localhost",
            "HELPDESK_EMAIL": "it-helpdesk@kommunen.example",
            "STATIC_ROOT": str(self.folder / "static"),
            "DATABASE_URL": postgres.url(self.ports["postgres"], self.secret("postgres")),
            "REDIS_URL": f"{redis}/1",
            "CELERY_BROKER_URL": f"{redis}/0",
            **self.directory.environment(),
            "SMS_GATEWAYS": (self.folder / "sms").as_uri(),
            "EMAIL_URL": f"smtp://{USER}:{self.secret('mail')}@{HOST}:{self.ports['mail']}",
            "DEFAULT_FROM_EMAIL": "losenord@kommunen.example",
        }

    def environment(self) -> dict[str, str]:
        """Of the portal's processes: that of every program, and the settings."""
        return postgres.own_environment() | self.settings()

    def programs(self) -> list[Program]:
        """The servers first; they end last. The last four are those of deploy/systemd."""
        run = str(self.folder / "run")
        celery = [run, str(BIN / "celery"), "--quiet", "-A", "idportal"]
        worker = [*celery, "worker", "--concurrency", "2"]
        gunicorn = [run, str(BIN / "gunicorn"), "--config", "deploy/gunicorn.conf.py"]
        listen = f"{self.directory.url}/"
        mail = ["-m", "deploy.local.mail_server", str(self.ports["mail"]), USER, self.folder / "secrets" / "mail"]
        found = shutil.which("redis-server")
        slapd = shutil.which("slapd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        if found is None or slapd is None:
            raise CannotStart("redis-server or slapd is missing: deploy/debian/install test")
        return [
            Program("postgres", postgres.command(self.postgres_folder(), self.ports["postgres"]), True, "INT", 60),
            Program("redis", _bound([found, str(self.folder / "redis.conf")]), True),
            Program("slapd", _bound([slapd, "-f", str(self.folder / "slapd/slapd.conf"), "-h", listen, "-d0"]), True),
            Program("mail", _bound([sys.executable, *map(str, mail), str(self.folder / "mail")]), True),
            Program("worker", _bound([*worker, "-Q", "celery", "--hostname", "worker@%h"]), stop_seconds=130),
            Program("outbox", _bound([*worker, "-Q", "outbox", "--hostname", "outbox@%h"]), stop_seconds=130),
            Program("beat", _bound([*celery, "beat", "--pidfile=", "--schedule", str(self.folder / "beat")])),
            Program("web", _bound([*gunicorn, "--bind", f"{HOST}:{self.port}"]), stop_seconds=40),
        ]

    def _write_redis_config(self) -> None:
        config = self.folder / "redis.conf"
        config.touch(mode=0o600)
        config.write_text(
            f"bind {HOST}\nport {self.ports['redis']}\nrequirepass {self.secret('redis')}\n"
            f'save 60 1\ndir "{self.folder}"\ndbfilename redis.rdb\n',
            encoding="utf-8",
        )

    def _write_settings(self) -> None:
        """``run COMMAND`` gives a command the settings: the portal's processes, and nobody else, have them.

        Whoever a server runs as can read the environment that it was given. ``manage doctor`` is for people.
        """
        exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in self.settings().items())
        self._write_script("run", f'{exports}exec "$@"\n')
        command = [str(self.folder / "run"), sys.executable, str(ROOT / "manage.py")]
        self._write_script("manage", f'exec {shlex.join(command)} "$@"\n')

    def _write_script(self, name: str, text: str) -> None:
        """For its owner only."""
        script = self.folder / name
        script.touch(mode=0o700)
        script.write_text(f"#!/bin/sh\n{text}", encoding="utf-8")


def _bound(command: list[str]) -> list[str]:
    """The command, so that it ends with supervisor also if that is killed."""
    return ["setpriv", "--pdeathsig", "TERM", *command]


def _others_reach(folder: Path) -> bool:
    """Whether PostgreSQL's user can enter the folder: true but for root, where the folder is closed to others."""
    asked = ["setpriv", *postgres.as_user(), "test", "-x", str(folder)]
    return subprocess.run(asked, check=False, cwd="/").returncode == 0  # noqa: S603 - our own arguments
