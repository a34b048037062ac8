"""The demo is one process with SQLite; the stack has PostgreSQL, Redis, workers and beat, as in production.

Each has a folder, its secrets, the servers around the portal, and the portal's settings.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import requests

from deploy.local import files, sites
from deploy.local.databases import Postgres, Redis, as_user
from deploy.local.dovecot import Dovecot
from deploy.local.mail_server import MailServer
from deploy.local.server import HOST, CannotStart, LocalServer, bound, say
from deploy.local.slapd import Slapd

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
LAYOUT = "3"  # of the demo's folder. A demo with another layout begins anew


class Installation:
    """An installation in a folder. ``prepare`` makes its files; supervisor runs ``servers`` and ``processes``."""

    name = ""  # on the command line
    title = ""  # in a Swedish sentence
    mark = ""  # the file by which the folder is recognised
    web_options: tuple[str, ...] = ()

    def __init__(self, folder: Path, port: int, site: str = sites.FIRST) -> None:
        self.folder = folder
        self.port = port
        self.site = site
        self.url = f"http://{HOST}:{port}"
        self.mailbox = Dovecot(folder / "dovecot")
        # In the order in which they start. They end the other way round, after the portal's processes.
        self.servers: list[LocalServer] = [Slapd(folder / "slapd"), self.mailbox]

    def require_own_folder(self) -> None:
        """Raises CannotStart if the folder holds something else."""
        if self.folder.exists() and any(self.folder.iterdir()) and not (self.folder / self.mark).exists():
            raise CannotStart(
                f"{self.folder} hör inte till {self.title}. Välj en annan mapp.\n"
                f"That folder is not the {self.name}'s. Choose another one."
            )

    def stamp(self) -> str:
        """The mark's text. Data with another one are too old to use."""
        return ""

    def is_outdated(self) -> bool:
        mark = self.folder / self.mark
        return mark.exists() and mark.read_text(encoding="ascii") != self.stamp()

    def forget(self) -> None:
        """Removes the data of an earlier start."""
        self.mailbox.tidy()
        shutil.rmtree(self.folder, ignore_errors=True)

    def prepare(self) -> None:
        """Makes folders, secrets, the servers' data and configuration; existing data stay.

        ``run COMMAND`` gives a command the settings; ``manage doctor`` is for people. Only the portal's processes get
        them: a server's environment could be read by the user that it runs as.
        """
        self.folder.mkdir(mode=0o700, exist_ok=True)
        (self.folder / self.mark).write_text(self.stamp(), encoding="ascii")
        for name in ("log", "mail", "secrets", "sms"):
            (self.folder / name).mkdir(mode=0o700, exist_ok=True)
        for server in self.servers:
            server.prepare()
        exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in self.settings().items())
        files.write(self.folder / "run", f'#!/bin/sh\n{exports}exec "$@"\n', 0o700)
        command = shlex.join([str(self.folder / "run"), sys.executable, str(ROOT / "manage.py")])
        files.write(self.folder / "manage", f'#!/bin/sh\nexec {command} "$@"\n', 0o700)

    def as_owner(self, *command: str) -> list[str]:
        """A command with the portal's settings, as the owner of the database."""
        return self.portal(*command)

    def secret(self, name: str) -> str:
        return files.secret(self.folder / "secrets" / name)

    def settings(self) -> dict[str, str]:
        """The environment of the portal's processes."""
        settings = {
            "DJANGO_SETTINGS_MODULE": "deploy.local.settings",
            "DEMO_FOLDER": str(self.folder),
            "SECRET_KEY": self.secret("secret-key"),
            "ENCRYPTION_KEYS": self.secret("encryption-key"),
            "PORTAL_URL": self.url,
            "ALLOWED_HOSTS": f"{HOST} localhost",
            **sites.settings_of(self.site),
            "HELPDESK_AUTHSERV_ID": "mx.demo.example",  # whose word on the sender of a mail is believed
            "SMS_GATEWAYS": (self.folder / "sms").as_uri(),
            # Seconds. 15 minutes are too long for a trial.
            "PHONE_LINK_HOLD": os.environ.get("PHONE_LINK_HOLD", "120"),
            # gunicorn and celery use setproctitle if it is there; it must not wipe what /proc/PID/environ shows.
            "SPT_NOENV": "1",
        }
        for server in self.servers:
            settings |= server.environment()
        return settings

    def processes(self) -> dict[str, list[str]]:
        """The portal's own, in the order in which they start."""
        listen = ["--config", "deploy/gunicorn.conf.py", "--bind", f"{HOST}:{self.port}"]
        return {"web": self.portal("gunicorn", *listen, *self.web_options)}

    def portal(self, *command: str) -> list[str]:
        """A command of the Python environment, with the portal's settings."""
        return bound([str(self.folder / "run"), str(BIN / command[0]), *command[1:]])

    def is_ready(self) -> bool:
        """Whether the portal serves pages, with all that it needs."""
        try:
            return requests.get(f"{self.url}/healthz/ready", timeout=10).status_code == requests.codes.ok
        except requests.RequestException:
            return False


class Demo(Installation):
    """It begins anew each day: the sample passwords run out so many days from the day on which they are loaded, and
    the table on /demo/ promises how many.
    """

    name = "demo"
    title = "demon"
    mark = "day"
    web_options = ("--workers=1",)  # without Redis it alone knows of the limits by address

    def stamp(self) -> str:
        return f"{datetime.now(ZoneInfo('Europe/Stockholm')).date().isoformat()} {LAYOUT}"

    def settings(self) -> dict[str, str]:
        return {
            **super().settings(),
            "DEBUG": "1",
            "DATABASE_URL": f"sqlite:///{self.folder / 'db.sqlite3'}",
            "EMAIL_URL": f"filemail://{self.folder / 'mail'}",
        }


class Stack(Installation):
    name = "stack"
    title = "stacken"
    mark = "stack"

    def __init__(self, folder: Path, port: int, site: str = sites.FIRST) -> None:
        super().__init__(folder, port, site)
        self.postgres = Postgres(folder / "postgres")
        self.databases = (self.postgres, Redis(folder))
        self.servers = [*self.databases, MailServer(folder), *self.servers]

    def prepare(self) -> None:
        (self.folder / "secrets").mkdir(mode=0o700, parents=True, exist_ok=True)
        for server in self.databases:
            server.password = self.secret(server.name)
        self.postgres.portal_password = self.secret("postgres-portal")
        self.postgres.folder = self._postgres_folder()
        super().prepare()

    def forget(self) -> None:
        place = self.folder / "postgres"
        if place.is_symlink():
            shutil.rmtree(place.resolve(), ignore_errors=True)
        super().forget()

    def settings(self) -> dict[str, str]:
        return {**super().settings(), "STATIC_ROOT": str(self.folder / "static")}

    def as_owner(self, *command: str) -> list[str]:
        script = self.folder / "as-owner"  # the password is no argument, which others could read
        url = shlex.quote(self.postgres.url)
        files.write(script, f'#!/bin/sh\nexport DATABASE_URL={url}\nexec "$@"\n', 0o700)
        return self.portal(str(script), *command)

    def processes(self) -> dict[str, list[str]]:
        """Those of the units of deploy/systemd."""
        worker = ("python", "-m", "idportal", "worker", "--concurrency", "2")
        beat = ("python", "-m", "idportal", "beat", "--pidfile=")
        return {
            "worker": self.portal(*worker, "-Q", "celery", "--hostname", "worker@%h"),
            "outbox": self.portal(*worker, "-Q", "outbox", "--hostname", "outbox@%h"),
            "beat": self.portal(*beat, "--schedule", str(self.folder / "beat")),
            **super().processes(),
        }

    def _postgres_folder(self) -> Path:
        """Where PostgreSQL keeps its data: in the folder, or where its user can reach them if we are root."""
        place = self.folder / "postgres"
        if place.is_symlink() and not place.exists():
            raise CannotStart(
                f"{place} pekar på en mapp som inte finns. Börja om: python -m deploy.local stack --fresh\n"
                f"{place} points to a folder that is gone. Start afresh: python -m deploy.local stack --fresh"
            )
        reach = ["setpriv", *as_user(), "test", "-x", str(self.folder)]
        if not place.exists() and subprocess.run(reach, check=False, cwd="/").returncode:  # noqa: S603
            place.symlink_to(tempfile.mkdtemp(prefix="idportal-stack-", dir="/var/tmp"))
        if place.is_symlink():
            say(
                f"PostgreSQL kör inte som root och når inte {self.folder}: dess data ligger i {place.resolve()}."
                "\nPostgreSQL does not run as root and can't reach that folder: its data are in the other one."
            )
        return place.resolve()
