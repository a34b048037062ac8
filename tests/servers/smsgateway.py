"""Stands in for an SMS provider, outside the machine: a local HTTP server that records what it gets.

It leaves connections open, as providers do.

It speaks two of the tongues that Apprise knows: ``json_url`` is its plain JSON post, the number in the path;
``form_url`` is a provider's typical form post with the fields ``to`` and ``text``.
"""

from __future__ import annotations

import enum
import json
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, unquote, urlsplit


class Mood(enum.Enum):
    """How the gateway meets a message."""

    ACCEPT = "accept"
    FAIL = "answer 500"
    HANG = "take the message and never answer"
    RESET = "drop the connection without an answer"


@dataclass(frozen=True, slots=True)
class Message:
    """What reached the gateway: the number as it stood there (E.164), and the text as it would be sent."""

    to: str
    text: str


class SmsGateway:
    """An HTTP server on a free loopback port, in a thread of its own. A context manager.

    ``received`` holds every message that was taken in, in order; ``attempts`` counts all requests.
    ``stop`` also ends requests that hang, and after it the port refuses connections.
    """

    def __init__(self) -> None:
        self.mood = Mood.ACCEPT
        self.received: list[Message] = []
        self.attempts = 0
        self._arrived = threading.Condition()
        self._stopping = threading.Event()
        handler = type("Handler", (_Handler,), {"gateway": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def json_url(self) -> str:
        """For ``SMS_GATEWAYS``: Apprise's JSON post, the number in the path."""
        return f"json://127.0.0.1:{self.port}/sms/{{to}}"

    @property
    def form_url(self) -> str:
        """For ``SMS_GATEWAYS``: a form with ``to`` and ``text``, and with a user name and a password."""
        return (
            f"form://provider:gateway-secret@127.0.0.1:{self.port}/send"
            "?:to={to}&:message=text&:version=&:title=&:type="
        )

    def wait_for(self, count: int, timeout: float = 10.0) -> list[Message]:
        """The messages, once there are ``count``. Raises :class:`TimeoutError` after ``timeout`` seconds."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.received) >= count, timeout):
                raise TimeoutError(f"{len(self.received)} of {count} messages came in {timeout} s")
            return list(self.received)

    def clear(self) -> None:
        """Forget what came, and accept again."""
        with self._arrived:
            self.received.clear()
            self.attempts = 0
        self.mood = Mood.ACCEPT

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def attempted(self) -> None:
        with self._arrived:
            self.attempts += 1

    def take(self, message: Message) -> None:
        with self._arrived:
            self.received.append(message)
            self._arrived.notify_all()

    def hang(self) -> None:
        """Until the gateway stops, and so longer than anybody waits."""
        self._stopping.wait()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *arguments: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for connection in self._open.copy():
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gave up waiting is what the tests are about, not an error to print."""


class _Handler(BaseHTTPRequestHandler):
    gateway: ClassVar[SmsGateway]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.gateway.attempted()
        match self.gateway.mood:
            case Mood.ACCEPT:
                message = self._read(body)
                if message is None:
                    self._answer(400)
                    return
                self.gateway.take(message)
                self._answer(200)
            case Mood.FAIL:
                self._answer(500)
            case Mood.HANG:
                self.gateway.hang()
                self.close_connection = True
            case Mood.RESET:
                # Lingering for no time makes close() send RST instead of FIN.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True

    def _read(self, body: bytes) -> Message | None:
        """The message, or None if the request is none that a provider would take."""
        path = urlsplit(self.path).path
        kind = self.headers.get_content_type()
        if kind == "application/json" and path.startswith("/sms/"):
            text = json.loads(body).get("message")
            return Message(unquote(path.removeprefix("/sms/")), text) if isinstance(text, str) else None
        if kind == "application/x-www-form-urlencoded" and self.headers.get("Authorization", "").startswith("Basic "):
            fields = parse_qs(body.decode("ascii"), keep_blank_values=True)
            if {"to", "text"} <= fields.keys():
                return Message(fields["to"][0], fields["text"][0])
        return None

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what matters is in ``received``."""
