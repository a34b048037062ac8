"""A private slapd in a folder: the directory of demo, stack and tests.

Configuration, certificate, data and the service account's password all lie in the folder; deleting it deletes
everything. The first start loads the cast; later ones find the data as it was left.
"""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from deploy.local import cast, certificate, files
from deploy.local.process import bound, program
from deploy.local.server import LocalServer
from deploy.local.tree import DEFAULT_POLICY, GROUPS, PEOPLE, ROOT, SERVICE_ACCOUNT, SUFFIX, ldif


class Slapd(LocalServer):
    """slapd on ``ldaps://127.0.0.1:port``, and on ``ldap://127.0.0.1:plain_port`` too if that is given.

    ``people`` are loaded into an empty folder.
    """

    name = "slapd"

    def __init__(
        self,
        folder: Path,
        port: int,
        plain_port: int | None = None,
        people: tuple[cast.Person, ...] = cast.CAST,
    ) -> None:
        super().__init__(folder, port)
        self.plain_port = plain_port
        self.people = people
        self.url = f"ldaps://127.0.0.1:{port}"
        self.plain_url = f"ldap://127.0.0.1:{plain_port}" if plain_port else ""

    def environment(self) -> dict[str, str]:
        """The ``DIRECTORY_*`` settings that point the portal here. After :meth:`prepare`."""
        return {
            "DIRECTORY_KIND": "openldap",
            "DIRECTORY_URLS": self.url,
            "DIRECTORY_CA_FILE": str(self.ca_file),
            "DIRECTORY_BIND_DN": SERVICE_ACCOUNT,
            "DIRECTORY_BIND_PASSWORD": self.secret("service"),
            "DIRECTORY_USER_BASE": PEOPLE,
            "DIRECTORY_PROTECTED_FILTER": f"(memberOf=cn={cast.ADMINS},{GROUPS})",
            "DIRECTORY_DEFAULT_POLICY": DEFAULT_POLICY,
            "DIRECTORY_HELPDESK_GROUP": f"cn={cast.HELPDESK},{GROUPS}",
            "DIRECTORY_ADMIN_GROUP": f"cn={cast.ADMINS},{GROUPS}",
        }

    def secret(self, name: str) -> str:
        """The password of ``service`` or ``root``."""
        return files.secret(self.folder / f"{name}-password")

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        loaded, data = self.folder / "loaded", self.folder / "data"
        if not self.ca_file.exists():
            certificate.make(self.folder / "tls")
        config = self.folder / "slapd.conf"
        files.write(config, self._config())
        if loaded.exists():
            return
        shutil.rmtree(data, ignore_errors=True)  # half loaded: the last first start was interrupted
        data.mkdir(mode=0o700)
        subprocess.run(  # noqa: S603 - fixed program and arguments
            [program("slapadd", "slapd"), "-q", "-f", str(config)],
            input="\n".join(ldif(self.people, self.secret("service"), datetime.now(UTC))).encode(),
            capture_output=True,
            check=True,
        )
        loaded.touch()

    def command(self) -> list[str]:
        listen = " ".join(f"{url}/" for url in (self.url, self.plain_url) if url)
        return bound([program("slapd", "slapd"), "-f", str(self.folder / "slapd.conf"), "-h", listen, "-d", "0"])

    def _config(self) -> str:
        return files.filled(
            "slapd.conf",
            folder=self.folder,
            suffix=SUFFIX,
            root=ROOT,
            root_password=self.secret("root"),
            service=SERVICE_ACCOUNT,
            default_policy=DEFAULT_POLICY,
        )
