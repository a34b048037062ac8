"""Django's mail over SMTP, with a deadline. EMAIL_BACKEND names it."""

import smtplib
import ssl
import threading
from functools import cache
from typing import Any

from django.core.mail.backends import smtp

from idportal.channels.deadline import Deadline, connect, tls_sockets

# For the whole of a connection, which hands over one mail: the limit of single answers (EMAIL_TIMEOUT) does not bound a
# server that answers a little each second.
DEADLINE = 30.0  # seconds


class _Limits(threading.local, Deadline):
    """Each thread has its own: it hands over one mail at a time."""


_limits = _Limits(DEADLINE)


@cache
def _tls() -> ssl.SSLContext:
    """Made once in a process: to read the system's authorities takes 6 ms."""
    context = ssl.create_default_context()
    context.sslsocket_class = tls_sockets(_limits)
    return context


class EmailBackend(smtp.EmailBackend):
    """What is not done by DEADLINE fails as a connection that breaks."""

    connection_class = property(lambda self: _Smtp)
    ssl_context = property(lambda self: _tls())

    def open(self) -> bool | None:
        _limits.begin(DEADLINE, each=self.timeout)
        opened: bool | None = super().open()
        return opened


class _Smtp(smtplib.SMTP):
    """``context``: TLS from the first byte."""

    def __init__(self, *where: Any, context: ssl.SSLContext | None = None, **more: Any) -> None:
        self._context = context
        super().__init__(*where, **more)

    def connect(self, host: str = "localhost", port: int = 0, source_address: object = None) -> tuple[int, bytes]:
        wire = connect(host, port, _limits)
        self.sock = self._context.wrap_socket(wire, server_hostname=host) if self._context else wire
        self.file = None
        return self.getreply()
