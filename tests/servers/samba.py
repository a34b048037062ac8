"""A Samba Active Directory domain controller alone in a folder, with the cast and a delegated service account."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import ldap
from ldap.dn import escape_dn_chars
from ldap.filter import escape_filter_chars

from accounts.demo import certificate, tree
from accounts.demo.cast import CAST, Person
from tests.servers import ports

PORTS = (389, 636, 3268, 3269)  # Samba knows no others
DOMAIN = "DC=ad,DC=example,DC=test"
STAFF = f"OU=Staff,{DOMAIN}"
SERVICE_ACCOUNT = f"CN=svc-idportal,CN=Users,{DOMAIN}"
SERVICE_PASSWORD = "Portalens-Konto-24"
ADMINISTRATOR = f"CN=Administrator,CN=Users,{DOMAIN}"
ADMINISTRATOR_PASSWORD = "Prov-Katalog-2024"
SETTINGS_CONTAINER = f"CN=Password Settings Container,CN=System,{DOMAIN}"

MAX_AGE = tree.MAX_AGE
START_TIMEOUT = 30.0

NORMAL_ACCOUNT, DISABLED, NEVER_EXPIRES = 0x200, 0x2, 0x10000
FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)

# Schema ids of what is delegated on users, and of the class user (MS-ADSC, MS-ADA).
USER_CLASS = "bf967aba-0de6-11d0-a285-00aa003049e2"
RESET_PASSWORD = "00299570-246d-11d0-a768-00aa006e0529"
PWD_LAST_SET = "bf967a0a-0de6-11d0-a285-00aa003049e2"
LOCKOUT_TIME = "28630ebf-41d5-11d1-a9c1-0000f80367c1"


class PrivateSamba:
    """A :class:`tests.servers.directory.DirectoryServer`: Samba AD DC on the fixed ports of ``address``.

    ``twin`` is another address that the certificate covers, for a :meth:`copy` of this server.
    """

    lockout_threshold = 3
    lockout_window = timedelta(minutes=30)

    def __init__(self, folder: Path, address: str, twin: str = "") -> None:
        self.folder = folder.resolve()
        self.address = address
        self.twin = twin
        self.url = f"ldaps://{address}"
        self.ca_file = self.folder / "tls" / "ca.pem"
        self._process: subprocess.Popen[bytes] | None = None
        self._root: Any = None

    def provision(self) -> None:
        """Make the domain. Takes about five seconds; the server is not started by it."""
        certificate.make(self.folder / "tls", tuple(filter(None, (self.address, self.twin))))
        self._configure()
        _run(
            *("samba-tool", "domain", "provision", "-s", self._config, "--realm=AD.EXAMPLE.TEST"),
            *("--domain=ADTEST", "--server-role=dc", "--dns-backend=NONE", "--host-name=dc1"),
            *(f"--host-ip={self.address}", f"--adminpass={ADMINISTRATOR_PASSWORD}"),
        )

    def copy(self, folder: Path) -> PrivateSamba:
        """A second server with the same domain, people and ids, on ``twin``. Copied while this one is stopped."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("run", "log", "ncalrpc", "smbd.tmp"))
        copied = PrivateSamba(folder, self.twin, self.address)
        copied._configure()
        return copied

    def start(self) -> None:
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                ["samba", "-s", self._config, "-F", "--no-process-group", "-M", "single"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_TIMEOUT
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                words = (self.folder / "output").read_text(errors="replace")
                raise RuntimeError(f"Samba did not start on {self.address}: {words}")
            time.sleep(0.05)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def fill(self) -> None:
        """The policy, the service account with what it is delegated, and the cast. Needs a running server."""
        self._replace(
            DOMAIN,
            {
                "minPwdLength": "8",
                "pwdHistoryLength": "5",
                "minPwdAge": "0",
                "maxPwdAge": _interval(MAX_AGE),
                "lockoutThreshold": str(self.lockout_threshold),
                "lockoutDuration": _interval(self.lockout_window),
                "lockOutObservationWindow": _interval(self.lockout_window),
            },
        )
        self.root.add_s(STAFF, [("objectClass", [b"organizationalUnit"])])
        self._add_user(
            SERVICE_ACCOUNT,
            {"sAMAccountName": "svc-idportal", "userAccountControl": str(NORMAL_ACCOUNT | NEVER_EXPIRES)},
            SERVICE_PASSWORD,
        )
        sid = _sid(self._read(SERVICE_ACCOUNT, "objectSid"))
        _run(
            *("samba-tool", "dsacl", "set", "-s", self._config, "-H", str(self._sam), "--action=allow"),
            *(f"--objectdn={STAFF}", f"--sddl={_delegation(sid)}"),
        )
        for person in CAST:
            self.put(person)

    def settings(self) -> dict[str, Any]:
        return {
            "DIRECTORY_KIND": "active_directory",
            "DIRECTORY_URLS": [self.url],
            "DIRECTORY_CA_FILE": str(self.ca_file),
            "DIRECTORY_BIND_DN": SERVICE_ACCOUNT,
            "DIRECTORY_BIND_PASSWORD": SERVICE_PASSWORD,
            "DIRECTORY_USER_BASE": STAFF,
            "DIRECTORY_USER_FILTER": "",
            "DIRECTORY_COMPANY_ATTRIBUTE": "",
            "DIRECTORY_PROTECTED_FILTER": "",
            "DIRECTORY_DEFAULT_POLICY": "",
            "DIRECTORY_LOCKOUT_THRESHOLD": None,
        }

    def put(
        self,
        person: Person,
        *,
        must_change: bool = False,
        disabled: bool = False,
        locked: bool = False,
        protected: bool = False,
        common_name: str = "",
    ) -> None:
        now = datetime.now(UTC)
        control = NORMAL_ACCOUNT | (NEVER_EXPIRES if person.days_left is None else 0)
        attributes = {
            "givenName": person.given_name,
            "sn": person.surname,
            "mail": person.mail,
            "company": person.company,
            "userAccountControl": str(control | (DISABLED if disabled else 0)),
        }
        dn = self.dn(person.username)
        if dn is None:
            dn = f"CN={escape_dn_chars(common_name or person.username)},{STAFF}"
            self._add_user(dn, {"sAMAccountName": person.username, **attributes}, person.password)
        else:
            self._replace(dn, attributes)
        self._modify_file(
            dn,
            {
                "pwdLastSet": "0"
                if must_change
                else str(_filetime(tree.expiry_of(person, now) - MAX_AGE if person.days_left is not None else now)),
            },
        )
