"""Sockets that limit how long and how much a server may answer; and a check on a kept connection.

By hand: the timeouts of sockets, requests, smtplib and IMAPClient bound the wait for the next byte alone, so a server
could send one byte after another for days. Nothing here bounds the look-up of host names (resolv.conf(5)).
"""

import select
import socket
import ssl
import time
from typing import Any

# Seconds. A healthy server answers in one. No page waits for these servers, but a thread of the worker does.
READ_TIMEOUT = 10.0  # to connect to an address, for the handshake, and for the next bytes
ANSWER_TIMEOUT = 30.0  # for a whole answer

# Bytes that an answer may have besides what was asked for by size: a broken server must not fill the memory.
ANSWER_LIMIT = 1024 * 1024


class Deadline:
    """The time that is left for a connection; and the time and the bytes for the answer to the current command.

    ``each``: seconds for the next bytes, READ_TIMEOUT if none are given.
    """

    def __init__(self, seconds: float, each: float | None = None) -> None:
        self.begin(seconds, each)

    def begin(self, seconds: float, each: float | None = None) -> None:
        """As for another connection."""
        self._end, self._each = time.monotonic() + seconds, each
        self.allow(seconds)

    def allow(self, seconds: float | None = None, *, more: int = 0) -> None:
        """Starts the next answer: ``seconds`` (default ANSWER_TIMEOUT), and ``more`` bytes beside ANSWER_LIMIT."""
        until = time.monotonic() + (ANSWER_TIMEOUT if seconds is None else seconds)
        self._until, self._bytes = min(until, self._end), ANSWER_LIMIT + more

    def wait(self) -> float:
        """Returns the seconds for the next bytes. Raises TimeoutError if none are left."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer trickles")
        return min(left, READ_TIMEOUT if self._each is None else self._each)

    def took(self, count: int) -> int:
        """Counts the bytes that came, and returns them. Raises OSError if the answer is too long."""
        self._bytes -= count
        if self._bytes < 0:
            raise OSError("the answer has no end")
        return count


class DeadlineSocket(socket.socket):
    """A socket with a deadline. imaplib, smtplib and http.client read it through ``recv_into``."""

    deadline: Deadline

    def recv_into(self, *arguments: Any, **more: Any) -> int:
        self.settimeout(self.deadline.wait())
        return self.deadline.took(super().recv_into(*arguments, **more))

    def send(self, *arguments: Any, **more: Any) -> int:  # a part of what TLS sends
        self.settimeout(self.deadline.wait())
        return super().send(*arguments, **more)

    def sendall(self, *arguments: Any, **more: Any) -> None:
        self.settimeout(self.deadline.wait())  # the last read may have left almost nothing
        super().sendall(*arguments, **more)


def connect(host: str, port: int, limits: Deadline) -> DeadlineSocket:
    """As ``socket.create_connection``, but that all addresses of the host together have the deadline."""
    failure = OSError("the host has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        wire = DeadlineSocket(family, kind, protocol)
        wire.deadline = limits
        try:
            wire.settimeout(limits.wait())
            wire.connect(address)
        except OSError as error:
            wire.close()
            failure = error
        else:
            return wire
    raise failure


def is_silent(fileno: int) -> bool:
    """Whether nothing has come on a kept connection. A server that ends closes it first, and then it can be read."""
    poll = select.poll()
    poll.register(fileno, select.POLLIN)
    return not poll.poll(0)


def tls_sockets(limits: Deadline) -> type[ssl.SSLSocket]:
    """For ``SSLContext.sslsocket_class``."""

    class DeadlineTlsSocket(DeadlineSocket, ssl.SSLSocket):
        deadline = limits

        def do_handshake(self, block: bool = False) -> None:
            self.settimeout(self.deadline.wait())
            super().do_handshake(block)

    return DeadlineTlsSocket
