"""Connections that nobody can hold for ever, or fill the memory through: what a server says is bounded as a whole.

By hand: a socket's own timeout, and so that of requests and IMAPClient, bounds the wait for the next byte alone, and
one byte may follow another for days. What no limit here bounds is the look-up of host names (resolv.conf(5)).
"""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any

from requests.adapters import HTTPAdapter

# Seconds. Nobody waits for a page meanwhile, but a worker does nothing else: a server that is well answers in one, a
# busy one in some.
CONNECT_TIMEOUT = 10.0  # to connect, and again for the handshake
READ_TIMEOUT = 10.0  # for the next bytes
ANSWER_TIMEOUT = 30.0  # for a whole answer

# Bytes that an answer may have besides what was asked for by size: a server that ignores that size, or has gone mad,
# fills no memory.
ANSWER_LIMIT = 1024 * 1024


class Wire:
    """What the answer to the command at hand may still take, in time and in bytes."""

    def __init__(self) -> None:
        self.allow()

    def allow(self, seconds: float | None = None, *, more: int = 0) -> None:
        """For the next answer: so many seconds (ANSWER_TIMEOUT), and ANSWER_LIMIT and ``more`` bytes."""
        self._until = time.monotonic() + (ANSWER_TIMEOUT if seconds is None else seconds)
        self._bytes = ANSWER_LIMIT + more

    def wait(self) -> float:
        """Seconds for the next bytes. Raises TimeoutError if there are none left."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer trickles")
        return min(left, READ_TIMEOUT)

    def took(self, count: int) -> int:
        """So many bytes came. Raises OSError if the answer may have no more."""
        self._bytes -= count
        if self._bytes < 0:
            raise OSError("the answer has no end")
        return count


class Watched(socket.socket):
    """A socket whose reading is bounded as a whole. Files made of it (imaplib, http.client) read by this method."""

    wire: Wire

    def recv_into(self, *arguments: Any, **more: Any) -> int:
        self.settimeout(self.wire.wait())
        return self.wire.took(super().recv_into(*arguments, **more))

    def sendall(self, *arguments: Any, **more: Any) -> None:
        self.settimeout(self.wire.wait())  # what the last reading left may be next to nothing
        super().sendall(*arguments, **more)


def context(wire: Wire, authority: str) -> ssl.SSLContext:
    """Trusts the system's authorities and that of the PEM file ``authority``, if it is not ""; checks host names.

    What it wraps is a socket on this wire. Raises OSError if the file can't be read or is no PEM.
    """

    class WatchedTls(Watched, ssl.SSLSocket):
        pass

    WatchedTls.wire = wire
    made = ssl.create_default_context()
    made.sslsocket_class = WatchedTls
    if authority:
        made.load_verify_locations(authority)
    return made


class Adapter(HTTPAdapter):
    """Speaks TLS by the given context, also through a proxy that the environment names."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=self._context, **more)

    def proxy_manager_for(self, *arguments: Any, **more: Any) -> Any:
        return super().proxy_manager_for(*arguments, ssl_context=self._context, **more)
