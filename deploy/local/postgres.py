"""A private PostgreSQL with its data in a folder, for the stack and the tests. The system's own cluster stays as it is.

PostgreSQL refuses to run as root. For root it runs as the user ``postgres``, who owns the folder and must reach it.
"""

from __future__ import annotations

import os
import pwd
import re
import subprocess
from pathlib import Path

from deploy.local import files
from deploy.local.process import own_environment, program

DATABASE = USER = "idportal"


def url(port: int, password: str) -> str:
    """For ``DATABASE_URL``."""
    return f"postgresql://{USER}:{password}@127.0.0.1:{port}/{DATABASE}"


def initialise(folder: Path, password: str) -> None:
    """Makes the cluster in ``folder/data``, with one role. Raises RuntimeError with PostgreSQL's words."""
    # A password, since other people may be logged in on this machine.
    secret = folder / "password"
    files.write(secret, password)
    if os.getuid() == 0:
        user = pwd.getpwnam("postgres")
        for path in (folder, secret):
            os.chown(path, user.pw_uid, user.pw_gid)
    command = ["setpriv", *as_user(), _program("initdb"), "-D", f"{folder}/data", "-U", USER, f"--pwfile={secret}"]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]
    command += ["--no-sync", "--no-instructions"]
    made = subprocess.run(  # noqa: S603 - our own arguments
        command, check=False, capture_output=True, cwd="/", env=own_environment()
    )
    if made.returncode:
        raise RuntimeError(f"initdb failed: {made.stderr.decode(errors='replace').strip()}")


def command(folder: Path, port: int, **options: str) -> list[str]:
    """The command that serves ``folder/data`` on loopback. It ends at the latest with the thread that starts it."""
    options = {"port": str(port), "listen_addresses": "127.0.0.1", "unix_socket_directories": "", **options}
    arguments = [f"--{name}={value}" for name, value in options.items()]
    # INT is a "fast" shutdown: connections are cut.
    return ["setpriv", "--pdeathsig", "INT", *as_user(), _program("postgres"), "-D", f"{folder}/data", *arguments]


def create_database(port: int, password: str) -> bool:
    """Whether the server answers and has the database, which is made if it is missing."""
    words = [_program("psql"), "-X", "-q", "-h", "127.0.0.1", "-p", str(port), "-U", USER, "-d", "postgres"]
    words += ["-c", f"CREATE DATABASE {DATABASE}"]
    environment = {**os.environ, "PGPASSWORD": password}
    made = subprocess.run(words, check=False, capture_output=True, env=environment)  # noqa: S603
    return made.returncode == 0 or b"already exists" in made.stderr


def as_user() -> list[str]:
    """Arguments of setpriv(1): the user postgres for root, else none."""
    return ["--reuid=postgres", "--regid=postgres", "--init-groups"] if os.getuid() == 0 else []


def _program(name: str) -> str:
    """From the newest PostgreSQL of Debian, whose servers are not on the PATH; else from the PATH."""
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    newest_first = sorted(versions, key=lambda folder: int(re.sub(r"\D.*", "", folder.parent.name) or 0), reverse=True)
    return program(name, "postgresql", first=newest_first)
