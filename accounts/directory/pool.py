"""Connections to the directory's servers: a new one, and those of the service account, which are kept.

By hand: python-ldap's ReconnectLDAPObject knows one server, and sends a change again that may have been done already.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from accounts.directory import trust
from accounts.directory.account import DirectoryMisconfigured, DirectoryUnavailable
from accounts.directory.config import Config, DirectoryServer
from accounts.directory.connection import Connection
from accounts.directory.errors import NOT_NOW, Broken, DirectoryRefused

T = TypeVar("T")

logger = logging.getLogger("idportal.directory")

# Connections kept for the next look-up. If more threads ask at once, theirs are closed afterwards.
KEPT = 8
# Seconds from opening. Firewalls drop a silent connection after some minutes, Active Directory after 15; and so the
# portal returns to the first server once it is there again.
KEPT_FOR = 240.0


class Servers:
    """The servers in their order. A server that did not answer is passed over for ``retry_dead_after`` seconds."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._dead_until: dict[DirectoryServer, float] = {}

    def connect(self, prepare: Callable[[Connection], None] = lambda connection: None) -> Connection:
        """A new connection to the first server that answers and on which ``prepare`` succeeds.

        If all servers are passed over, tries all again. Raises :class:`DirectoryUnavailable`.
        """
        now = time.monotonic()
        alive = [server for server in self._config.servers if self._dead_until.get(server, 0.0) <= now]
        for server in alive or self._config.servers:
            connection = None
            started = time.monotonic()
            try:
                connection = Connection(server, self._config)
                prepare(connection)
            except Broken as broken:
                # To find out why takes as long again, so only if the server was quick to fail.
                quick = time.monotonic() - started < self._config.connect_timeout / 2
                self.mark_dead(server, (quick and trust.problem(server, self._config)) or str(broken))
            except DirectoryRefused as refused:
                if refused.code not in NOT_NOW:
                    raise
                self.mark_dead(server, refused.text)
            else:
                self._dead_until.pop(server, None)
                return connection
            if connection is not None:
                connection.close()
        raise DirectoryUnavailable("no directory server answers")

    def mark_dead(self, server: DirectoryServer, reason: str) -> None:
        seconds = self._config.retry_dead_after
        self._dead_until[server] = time.monotonic() + seconds
        logger.warning("directory server %s is passed over for %s s: %s", server, seconds, reason)


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


class ServiceConnections:
    """The service account's connections, kept between calls. Each serves one thread at a time."""

    def __init__(self, config: Config, servers: Servers) -> None:
        self._config = config
        self._servers = servers
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._refused_until = 0.0

    def run(self, work: Callable[[Connection], T]) -> T:
        """Does ``work`` on a connection of the service account.

        If the connection breaks, does all of it once more on a new one, perhaps to the next server; but if the server
        may have got a change, raises :class:`Broken` with ``unsure``. Raises :class:`DirectoryUnavailable` or
        :class:`DirectoryRefused`.
        """
        connection = self._take() or self.connect()
        try:
            return self._on(connection, work)
        except Broken as broken:
            if broken.unsure:
                raise
            logger.info("directory server %s: connection renewed: %s", connection.server, broken)
        return self._on(self.connect(), work)

    def connect(self) -> Connection:
        """A new connection, bound as the service account; the caller closes it."""
        if time.monotonic() < self._refused_until:
            raise DirectoryMisconfigured("the directory refused DIRECTORY_BIND_DN just now")
        try:
            return self._servers.connect(self._bind)
        except DirectoryRefused as refused:
            # Not tried again at once: a wrong password with every request would lock the service account.
            self._refused_until = time.monotonic() + self._config.retry_dead_after
            logger.error("the directory refuses DIRECTORY_BIND_DN: %s", refused)
            raise DirectoryMisconfigured("the directory refuses DIRECTORY_BIND_DN") from None

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def forget(self) -> None:
        """In a forked child: neither uses nor closes these sockets, which are the parent's."""
        self._lock = threading.Lock()
        _parents.extend(self._idle)
        self._idle = []

    def _bind(self, connection: Connection) -> None:
        connection.bind(self._config.bind_dn, self._config.bind_password)

    def _on(self, connection: Connection, work: Callable[[Connection], T]) -> T:
        try:
            result = work(connection)
        except Broken as broken:
            connection.close()
            self.close()  # the kept ones probably go to the same server
            if broken.timed_out:
                self._servers.mark_dead(connection.server, str(broken))
            raise
        except DirectoryRefused:
            self._give_back(connection)
            raise
        except BaseException:
            connection.close()
            raise
        self._give_back(connection)
        return result

    def _take(self) -> Connection | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if time.monotonic() - connection.opened < KEPT_FOR:
                return connection
            connection.close()

    def _give_back(self, connection: Connection) -> None:
        with self._lock:
            if len(self._idle) < KEPT:
                self._idle.append(connection)
                return
        connection.close()


_parents: list[Connection] = []
"""Kept for ever in a forked child: garbage collection would end the parent's connection."""
