"""A private PostgreSQL in a folder, on a free loopback port. Nothing of the system's own cluster is touched.

``python -m tests.servers.postgres COMMAND…`` runs a command with ``DATABASE_URL`` pointing to such a server.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy.local.databases import Postgres
from deploy.local.server import bound
from tests.servers.private import Private

# Faster, and safe for data that nobody misses: what a power cut takes is thrown away anyhow.
SPEED = ("--fsync=off", "--synchronous_commit=off", "--full_page_writes=off")


class PrivatePostgres(Private, Postgres):
    """PostgreSQL with its data in ``folder``, reached through ``url``.

    Root's folder is given to the user ``postgres``, who must be able to reach it: not below a folder that is closed
    to others.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.password = self.portal_password = secrets.token_urlsafe(16)

    def command(self) -> list[str]:
        return [*super().command(), *SPEED]


def main(command: list[str]) -> int:
    """Run the command with a server of its own, and return its exit code."""
    with (
        tempfile.TemporaryDirectory(prefix="idportal-postgres-") as folder,
        PrivatePostgres(Path(folder)) as server,
    ):
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL_FILE"}
        environment["DATABASE_URL"] = server.url
        # Should this process be killed, the command ends too: its database is gone.
        return subprocess.run(bound(command), check=False, env=environment).returncode


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] == ["--"]:
        del arguments[0]
    if not arguments:
        sys.exit("usage: python -m tests.servers.postgres COMMAND…")
    sys.exit(main(arguments))
