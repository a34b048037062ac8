"""Connections to the directory's servers: a new one, and those of the service account, which are kept.

By hand: python-ldap's ReconnectLDAPObject knows one server, and sends a change again that may have been done already.
"""

import logging
import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from django.conf import settings

from accounts.directory.account import DirectoryMisconfigured, DirectoryUnavailable
from accounts.directory.answers import NOT_NOW, Broken, DirectoryRefused
from accounts.directory.connection import Connection
from accounts.directory.server import DirectoryServer, servers, tls_problem

T = TypeVar("T")

logger = logging.getLogger("idportal.directory")

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
        self._servers = servers()
        self._dead_until: dict[DirectoryServer, float] = {}
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
                self.mark_dead(server, (quick and tls_problem(server)) or str(broken))
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

    def mark_dead(self, server: DirectoryServer, reason: str) -> None:
        seconds = settings.DIRECTORY_RETRY_DEAD_AFTER
        self._dead_until[server] = time.monotonic() + seconds
        logger.warning("directory server %s is passed over for %s s: %s", server.url, seconds, reason)

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
            logger.info("directory server %s: connection renewed: %s", connection.server.url, broken)
        return self._on(self.connect(), work)

    def close(self) -> None:
        """Closes the kept connections. The next call opens new ones."""
        with suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    def _on(self, connection: Connection, work: Callable[[Connection], T]) -> T:
        try:
            result = work(connection)
        except DirectoryRefused:
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
