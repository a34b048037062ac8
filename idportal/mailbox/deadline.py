"""Sockets with a deadline: a server's whole answer is bounded, in time and in bytes.

By hand: the timeouts of sockets, requests and IMAPClient bound the wait for the next byte alone, so a server could send
one byte after another for days. Nothing here bounds the look-up of host names (resolv.conf(5)).
"""

import socket
import ssl
import time
from typing import Any

from requests.adapters import HTTPAdapter

# Seconds. A healthy server answers in one. No page waits for it, but the worker does nothing else meanwhile.
CONNECT_TIMEOUT = 10.0  # to connect, and again for the handshake
READ_TIMEOUT = 10.0  # for the next bytes
ANSWER_TIMEOUT = 30.0  # for a whole answer

# Bytes that an answer may have besides what was asked for by size: a broken server must not fill the memory.
ANSWER_LIMIT = 1024 * 1024


class Deadline:
    """The time and the bytes that are left for the answer to the current command."""

    def __init__(self) -> None:
        self.allow()

    def allow(self, seconds: float | None = None, *, more: int = 0) -> None:
        """Starts the next answer: ``seconds`` (default ANSWER_TIMEOUT), and ``more`` bytes beside ANSWER_LIMIT."""
        self._until = time.monotonic() + (ANSWER_TIMEOUT if seconds is None else seconds)
        self._bytes = ANSWER_LIMIT + more

    def wait(self) -> float:
        """Returns the seconds for the next bytes. Raises TimeoutError if none are left."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer trickles")
        return min(left, READ_TIMEOUT)

    def took(self, count: int) -> int:
        """Counts the bytes that came, and returns them. Raises OSError if the answer is too long."""
        self._bytes -= count
        if self._bytes < 0:
            raise OSError("the answer has no end")
        return count


class DeadlineSocket(socket.socket):
    """A socket with a deadline. imaplib and http.client read it through ``recv_into``."""

    deadline: Deadline

    def recv_into(self, *arguments: Any, **more: Any) -> int:
        self.settimeout(self.deadline.wait())
        return self.deadline.took(super().recv_into(*arguments, **more))

    def sendall(self, *arguments: Any, **more: Any) -> None:
        self.settimeout(self.deadline.wait())  # the last read may have left almost nothing
        super().sendall(*arguments, **more)


class TlsAdapter(HTTPAdapter):
    """Speaks TLS with the given context, also through a proxy that the environment names."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=self._context, **more)

    def proxy_manager_for(self, *arguments: Any, **more: Any) -> Any:
        return super().proxy_manager_for(*arguments, ssl_context=self._context, **more)
