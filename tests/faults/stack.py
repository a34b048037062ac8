"""The installation in which faults are caused: all servers, the portal's units, and nginx in front."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import psycopg
from celery import Celery
from kombu import Queue

from deploy.local import cast, files
from deploy.local.server import HOST, bound, free_port, own_environment, program
from tests.bench import people
from tests.bench.installation import LOAD, PORTAL, units
from tests.faults.browser import Browser
from tests.faults.databases import Primary, Standby, both
from tests.faults.directories import Directories, Swallower
from tests.faults.units import Logs, Unit, Units
from tests.servers.dovecot import TestDovecot
from tests.servers.nginx import configuration
from tests.servers.processes import ROOT
from tests.servers.sentinel import MASTER, WatchedRedis
from tests.servers.smsgateway import SmsGateway
from tests.servers.smtp import PrivateSmtp

START_TIMEOUT = 90.0  # seconds
PEOPLE = 1600
HELPDESK = "it-helpdesk@kommunen.example"
AUTHSERV = "mx.kommunen.example"
SENTINEL_PATIENCE = 6000  # milliseconds; a restart, of two seconds and more, is no reason to take another Redis


def password(index: int) -> str:
    """The present one. Each has another: one that many try is no person's."""
    return f"Tallkotte-{index:05}-Stig"


def crowd() -> tuple[cast.Person, ...]:
    """Those with an even number have a mobile on file and reset, the others register. Nobody's password has run out."""
    return tuple(
        dataclasses.replace(
            person,
            password=password(index),
            phone=person.phone if index % 2 == 0 else "",
            days_left=max(3, person.days_left or 0),
        )
        for index, person in enumerate(people.people(PEOPLE))
    )


class FaultyStack:
    """A context manager: it runs as long as the context lasts."""

    swallower: Swallower | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            folder = self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="idportal-faults-")))
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="idportal-faults-postgres-")))
            data.chmod(0o755)  # PostgreSQL runs as another user
            self._servers(stack, folder, data)
            everybody = crowd()
            self.directories = Directories(folder, (*cast.CAST, *everybody))
            for server in (self.directories.first, self.directories.second):
                stack.enter_context(server)
            self._fill({person.username: person.phone for person in everybody if person.phone})
            stack.enter_context(self.standby)
            self.queue = Celery("faults", set_as_current=False, broker=self.redis.url(0))
            self.queue.conf.update(
                task_queues=[Queue("outbox", routing_key="outbox")],
                broker_transport_options={"master_name": MASTER, "socket_timeout": 5, "max_retries": 1},
            )
            self.units = self._units()
            stack.callback(self.units.stop)
            self.units.start()
            self.logs = Logs(self.units)
            self._nginx(stack)
            self.wait_until_ready()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Of the database, past the portal."""
        with psycopg.connect(self.database_url, connect_timeout=3, autocommit=True) as connection:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def browser(self, index: int) -> Browser:
        """At an address of that person's own."""
        return self._browser(f"127.8.{index // 250}.{index % 250 + 1}")

    def _browser(self, address: str) -> Browser:
        return Browser(self.https, PORTAL, self.folder / "tls" / "ca.pem", address)

    def due(self) -> None:
        """What beat says each minute, and once in the morning."""
        for task in ("notifications.tasks.sweep", "notifications.tasks.send_digests", "helpdesk.tasks.fetch_mail"):
            self.queue.send_task(task, queue="outbox")

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, env=self.as_owner(), cwd=ROOT, check=False, capture_output=True)

    def environment(self) -> dict[str, str]:
        """Production's settings, but that a try is repeated after seconds, and that the limits are out of reach."""
        given = {
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "SECRET_KEY": "q7Gf0-1bYv3nXw9zKd5sRt2mPc8aLh4eJu6oTi_QBxNyEgVrWk",
            "ENCRYPTION_KEYS": "Zb4-9kXoP2wQmC7vNf1sLr8tYe5aUj3hGd6iKx0_RzEqMyTbWp",
            "PORTAL_URL": f"https://{PORTAL}",
            "TRUSTED_PROXIES": HOST,
            "HELPDESK_EMAIL": HELPDESK,
            "HELPDESK_AUTHSERV_ID": AUTHSERV,
            "DEFAULT_FROM_EMAIL": "losenord@kommunen.example",
            "SMS_GATEWAYS": f"{self.gateways[0].json_url} {self.gateways[1].form_url}",
            "SMS_DAILY_LIMIT": "1000000",
            "SMS_ALLOWED_REGIONS": "SE US",
            "LIMIT_ACCOUNTS_PER_NUMBER": "1000",
            "EMAIL_URL": self.smtp.url,
            "STATIC_ROOT": str(self.folder / "static"),
            "DATABASE_URL": both(self.postgres, self.standby, owner=False),
            "REDIS_URL": self.redis.url(1),
            "CELERY_BROKER_URL": self.redis.url(0),
            **self.mailbox.dovecot.environment(),
            **self.directories.environment(),
        }
        return {**own_environment(), **given}

    def as_owner(self) -> dict[str, str]:
        """As the database's owner, who migrates."""
        return {**self.environment(), "DATABASE_URL": self.database_url}

    def _servers(self, stack: ExitStack, folder: Path, data: Path) -> None:
        self.postgres = Primary(data / "first")
        stack.callback(self.postgres.unmount)
        stack.enter_context(self.postgres)
        self.standby = Standby(data / "second", self.postgres)
        self.database_url = both(self.postgres, self.standby, owner=True)
        (folder / "redis").mkdir()
        self.redis = stack.enter_context(WatchedRedis(folder / "redis", SENTINEL_PATIENCE))
        self.gateways = [stack.enter_context(SmsGateway()) for _ in range(2)]
        self.smtp = stack.enter_context(PrivateSmtp(folder / "smtp"))
        self.mailbox = TestDovecot(folder / "dovecot")
        stack.callback(self.mailbox.stop)
        self.mailbox.start()

    def _fill(self, numbers: dict[str, str]) -> None:
        command = [sys.executable, "-c", LOAD]
        given = json.dumps(numbers).encode()
        ran = subprocess.run(command, input=given, env=self.as_owner(), cwd=ROOT, check=False, capture_output=True)
        if ran.returncode:
            raise RuntimeError(f"the database was not filled: {ran.stderr.decode()[-2000:]}")

    def _units(self) -> Units:
        self.web = free_port()
        places = {
            "/opt/idportal/current/venv/bin": str(Path(sys.executable).parent),
            "/opt/idportal/current": str(ROOT),
            "/var/lib/idportal": str(self.folder),
            "%H": "faults",
        }
        made = []
        for name, (command, values) in units(ROOT / "deploy" / "systemd", places).items():
            more = ["--bind", f"{HOST}:{self.web}"] if name == "web" else []
            environment = {**self.environment(), **values}
            made.append(Unit(name, [*command, *more], environment, self.folder / f"{name}.log"))
        return Units(made)

    def _nginx(self, stack: ExitStack) -> None:
        self.https = free_port()
        names = (PORTAL, "pwreg.kommunen.example", "pwreset.kommunen.example")
        files.make_certificate(self.folder / "tls", *names)
        config = self.folder / "nginx.conf"
        text = configuration(ROOT, self.folder, http=free_port(), https=self.https, web=self.web)
        config.write_text(text, encoding="utf-8")
        command = [program("nginx", "nginx"), "-e", f"{self.folder}/error.log", "-c", str(config)]
        process = subprocess.Popen(bound(command), start_new_session=True)
        stack.callback(process.wait)
        stack.callback(process.terminate)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        monitor = self._browser(HOST)
        while monitor.get("/healthz/ready").status != 200:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the portal did not start:\n{self.last_words()}")
            time.sleep(0.2)

    def last_words(self) -> str:
        logs = [(unit.name, unit.log_file.read_text(encoding="utf-8")) for unit in self.units.all.values()]
        return "\n".join(f"{name}: {text[-1500:]}" for name, text in logs)
