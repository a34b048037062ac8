"""PostgreSQL and its standby. The first one's disk is small, where this process may mount one."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path

import psycopg

from deploy.local.databases import PORTAL, USER, Postgres, as_user
from deploy.local.server import HOST, program
from tests.servers.private import Private

SLOT = "standby"
DISK = 400  # MB: a cluster, its journal, and the standby's slot
# A killed process loses nothing without fsync, only a machine does. The journal must fit on the disk.
OPTIONS = ("--fsync=off", "--max_wal_size=64MB", "--min_wal_size=32MB", "--max_slot_wal_keep_size=96MB")


class Primary(Private, Postgres):
    """``has_disk``: whether its data lie on a disk of their own, which ``fill`` makes full."""

    password, portal_password = "faults", "faults-portal"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}m,mode=755", "tmpfs", str(folder)]
        self.has_disk = not subprocess.run(mount, check=False, capture_output=True).returncode

    def command(self) -> list[str]:
        return [*super().command(), *OPTIONS]

    def unmount(self) -> None:
        if self.has_disk:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False, capture_output=True)

    def fill(self) -> None:
        """Until nothing more fits, and begins another file of the journal, for which there is no room."""
        with suppress(OSError), self._ballast.open("wb", buffering=0) as file:
            while file.write(bytes(1 << 20)):
                pass
        with suppress(psycopg.Error), psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SELECT pg_switch_wal()")

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def commit_on_standby_too(self) -> None:
        """From now on, as an installation with a standby should."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"


class Standby(Private, Postgres):
    """Follows the primary until it is promoted."""

    name = "standby"
    password = Primary.password

    def __init__(self, folder: Path, primary: Primary) -> None:
        super().__init__(folder)
        self.primary = primary

    def prepare(self) -> None:
        if (self.folder / "data").exists():
            return
        self.folder.mkdir(mode=0o755)
        if os.getuid() == 0:
            subprocess.run(["chown", "postgres:", str(self.folder)], check=True)
        copy = [
            program("pg_basebackup", "postgresql-client-common"),
            "-d",
            self.primary.url,
            "-D",
            f"{self.folder}/data",
            "-c",
            "fast",
        ]
        copy += ["-R", "-C", "-S", SLOT, "--no-sync"]
        subprocess.run(["setpriv", *as_user(), *copy], check=True, cwd="/", capture_output=True)

    def command(self) -> list[str]:
        return [*super().command(), *OPTIONS]

    def answers(self) -> bool:
        """The server makes no database: it has the primary's."""
        with suppress(psycopg.Error), psycopg.connect(self.url, connect_timeout=2):
            return True
        return False

    def promote(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SELECT pg_promote(wait => true)")


def both(primary: Primary, standby: Standby, *, owner: bool) -> str:
    """The one DATABASE_URL of the two: of the owner, or of the role that web and workers have."""
    role = f"{USER}:{primary.password}" if owner else f"{PORTAL}:{primary.portal_password}"
    hosts = f"{HOST}:{primary.port},{HOST}:{standby.port}"
    return f"postgresql://{role}@{hosts}/{USER}?target_session_attrs=read-write"
