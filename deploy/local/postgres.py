"""Debian's PostgreSQL with its data in a folder of one's own: what the stack and the suite do alike.

PostgreSQL refuses to run as root. For root it runs as the user ``postgres``, to whom the folder is given, and who
must be able to reach it. Nothing of the system's own cluster is touched.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

from deploy.local import files
from deploy.local.process import own_environment

DATABASE = USER = "idportal"


def url(port: int, password: str) -> str:
    """For ``DATABASE_URL``."""
    return f"postgresql://{USER}:{password}@127.0.0.1:{port}/{DATABASE}"


def initialise(folder: Path, password: str) -> None:
    """Make the cluster, in ``folder/data``, with one role. Raises :class:`RuntimeError` with PostgreSQL's words."""
    # A password, though only this machine can connect: others may be logged in on it.
    secret = folder / "password"
    files.write(secret, password)
    if os.getuid() == 0:
        user = pwd.getpwnam("postgres")
        for path in (folder, secret):
            os.chown(path, user.pw_uid, user.pw_gid)
    command = ["setpriv", *as_user(), program("initdb"), "-D", f"{folder}/data", "-U", USER, f"--pwfile={secret}"]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]
    command += ["--no-sync", "--no-instructions"]
    made = subprocess.run(  # noqa: S603 - our own arguments
        command, check=False, capture_output=True, cwd="/", env=own_environment()
    )
    if made.returncode:
        raise RuntimeError(f"initdb failed: {made.stderr.decode(errors='replace').strip()}")


def command(folder: Path, port: int, **options: str) -> list[str]:
    """The command that serves ``folder/data`` on loopback; it ends with the thread that starts it, at the latest."""
    options = {"port": str(port), "listen_addresses": "127.0.0.1", "unix_socket_directories": "", **options}
    arguments = [f"--{name}={value}" for name, value in options.items()]
    # Without the signal a program that is killed would leave the server behind. INT is "fast": connections are cut.
    return ["setpriv", "--pdeathsig", "INT", *as_user(), program("postgres"), "-D", f"{folder}/data", *arguments]


def create_database(port: int, password: str) -> bool:
    """Whether the server answers and has the database, which is made if it is not there."""
    words = [program("psql"), "-X", "-q", "-h", "127.0.0.1", "-p", str(port), "-U", USER, "-d", "postgres"]
    words += ["-c", f"CREATE DATABASE {DATABASE}"]
    environment = {**os.environ, "PGPASSWORD": password}
    made = subprocess.run(words, check=False, capture_output=True, env=environment)  # noqa: S603
    return made.returncode == 0 or b"already exists" in made.stderr


def as_user() -> list[str]:
    """Arguments of setpriv(1): postgres for root, whom PostgreSQL refuses; else whoever runs this."""
    return ["--reuid=postgres", "--regid=postgres", "--init-groups"] if os.getuid() == 0 else []


def program(name: str) -> str:
    """From the newest PostgreSQL of Debian, whose servers are not on the PATH, else from the PATH.

    Raises :class:`RuntimeError` if there is none.
    """
    versions = [folder for folder in Path("/usr/lib/postgresql").glob("*/bin") if (folder / name).exists()]
    if versions:
        newest = max(versions, key=lambda folder: int(re.sub(r"\D.*", "", folder.parent.name) or 0))
        return str(newest / name)
    if found := shutil.which(name):
        return found
    raise RuntimeError(f"{name} is missing: apt-get install postgresql")
