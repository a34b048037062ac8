"""The stack: PostgreSQL, Redis, web, both workers and beat as in production, and a server that keeps each mail."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import redis

from deploy.local import files, postgres
from deploy.local.installation import Installation, Program
from deploy.local.process import HOST, CannotStart, bound, free_port, program, say

USER = "idportal"  # of Redis' and the mail server's password, as of PostgreSQL's


class Stack(Installation):
    name = "stack"
    title = "stacken"
    mark = "stack"

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(folder, port)
        self.ports = {name: free_port() for name in ("postgres", "redis", "mail")}

    def prepare(self) -> None:
        super().prepare()
        made = self.folder / "postgres-made"
        if not made.exists():
            data = self.postgres_folder()
            shutil.rmtree(data / "data", ignore_errors=True)  # half made: the last first start was interrupted
            postgres.initialise(data, self.secret("postgres"))
            made.touch()
        files.write(
            self.folder / "redis.conf",
            f"bind {HOST}\nport {self.ports['redis']}\nrequirepass {self.secret('redis')}\n"
            f'save 60 1\ndir "{self.folder}"\ndbfilename redis.rdb\n',
        )
        if (self.folder / "postgres").is_symlink():
            say(
                f"PostgreSQL kör inte som root och når inte {self.folder}: dess data ligger i {self.postgres_folder()}."
                "\nPostgreSQL does not run as root and can't reach that folder: its data are in the other one."
            )

    def forget(self) -> None:
        place = self.folder / "postgres"
        if place.is_symlink():
            shutil.rmtree(place.resolve(), ignore_errors=True)
        super().forget()

    def postgres_folder(self) -> Path:
        """Where PostgreSQL keeps its data: in the folder, or where the user postgres can reach them."""
        place = self.folder / "postgres"
        if place.is_symlink() and not place.exists():
            raise CannotStart(
                f"{place} pekar på en mapp som inte finns. Börja om: python -m deploy.local stack --fresh\n"
                f"{place} points to a folder that is gone. Start afresh: python -m deploy.local stack --fresh"
            )
        if not place.exists():
            if _others_reach(self.folder):
                place.mkdir(mode=0o700)
            else:
                place.symlink_to(tempfile.mkdtemp(prefix="idportal-stack-", dir="/var/tmp"))
        return place.resolve()

    def settings(self) -> dict[str, str]:
        redis_url = f"redis://:{self.secret('redis')}@{HOST}:{self.ports['redis']}"
        return {
            **super().settings(),
            "STATIC_ROOT": str(self.folder / "static"),
            "DATABASE_URL": postgres.url(self.ports["postgres"], self.secret("postgres")),
            "REDIS_URL": f"{redis_url}/1",
            "CELERY_BROKER_URL": f"{redis_url}/0",
            "EMAIL_URL": f"smtp://{USER}:{self.secret('mail')}@{HOST}:{self.ports['mail']}",
        }

    def programs(self) -> list[Program]:
        """Those of the portal are the units of deploy/systemd."""
        database = postgres.command(self.postgres_folder(), self.ports["postgres"])
        store = bound([program("redis-server", "redis-server"), str(self.folder / "redis.conf")])
        sink = [sys.executable, "-m", "deploy.local.mail_server", str(self.ports["mail"]), USER]
        sink += [str(self.folder / "secrets" / "mail"), str(self.folder / "mail")]
        celery = ("celery", "--quiet", "-A", "idportal")
        worker = (*celery, "worker", "--concurrency", "2")
        codes = self.portal(*worker, "-Q", "celery", "--hostname", "worker@%h")
        outbox = self.portal(*worker, "-Q", "outbox", "--hostname", "outbox@%h")
        beat = self.portal(*celery, "beat", "--pidfile=", "--schedule", str(self.folder / "beat"))
        return [
            Program("postgres", database, self._has_database, server=True, stop_signal="INT", stop_seconds=60),
            Program("redis", store, self._has_store, server=True),
            *super().programs(),
            Program("mail", bound(sink), self._takes_mail, server=True),
            Program("worker", codes, stop_seconds=130),
            Program("outbox", outbox, stop_seconds=130),
            Program("beat", beat),
            self.web(),
        ]

    def _has_database(self) -> bool:
        return postgres.create_database(self.ports["postgres"], self.secret("postgres"))

    def _has_store(self) -> bool:
        try:
            store = redis.Redis(host=HOST, port=self.ports["redis"], password=self.secret("redis"))
            return bool(store.ping())
        except redis.RedisError:
            return False

    def _takes_mail(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self.ports["mail"])) == 0


def _others_reach(folder: Path) -> bool:
    """Whether PostgreSQL's user can enter the folder: true but for root, where the folder is closed to others."""
    asked = ["setpriv", *postgres.as_user(), "test", "-x", str(folder)]
    return subprocess.run(asked, check=False, cwd="/").returncode == 0  # noqa: S603 - our own arguments
