"""Stands in for Entra ID, which lies outside the machine: hands out tokens by client credentials, and knows its own."""

from __future__ import annotations

import json
import secrets
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar, Self
from urllib.parse import parse_qs


class TokenServer:
    """``token_url`` by https, with the certificate in the folder; ``introspection_url`` (RFC 7662) by http.

    A context manager. ``asked`` holds what each token was asked for with. ``answer``, if set, is what is said instead
    of a token: a status and a body. ``believed``: whether it vouches for its tokens.
    """

    def __init__(self, certificates: Path, user: str) -> None:
        self.user = user
        self.asked: list[dict[str, str]] = []
        self.answer: tuple[int, dict[str, str]] | None = None
        self.location = ""  # of an answer that redirects
        self.believed = True
        self.tokens: list[str] = []
        handler = type("Handler", (_Handler,), {"tokens": self})
        self._plain = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._tls = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
        self._tls.socket = context.wrap_socket(self._tls.socket, server_side=True)
        self.token_url = f"https://127.0.0.1:{self._tls.server_address[1]}/token"
        self.introspection_url = f"http://127.0.0.1:{self._plain.server_address[1]}/introspect"

    def clear(self) -> None:
        """Well again, and nothing was asked."""
        self.asked.clear()
        self.answer, self.location, self.believed = None, "", True

    def __enter__(self) -> Self:
        for server in (self._plain, self._tls):
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in (self._plain, self._tls):
            server.shutdown()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    tokens: ClassVar[TokenServer]

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        fields = {name: values[0] for name, values in form.items()}
        if self.path == "/introspect":
            self._introspect(fields)
        else:
            self._token(fields)

    def _token(self, fields: dict[str, str]) -> None:
        self.tokens.asked.append(fields)
        if self.tokens.answer:
            self._say(*self.tokens.answer)
            return
        token = f"canary-token-{secrets.token_urlsafe(16)}"
        self.tokens.tokens.append(token)
        self._say(200, {"token_type": "Bearer", "expires_in": "3599", "access_token": token})

    def _introspect(self, fields: dict[str, str]) -> None:
        known = fields.get("token") in self.tokens.tokens
        self._say(200, {"active": known and self.tokens.believed, "username": self.tokens.user})

    def _say(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        if self.tokens.location:
            self.send_header("Location", self.tokens.location)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: pytest shows stderr of tests that fail, and this is no help."""
