"""A directory or mail server in a folder of its own: what it needs on the disk, its command, whether it answers."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class LocalServer:
    """Listens on ``port`` of loopback with TLS, and has all that it needs in ``folder``."""

    name = ""  # as messages and its log have it

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder.resolve()
        self.port = port
        self.ca_file = self.folder / "tls" / "ca.pem"

    def prepare(self) -> None:
        """Write the configuration; the first time, the certificate and the data too."""
        raise NotImplementedError

    def command(self) -> list[str]:
        """Starts the server after :meth:`prepare`. The server ends with the thread that started it, at the latest."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether the server completes a TLS handshake with its own certificate."""
        try:
            with self._handshake():
                return True
        except OSError:
            return False

    @contextmanager
    def _handshake(self) -> Iterator[ssl.SSLSocket]:
        """A connection over TLS. Raises OSError."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection,
            context.wrap_socket(connection, server_hostname="127.0.0.1") as made,
        ):
            yield made
