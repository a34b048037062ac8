"""Connections to the directory's servers: fresh ones, and the kept ones of the service account.

By hand: python-ldap's ReconnectLDAPObject knows one server, and sends a change again that may have been done already.
"""

import logging
import queue
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from django.conf import settings

from accounts.directory.account import DirectoryMisconfigured, DirectoryUnavailable
from accounts.directory.ldap_client.answers import DENIED, NOT_NOW, Broken, DirectoryRefused
from accounts.directory.ldap_client.connection import Connection, is_cleartext

T = TypeVar("T")

logger = logging.getLogger("idportal.directory")

DEFAULT_PORTS = {"ldap": 389, "ldaps": 636}

# LDAPMessage { 1, ExtendedRequest { 1.3.6.1.4.1.1466.20037 } } in BER: StartTLS (RFC 4511 4.14.1).
START_TLS = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"

# Connections kept for the next look-up. If more threads ask at once, theirs are closed afterwards.
KEPT = 8
# Seconds from opening. Firewalls drop a silent connection after some minutes, Active Directory after 15; and so the
# portal returns to the first server once it is there again.
KEPT_FOR = 240.0


@contextmanager
def translated() -> Iterator[None]:
    """Turns a refusal of the service account's call into the errors that the rest of the portal knows."""
    try:
        yield
    except DirectoryRefused as refused:
        logger.error("the directory refuses what the portal asks: %s", refused)
        if refused.is_busy:
            raise DirectoryUnavailable("the directory is busy") from None
        raise DirectoryMisconfigured(f"the directory refuses what the portal asks: {refused}") from None


class Pool:
    """The servers in their order. One that did not answer is passed over for DIRECTORY_RETRY_DEAD_AFTER seconds."""

    def __init__(self) -> None:
        if not settings.DIRECTORY_URLS:
            raise DirectoryMisconfigured("DIRECTORY_URLS names no server")
        ca_file = settings.DIRECTORY_CA_FILE
        if ca_file and not Path(ca_file).is_file():
            raise DirectoryMisconfigured(f"DIRECTORY_CA_FILE: there is no file {ca_file}")
        self._servers = [address(url) for url in settings.DIRECTORY_URLS]
        self._dead_until: dict[str, float] = {}
        self._idle: queue.LifoQueue[Connection] = queue.LifoQueue(KEPT)
        self._refused_until = 0.0

    def connect(self, *, bound: bool = True) -> Connection:
        """A new connection to the first server that answers, bound as the service account or not at all.

        The caller closes it. If all servers are passed over, tries all again. Raises :class:`DirectoryUnavailable`.
        """
        now = time.monotonic()
        if bound and now < self._refused_until:
            raise DirectoryMisconfigured("the directory refused DIRECTORY_BIND_DN just now")
        alive = [server for server in self._servers if self._dead_until.get(server, 0.0) <= now]
        for server in alive or self._servers:
            connection, started = None, time.monotonic()
            try:
                connection = Connection(server)
                if bound:
                    connection.bind(settings.DIRECTORY_BIND_DN, settings.DIRECTORY_BIND_PASSWORD)
            except Broken as broken:
                # To find out why takes as long again, so only if the server was quick to fail.
                quick = time.monotonic() - started < settings.DIRECTORY_CONNECT_TIMEOUT / 2
                self.mark_dead(server, (quick and _tls_problem(server)) or str(broken))
            except DirectoryRefused as refused:
                if refused.code not in NOT_NOW:
                    # Not tried again at once: a wrong password with every request would lock the service account.
                    self._refused_until = time.monotonic() + settings.DIRECTORY_RETRY_DEAD_AFTER
                    logger.error("the directory refuses DIRECTORY_BIND_DN: %s", refused)
                    raise DirectoryMisconfigured("the directory refuses DIRECTORY_BIND_DN") from None
                self.mark_dead(server, refused.text)
            else:
                self._dead_until.pop(server, None)
                return connection
            if connection is not None:
                connection.close()
        raise DirectoryUnavailable("no directory server answers")

    def first(self) -> str:
        """The address of the first server that answers. Raises :class:`DirectoryUnavailable`."""
        connection = self.connect(bound=False)
        connection.close()
        return connection.server

    def mark_dead(self, server: str, reason: str) -> None:
        seconds = settings.DIRECTORY_RETRY_DEAD_AFTER
        self._dead_until[server] = time.monotonic() + seconds
        logger.warning("directory server %s is passed over for %s s: %s", server, seconds, reason)

    def run(self, work: Callable[[Connection], T]) -> T:
        """Does ``work`` as the service account; once more, perhaps on the next server, if the connection breaks.

        But if the server may have got a change, raises :class:`Broken` with ``unsure``.
        """
        connection = self._take() or self.connect()
        try:
            return self._on(connection, work)
        except Broken as broken:
            if broken.unsure:
                raise
            logger.info("directory server %s: connection renewed: %s", connection.server, broken)
        return self._on(self.connect(), work)

    def close(self) -> None:
        """Closes the kept connections. The next call opens new ones."""
        with suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    def _on(self, connection: Connection, work: Callable[[Connection], T]) -> T:
        try:
            result = work(connection)
        except DirectoryRefused as refused:
            if refused.code == DENIED:
                connection.close()  # what the account may do was settled at its bind, and may be more by now
            else:
                self._give_back(connection)
            raise
        except BaseException as error:
            connection.close()
            if isinstance(error, Broken):
                self.close()  # the kept ones probably go to the same server
                if error.timed_out:
                    self.mark_dead(connection.server, str(error))
            raise
        self._give_back(connection)
        return result

    def _take(self) -> Connection | None:
        with suppress(queue.Empty):
            while True:
                connection = self._idle.get_nowait()
                if time.monotonic() - connection.opened < KEPT_FOR:
                    return connection
                connection.close()
        return None

    def _give_back(self, connection: Connection) -> None:
        try:
            self._idle.put_nowait(connection)
        except queue.Full:
            connection.close()


def address(url: str) -> str:
    """The address of a server, with its port. Raises :class:`DirectoryMisconfigured`."""
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS[parts.scheme]
    except (KeyError, ValueError):
        raise DirectoryMisconfigured(f"DIRECTORY_URLS: {url} is not ldaps://host or ldap://host") from None
    if not parts.hostname:
        raise DirectoryMisconfigured(f"DIRECTORY_URLS: {url} names no host")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port}"


def _tls_problem(server: str) -> str:
    """Connects again with Python's own TLS, which gives a reason where libldap often gives none; "" if it is trusted.

    Takes at most the connect time limit for each of three steps.
    """
    if is_cleartext(server):
        return ""
    parts, limit = urlsplit(server), settings.DIRECTORY_CONNECT_TIMEOUT
    try:
        context = ssl.create_default_context(cafile=settings.DIRECTORY_CA_FILE or None)
        with socket.create_connection((parts.hostname, parts.port), limit) as connection:
            if parts.scheme == "ldap":
                connection.sendall(START_TLS)
                connection.recv(4096)
            with context.wrap_socket(connection, server_hostname=parts.hostname):
                return ""
    except ssl.SSLCertVerificationError as error:
        return f"certificate not trusted: {error.verify_message}"
    except OSError:
        return ""
