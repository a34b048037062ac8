"""A private PostgreSQL and a private Redis, each with its data in a folder, for the stack and the tests."""

import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

from deploy.local import files
from deploy.local.server import HOST, CannotStart, LocalServer, bound, own_environment, program

USER = "idportal"  # and the name of the database
PORTAL = "portal"  # the role of web and workers, which owns nothing (docs/operations.md)

# In template1 too, from which each further database is made.
RIGHTS = f"""
DO $$ BEGIN CREATE ROLE {PORTAL} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
ALTER ROLE {PORTAL} PASSWORD '{{password}}';
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {PORTAL};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {PORTAL};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {PORTAL};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {PORTAL};
"""


class Postgres(LocalServer):
    """The system's own cluster stays as it is.

    PostgreSQL refuses to run as root. For root it runs as the user ``postgres``, who owns the folder and must reach it.
    """

    name = "postgres"
    stop_signal = "INT"  # "fast": connections are cut (PostgreSQL manual 18.5)
    sockets = ""  # the folder of the socket beside the port, if one is wanted
    portal_password = ""
    _has_rights = False

    @property
    def url(self) -> str:
        """Of the owner, who migrates."""
        return f"postgresql://{USER}:{self.password}@{HOST}:{self.port}/{USER}"

    @property
    def portal_url(self) -> str:
        return f"postgresql://{PORTAL}:{self.portal_password}@{HOST}:{self.port}/{USER}"

    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.portal_url}

    def prepare(self) -> None:
        """Makes the cluster with one role, if there is none. Raises CannotStart with PostgreSQL's words."""
        super().prepare()
        data, unfinished, secret = (self.folder / name for name in ("data", "unfinished", "password"))
        if data.exists():
            return
        shutil.rmtree(unfinished, ignore_errors=True)  # the last first start was interrupted
        files.write(secret, self.password)  # other people may be logged in on this machine
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            for path in (self.folder, secret):
                os.chown(path, user.pw_uid, user.pw_gid)
        command = ["setpriv", *as_user(), _program("initdb"), "-D", str(unfinished), "-U", USER, f"--pwfile={secret}"]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
        made = subprocess.run(  # noqa: S603 - our own arguments
            command, check=False, capture_output=True, cwd="/", env=own_environment()
        )
        if made.returncode:
            raise CannotStart(f"initdb failed: {made.stderr.decode(errors='replace').strip()}")
        unfinished.rename(data)

    def command(self) -> list[str]:
        options = ["--listen_addresses=127.0.0.1", f"--port={self.port}", f"--unix_socket_directories={self.sockets}"]
        server = [_program("postgres"), "-D", f"{self.folder}/data", *options]
        return ["setpriv", "--pdeathsig", self.stop_signal, *as_user(), *server]

    def answers(self) -> bool:
        """Whether the server answers and has the database and its roles, which are made if they are missing."""
        rights = RIGHTS.format(password=self.portal_password) if self.portal_password and not self._has_rights else ""
        if rights and self._says("template1", rights).returncode:
            return False
        made = self._says("postgres", f"CREATE DATABASE {USER}")
        if made.returncode and b"already exists" not in made.stderr:
            return False
        self._has_rights = not rights or self._says(USER, rights).returncode == 0
        return self._has_rights

    def _says(self, database: str, statements: str) -> subprocess.CompletedProcess[bytes]:
        """To the server, on psql's standard input: arguments could be read by others."""
        words = [_program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", HOST, "-p", str(self.port), "-U", USER]
        environment = {**os.environ, "PGPASSWORD": self.password}
        return subprocess.run(  # noqa: S603
            [*words, "-d", database], check=False, capture_output=True, env=environment, input=statements.encode()
        )


class Redis(LocalServer):
    name = "redis"
    keeps = "save 60 1\ndbfilename redis.rdb\n"

    @property
    def url(self) -> str:
        """Without the number of a database."""
        return f"redis://:{self.password}@{HOST}:{self.port}"

    def environment(self) -> dict[str, str]:
        return {"REDIS_URL": f"{self.url}/1", "CELERY_BROKER_URL": f"{self.url}/0"}

    def prepare(self) -> None:
        super().prepare()
        config = f'bind {HOST}\nport {self.port}\nrequirepass {self.password}\ndir "{self.folder}"\n{self.keeps}'
        files.write(self.folder / "redis.conf", config)

    def command(self) -> list[str]:
        return bound([program("redis-server", "redis-server"), str(self.folder / "redis.conf")])


def as_user() -> list[str]:
    """Arguments of setpriv(1): the user postgres for root, else none."""
    return ["--reuid=postgres", "--regid=postgres", "--init-groups"] if os.getuid() == 0 else []


def _program(name: str) -> str:
    """From the newest PostgreSQL of Debian, whose servers are not on the PATH; else from the PATH."""
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    newest_first = sorted(versions, key=lambda folder: int(re.sub(r"\D.*", "", folder.parent.name) or 0), reverse=True)
    return program(name, "postgresql", first=newest_first)
