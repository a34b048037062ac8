"""The installation under test: the shipped commands of a tree, with servers of their own.

The commands are those of ``deploy/systemd``, the settings those of production. Of the tree no more is asked than these,
its settings by environment, its loader for the sample, and that users and numbers are what they are: so that any commit
can be measured.
"""

from __future__ import annotations

import http.client
import json
import math
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import psycopg

from deploy.local import slapd
from deploy.local.databases import USER, Postgres, Redis
from deploy.local.server import HOST, bound, free_port, own_environment
from tests.bench import people
from tests.servers.private import Private, PrivateSlapd
from tests.servers.processes import ROOT

PORTAL = "losenord.kommunen.example"
START_TIMEOUT = 90.0  # seconds

# The tree's own loader; then numbers for more people, all at once.
LOAD = """
import json, sys
from deploy.local import load
load.main()
from accounts import directory
from accounts.models.codes import digest
from accounts.models import Phone, User
numbers = json.load(sys.stdin)
ids = {each.username: each.id for each in directory.connect().accounts()}
users = User.objects.bulk_create(User(directory_id=ids[name], username=name) for name in numbers)
given = [(user, numbers[user.username]) for user in users]
Phone.objects.bulk_create(Phone(user=user, number=its, number_digest=digest(its, "number")) for user, its in given)
"""


class BenchPostgres(Private, Postgres):
    """As PostgreSQL comes, with its counts of statements, which are turned on when they are needed.

    The portal reaches it as ``deploy/env/idportal.env`` says: by its socket.
    """

    password = "bench"
    stop_signal = "QUIT"  # at once: nobody misses the data

    @property
    def sockets(self) -> str:  # type: ignore[override]
        return str(self.folder)

    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": f"postgresql://{USER}:{self.password}@:{self.port}/{self.sockets}/{USER}"}

    def prepare(self) -> None:
        super().prepare()
        with (self.folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as config:
            config.write("shared_preload_libraries = 'pg_stat_statements'\npg_stat_statements.track = none\n")


class BenchRedis(Private, Redis):
    password = "bench"


class BenchSlapd(PrivateSlapd):
    """Tells its root how many operations it did."""

    size = 1 << 30

    def prepare(self) -> None:
        super().prepare()
        config = self.folder / "slapd.conf"
        monitor = f'\ndatabase monitor\naccess to * by dn.exact="{slapd.ROOT}" read by * none\n'
        if monitor not in (text := config.read_text(encoding="utf-8")):
            config.write_text(text + monitor, encoding="utf-8")


class Load:
    """The process that makes the load (tests/bench/client.py)."""

    def __init__(self, port: int) -> None:
        command = bound([sys.executable, "-m", "tests.bench.client", str(port), PORTAL])
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, start_new_session=True)
        self.addresses = self._answer()

    def ask(self, do: str, **order: object) -> dict[str, Any]:
        """Raises RuntimeError if the process gave up, with its last words on the screen."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **order}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the client ended")
        answer: dict[str, Any] = json.loads(line)
        return answer


class Installation:
    """A context manager: it runs as long as the context lasts, for so many people."""

    def __init__(self, count: int, tree: Path = ROOT, python: str = sys.executable) -> None:
        self.count, self.tree, self.bin = count, tree, Path(python).parent
        self.port = free_port()
        self.families: dict[str, int] = {}  # the first process of each
        self.next = 0  # the first person who wasn't taken yet
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="idportal-bench-")))
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="idportal-bench-postgres-")))
            self.folder = folder
            self.load = Load(self.port)
            stack.callback(self.load.stop)
            cast = people.people(self.count)
            self.postgres = stack.enter_context(BenchPostgres(data))
            self.redis = stack.enter_context(BenchRedis(folder / "redis"))
            self.slapd = stack.enter_context(BenchSlapd(folder / "slapd", (*slapd.cast.CAST, *cast)))
            for server in (self.postgres, self.redis, self.slapd):
                self.families[server.name] = server.pid
            self._compile()
            self._fill({one.username: one.phone for one in cast})
            self._sql = stack.enter_context(psycopg.connect(self.postgres.url, autocommit=True))
            stack.callback(self._stop)
            self._start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def take(self, most: int) -> tuple[int, int]:
        """The first of the people who are left, and how many of them there are, ``most`` at most."""
        return self.next, min(most, self.count - self.next)

    def events(self) -> int:
        """How many the trail holds."""
        row = self._sql.execute("SELECT count(*) FROM accounts_auditevent").fetchone()
        assert row is not None
        return int(row[0])

    @property
    def portal(self) -> dict[str, int]:
        """The portal's own processes, as ``families``."""
        return {name: self.families[name] for name in self._processes}

    def environment(self) -> dict[str, str]:
        """Production's settings, with limits that one machine's load does not reach."""
        given = {
            "DJANGO_SETTINGS_MODULE": "idportal.settings",
            "SECRET_KEY": "q7Gf0-1bYv3nXw9zKd5sRt2mPc8aLh4eJu6oTi_QBxNyEgVrWk",
            "ENCRYPTION_KEYS": "Zb4-9kXoP2wQmC7vNf1sLr8tYe5aUj3hGd6iKx0_RzEqMyTbWp",
            "PORTAL_URL": f"https://{PORTAL}",
            "TRUSTED_PROXIES": HOST,
            "HELPDESK_EMAIL": "it-helpdesk@kommunen.example",
            "DEFAULT_FROM_EMAIL": "losenord@kommunen.example",
            "SMS_GATEWAYS": self.load.addresses["sms"],
            "EMAIL_URL": self.load.addresses["mail"],
            "SMS_DAILY_LIMIT": "1000000",
            "STATIC_ROOT": str(self.folder / "static"),
        }
        for server in (self.postgres, self.redis, self.slapd):
            given |= server.environment()
        return {**own_environment(), **given}

    def _compile(self) -> None:
        """As an installation by pip does: else each process compiles what it loads, and holds more memory after it."""
        command = [str(self.bin / "python"), "-m", "compileall", "-q", "-j", "0", str(self.bin.parent / "lib")]
        subprocess.run([*command, str(self.tree)], check=False, stdout=subprocess.DEVNULL)

    def _fill(self, numbers: dict[str, str]) -> None:
        subprocess.run(
            [str(self.bin / "python"), "-c", LOAD],
            input=json.dumps(numbers).encode(),
            env=self.environment(),
            cwd=self.tree,
            check=True,
        )

    def _start(self) -> None:
        for name, (command, values) in units(self.tree / "deploy" / "systemd", self._places()).items():
            more = ["--bind", f"{HOST}:{self.port}"] if name == "web" else []
            with (self.folder / f"{name}.log").open("wb") as log:
                self._processes[name] = subprocess.Popen(
                    bound([*command, *more]),
                    env={**self.environment(), **values},
                    cwd=self.tree,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            self.families[name] = self._processes[name].pid
        deadline = time.monotonic() + START_TIMEOUT
        while not self._is_ready():
            if time.monotonic() > deadline or any(each.poll() is not None for each in self._processes.values()):
                raise RuntimeError(f"the portal did not start:\n{self.last_words()}")
            time.sleep(0.1)

    def _places(self) -> dict[str, str]:
        """Where a unit's places lie here."""
        return {
            "/opt/idportal/current/venv/bin": str(self.bin),
            "/opt/idportal/current": str(self.tree),
            "/var/lib/idportal": str(self.folder),
            "%H": "bench",
        }

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=10)
        try:
            connection.request("GET", "/healthz/ready", headers={"Host": PORTAL, "X-Forwarded-Proto": "https"})
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def last_words(self) -> str:
        """The end of each process's log."""
        logs = [(name, (self.folder / f"{name}.log").read_text(encoding="utf-8")) for name in self._processes]
        return "\n".join(f"{name}: {text[-1000:]}" for name, text in logs)

    def _stop(self) -> None:
        """At once: nothing that they do is missed."""
        for process in self._processes.values():
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def units(folder: Path, places: dict[str, str]) -> dict[str, tuple[list[str], dict[str, str]]]:
    """Command and environment of each service of the folder, by its name without "idportal-".

    A service that conflicts with another one of them is there to be run instead of it, by choice: it is left out.
    """
    found = {}
    for file in sorted(folder.glob("idportal-*.service")):
        first: list[str] = []
        command: list[str] = []
        values: dict[str, str] = {}
        text = file.read_text(encoding="utf-8").replace("\\\n", " ")
        if re.search(r"^Conflicts=.*\bidportal-", text, re.MULTILINE):
            continue
        for place, here in places.items():
            text = text.replace(place, here)
        for line in text.splitlines():
            name, _, value = line.partition("=")
            if name == "ExecStart":
                command = shlex.split(value)
            elif name == "Nice":
                first = _first(int(value))
            elif name == "CPUWeight":
                first = _first(round(-math.log(int(value) / 100, 1.25)))
            elif name == "Environment":
                values |= dict(word.split("=", 1) for word in shlex.split(value))
        found[file.stem.removeprefix("idportal-")] = ([*first, *command], values)
    return found


def _first(nice: int) -> list[str]:
    """The words before a command that give it its share of the processors.

    Each has a session of its own, and so a group of its own for Linux, among which nothing but this decides: as among
    services. To take more than the others' share is root's to do; without that all are alike.
    """
    return ["/bin/sh", "-c", '{ echo "$0" >/proc/self/autogroup; } 2>/dev/null; exec "$@"', str(nice)]
