"""Samba as an Active Directory domain controller, alone in a folder: making it, starting it, ending it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from deploy.local import files
from deploy.local.server import bound
from tests.servers.processes import copy_folder, suspended

PORTS = (389, 636, 3268, 3269)  # Samba knows no others
ADMINISTRATOR_PASSWORD = "Prov-Katalog-2024"
START_TIMEOUT = 30.0
WRITER = ["/usr/bin/python3", "-I", str(Path(__file__).with_name("samba_writer.py"))]


class SambaProcess:
    """Samba on the fixed ports of ``address``. ``twin`` is another address that the certificate covers.

    It ends with the thread that started it, at the latest: the signal reaches the process, which passes it on to its
    group.
    """

    def __init__(self, folder: Path, address: str, twin: str = "") -> None:
        self.folder = folder.resolve()
        self.address = address
        self.twin = twin
        self.url = f"ldaps://{address}"
        self.plain_url = f"ldap://{address}"
        self.ca_file = self.folder / "tls" / "ca.pem"
        self._process: subprocess.Popen[bytes] | None = None
        self._writer: subprocess.Popen[str] | None = None

    def provision(self) -> None:
        """Make the domain. Takes about five seconds; the server is not started by it."""
        files.make_certificate(self.folder / "tls", *filter(None, (self.address, self.twin)))
        (self.folder / "tls" / "dh.pem").write_text(DH_PARAMETERS)
        self._configure()
        run(
            *("samba-tool", "domain", "provision", "-s", self.config, "--realm=AD.EXAMPLE.TEST"),
            *("--domain=ADTEST", "--server-role=dc", "--dns-backend=NONE", "--host-name=dc1"),
            *(f"--host-ip={self.address}", f"--adminpass={ADMINISTRATOR_PASSWORD}"),
        )

    @contextmanager
    def suspend(self) -> Iterator[None]:
        assert self._process is not None
        with suspended(self._process.pid):
            yield

    def copy(self, folder: Path) -> Self:
        """As the interface says; it will run on ``twin``."""
        self.stop()
        copy_folder(self.folder, folder)
        shutil.rmtree(folder / "run")  # the pid is the other one's
        self.start()
        copied = type(self)(folder, self.twin, self.address)
        copied._configure()
        return copied

    def start(self) -> None:
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                bound(["samba", "-s", self.config, "-F", "--no-process-group", "-M", "single"]),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_TIMEOUT
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                words = (self.folder / "output").read_text(errors="replace")
                raise RuntimeError(f"Samba did not start on {self.address}: {words}")
            time.sleep(0.05)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    @property
    def config(self) -> str:
        return str(self.folder / "smb.conf")

    @property
    def sam(self) -> Path:
        """The directory's database, for what goes past the server."""
        return self.folder / "private" / "sam.ldb"

    def _configure(self) -> None:
        for name in ("private", "state", "cache", "lock", "run/ncalrpc", "bind-dns", "log"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "smb.conf").write_text(CONFIG.format(folder=self.folder, address=self.address))

    def answers(self) -> bool:
        """Whether it completes a TLS handshake with its own certificate."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        try:
            with (
                socket.create_connection((self.address, 636), timeout=1) as connection,
                context.wrap_socket(connection, server_hostname=self.address),
            ):
                return True
        except OSError:
            return False

    def past_server(self, *command: str) -> None:
        """Has tests/servers/samba_writer.py do this. Raises :class:`RuntimeError` with its words if it fails."""
        if self._writer is None:
            with (self.folder / "output").open("ab") as errors:
                self._writer = subprocess.Popen(
                    bound([*WRITER, self.config, str(self.sam)]),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                )
        assert self._writer.stdin
        assert self._writer.stdout
        print(json.dumps(command), file=self._writer.stdin, flush=True)
        answer = self._writer.stdout.readline()
        if answer != "null\n":
            words = answer or (self.folder / "output").read_text(errors="replace")
            raise RuntimeError(f"{command[0]} failed: {words}")

    def _end(self, how: signal.Signals) -> None:
        if self._writer is not None:
            self._writer.communicate()  # at the end of its input it ends
            self._writer = None
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, how)  # the group that start() made: Samba and its children
        try:
            self._process.wait(START_TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None


def free_addresses(count: int) -> list[str]:
    """Loopback addresses where all of Samba's ports are free. Raises :class:`LookupError`.

    The process id picks the net, so that two suites on one machine do not reach for the same.
    """
    pid = os.getpid()
    net = f"127.{10 + pid // 250 % 200}.{pid % 250}"
    candidates = (f"{net}.{last}" for last in range(10, 250))
    found = [one for one in candidates if all(_can_bind(one, port) for port in PORTS)][:count]
    if len(found) < count:
        raise LookupError(f"ports {PORTS} can be used on no address of {net}: they need root")
    return found


def _can_bind(address: str, port: int) -> bool:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((address, port))
        except OSError:
            return False
        return True


def run(*command: str, given: str = "") -> None:
    """Raises :class:`RuntimeError` with its words if it fails."""
    done = subprocess.run(command, input=given.encode(), capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr.decode(errors='replace')}")


# Well-known ones, of RFC 7919 (ffdhe2048). Without any, Samba makes its own at each start: up to a second of CPU.
DH_PARAMETERS = """\
-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
"""

CONFIG = """\
[global]
 workgroup = ADTEST
 realm = AD.EXAMPLE.TEST
 netbios name = DC1
 server role = active directory domain controller
 server services = ldap
 dcerpc endpoint servers =
 private dir = {folder}/private
 state directory = {folder}/state
 cache directory = {folder}/cache
 lock directory = {folder}/lock
 pid directory = {folder}/run
 ncalrpc dir = {folder}/run/ncalrpc
 binddns dir = {folder}/bind-dns
 log file = {folder}/log/log.samba
 logging = file
 ldb:nosync = true
 posix:eadb = {folder}/private/eadb.tdb
 interfaces = {address}/8
 bind interfaces only = yes
 disable netbios = yes
 load printers = no
 ldap server require strong auth = yes
 old password allowed period = 0
 tls enabled = yes
 tls keyfile = {folder}/tls/key.pem
 tls certfile = {folder}/tls/cert.pem
 tls cafile = {folder}/tls/ca.pem
 tls dh params file = {folder}/tls/dh.pem
[sysvol]
 path = {folder}/state/sysvol
 read only = No
[netlogon]
 path = {folder}/state/sysvol/ad.example.test/scripts
 read only = No
"""
