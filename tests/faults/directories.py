"""Two directory servers with one database, as if they replicated at once; and a wire that loses a yes."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import ldap
import trustme

from deploy.local import slapd
from deploy.local.cast import Person
from deploy.local.files import write
from deploy.local.server import HOST
from tests.servers.private import PrivateSlapd

PASSWORD_MODIFY = b"1.3.6.1.4.1.4203.1.11.1"  # RFC 3062


class Server(PrivateSlapd):
    """Does not look at its own certificate to find out whether it answers."""

    size = 1 << 28

    def answers(self) -> bool:
        try:
            socket.create_connection((HOST, self.port), timeout=1).close()
        except OSError:
            return False
        return True


class Directories:
    """``first`` and ``second``. LMDB lets several processes use one database; a dead one's lock goes to the next."""

    def __init__(self, folder: Path, people: tuple[Person, ...]) -> None:
        self.authority = trustme.CA()
        self.first, self.second = (Server(folder / name, people) for name in ("first", "second"))
        for server in (self.first, self.second):
            (server.folder / "tls").mkdir(parents=True)
            self.authority.cert_pem.write_to_path(server.ca_file)
            self.certify(server)
        for name in ("service-password", "root-password"):
            write(self.second.folder / name, self.first.secret(name))
        (self.second.folder / "data").symlink_to(self.first.folder / "data")
        (self.second.folder / "loaded").touch()

    def certify(self, server: PrivateSlapd, *, days: int = 30) -> None:
        """A certificate that runs out after so many days, of the same authority. For the server's next start."""
        now = datetime.now(UTC)
        ends = now + timedelta(days=days)
        issued = self.authority.issue_cert(HOST, not_before=now - timedelta(days=90), not_after=ends)
        issued.cert_chain_pems[0].write_to_path(server.folder / "tls" / "cert.pem")
        write(server.folder / "tls" / "key.pem", issued.private_key_pem.bytes().decode("ascii"))

    def environment(self) -> dict[str, str]:
        return {**self.first.environment(), "DIRECTORY_URLS": f"{self.first.url} {self.second.url}"}

    def takes(self, username: str, password: str) -> bool:
        """Whether the directory lets one in with that. Of whichever server runs."""
        for server in (self.second, self.first):
            connection = ldap.initialize(server.plain_url)
            connection.set_option(ldap.OPT_NETWORK_TIMEOUT, 3)
            connection.set_option(ldap.OPT_TIMEOUT, 5)
            try:
                connection.simple_bind_s(f"uid={username},{slapd.PEOPLE}", password)
            except ldap.INVALID_CREDENTIALS:
                return False
            except (ldap.SERVER_DOWN, ldap.TIMEOUT):
                continue
            else:
                return True
        raise RuntimeError("no directory server answers")

    def set_service_password(self, password: str) -> None:
        connection = ldap.initialize(self.second.plain_url)
        connection.simple_bind_s(slapd.ROOT, self.second.secret("root-password"))
        connection.modify_s(slapd.SERVICE_ACCOUNT, [(ldap.MOD_REPLACE, "userPassword", [password.encode()])])
        # The policy asks people to change what an administrator has chosen for them. This is no person.
        connection.modify_s(slapd.SERVICE_ACCOUNT, [(ldap.MOD_REPLACE, "pwdReset", None)])
        connection.unbind_s()


class Swallower:
    """Stands where a server stood, with its certificate, before another one. The answer to a new password it swallows.

    It ends that connection instead, as a firewall or a crash does. A context manager. ``swallowed`` counts.
    """

    def __init__(self, place: PrivateSlapd, behind: PrivateSlapd) -> None:
        self.swallowed = 0
        self._wires: list[socket.socket] = []
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls = place.folder / "tls"
        self._context.load_cert_chain(tls / "cert.pem", tls / "key.pem")
        self._listener = socket.create_server((HOST, place.port))
        self._behind = int(behind.plain_url.rpartition(":")[2])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """With all connections: the portal would keep them."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for wire in self._wires:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with (
            suppress(OSError),
            plain,
            self._context.wrap_socket(plain, server_side=True) as near,
            socket.create_connection((HOST, self._behind)) as far,
        ):
            self._wires += [near, far]
            lose = threading.Event()
            threading.Thread(target=self._back, args=(far, near, lose), daemon=True).start()
            while asked := near.recv(65536):
                if PASSWORD_MODIFY in asked:
                    lose.set()
                far.sendall(asked)

    def _back(self, far: socket.socket, near: ssl.SSLSocket, lose: threading.Event) -> None:
        """On one connection the portal asks nothing before it has the last answer."""
        with suppress(OSError):
            while answer := far.recv(65536):
                if lose.is_set():
                    self.swallowed += 1
                    near.shutdown(socket.SHUT_RDWR)
                    return
                near.sendall(answer)
