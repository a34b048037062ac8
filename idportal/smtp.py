"""Django's mail over SMTP, with a deadline. EMAIL_BACKEND names it."""

import smtplib
import socket
import ssl
from functools import cached_property, partial
from typing import Any

from django.core.mail.backends import smtp

from idportal.deadline import Deadline, connect, tls_sockets

# For the whole of a connection, which hands over one mail: the limit of single answers (EMAIL_TIMEOUT) does not bound a
# server that answers a little each second.
DEADLINE = 30.0  # seconds


class EmailBackend(smtp.EmailBackend):
    """What is not done by DEADLINE fails as a connection that breaks. Not for a second connection."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._limits = Deadline(DEADLINE, each=self.timeout)

    @property
    def connection_class(self) -> Any:
        return partial(_Smtp, self._limits)

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        context: ssl.SSLContext = super().ssl_context
        context.sslsocket_class = tls_sockets(self._limits)
        return context


class _Smtp(smtplib.SMTP):
    """``context``: TLS from the first byte."""

    def __init__(self, limits: Deadline, *where: Any, context: ssl.SSLContext | None = None, **more: Any) -> None:
        self._limits, self._context = limits, context
        super().__init__(*where, **more)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        wire = connect(host, port, self._limits)
        return self._context.wrap_socket(wire, server_hostname=host) if self._context else wire
