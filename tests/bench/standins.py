"""Stand-ins for what lies outside the portal's machine: an SMS provider and the municipality's mail relay.

Both do as little as they can, since they take the same processors as what is measured. They keep connections open as
long as the portal does.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import BinaryIO
from urllib.parse import unquote

_CODE = re.compile(r"#(\d{6})$")


class Arrival:
    """A code on its way to one number: when it came (``time.monotonic``), and what it is."""

    def __init__(self) -> None:
        self.at = 0.0
        self.code = ""
        self.came = threading.Event()


class StandIn:
    """Serves each connection in a thread, on a free port of loopback."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            try:
                self.talk(lines, connection.sendall)
            except OSError:
                return

    def talk(self, lines: BinaryIO, say: Callable[[bytes], None]) -> None:
        raise NotImplementedError


class Gateway(StandIn):
    """The SMS provider: takes JSON posts. ``notices`` counts the messages that hold no code."""

    def __init__(self) -> None:
        self.notices = 0
        self.codes = 0
        self._expected: dict[str, Arrival] = {}
        super().__init__()

    @property
    def url(self) -> str:
        """For SMS_GATEWAYS."""
        return f"json://127.0.0.1:{self.port}/sms/{{to}}"

    def expect(self, number: str) -> Arrival:
        """Call it before the code is asked for."""
        arrival = self._expected[number] = Arrival()
        return arrival

    def talk(self, lines: BinaryIO, say: Callable[[bytes], None]) -> None:
        while request := lines.readline():
            at = time.monotonic()
            length = 0
            for name, value in headers(lines):
                if name == b"content-length":
                    length = int(value)
            text = json.loads(lines.read(length))["message"]
            self._take(unquote(request.split()[1].decode()).removeprefix("/sms/"), text, at)
            say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def _take(self, number: str, text: str, at: float) -> None:
        code = _CODE.search(text)
        with self._lock:
            self.codes += code is not None
            self.notices += code is None
        if code and (arrival := self._expected.pop(number, None)):
            arrival.at, arrival.code = at, code[1]
            arrival.came.set()


class Relay(StandIn):
    """The mail relay: takes every mail. ``mails`` counts them."""

    def __init__(self) -> None:
        self.mails = 0
        super().__init__()

    @property
    def url(self) -> str:
        """For EMAIL_URL."""
        return f"smtp://127.0.0.1:{self.port}"

    def talk(self, lines: BinaryIO, say: Callable[[bytes], None]) -> None:
        say(b"220 mx.kommunen.example\r\n")
        while line := lines.readline():
            match line[:4].upper():
                case b"EHLO":
                    say(b"250-mx.kommunen.example\r\n250 8BITMIME\r\n")
                case b"DATA":
                    say(b"354 go on\r\n")
                    while lines.readline() not in (b".\r\n", b""):
                        pass
                    with self._lock:
                        self.mails += 1
                    say(b"250 taken\r\n")
                case b"QUIT":
                    say(b"221 bye\r\n")
                    return
                case _:
                    say(b"250 ok\r\n")


def headers(lines: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Of an HTTP message: names in small letters, and values, to the empty line."""
    while line := lines.readline().rstrip():
        name, _, value = line.partition(b":")
        yield name.lower(), value.strip()
