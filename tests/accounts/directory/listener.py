"""A listener on loopback that is no directory: it hangs up, or keeps the line open in silence."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Self


class Listener:
    """Counts the connections it gets and keeps the first bytes that came on each."""

    def __init__(self, *, hangs_up: bool) -> None:
        self._hangs_up = hangs_up
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.received: list[bytes] = []
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def count(self) -> int:
        return len(self.received)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return  # closed: the test is over
            if self._hangs_up:
                self.received.append(b"")
                connection.close()
                continue
            connection.settimeout(1)
            try:
                self.received.append(connection.recv(65536))
            except OSError:
                self.received.append(b"")
            self._open.append(connection)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._open:
            connection.close()
        self._thread.join(5)
