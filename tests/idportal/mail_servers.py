"""Fixtures: mail servers that misbehave as real ones do, and what the portal says of them."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from pytest_django import Settings

from deploy.local import files
from deploy.local.dovecot import ACCOUNT
from idportal.channels import deadline
from idportal.channels.mailbox import Mailbox, MailboxError, open_mailbox
from tests.servers.dovecot import TestDovecot
from tests.servers.tokens import TokenServer

Script = Callable[[socket.socket], None]
SECRET = "canary/Sköldpadda:7"


def nothing(box: Mailbox) -> None:
    """It is enough to open it."""


def failure(use: Callable[[Mailbox], object] = nothing, seconds: float = 60) -> MailboxError:
    """What opening the mailbox for so long, and using it, ends in."""
    with pytest.raises(MailboxError) as raised, open_mailbox(seconds) as box:
        use(box)
    return raised.value


@contextmanager
def bad_server(script: Script, certificates: Path | None = None) -> Iterator[int]:
    """Plays the script to each connection, over TLS if there are certificates. The value is its port."""
    stopped = threading.Event()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    if certificates:
        context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def play(connection: socket.socket) -> None:
            with suppress(OSError), connection:
                if certificates:
                    connection = context.wrap_socket(connection, server_side=True)
                script(connection)

        def serve() -> None:
            with suppress(OSError):
                while not stopped.is_set():
                    threading.Thread(target=play, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        stopped.set()
        listener.shutdown(socket.SHUT_RDWR)


def silence(connection: socket.socket) -> None:
    """Until the other side has had enough."""
    while connection.recv(4096):
        pass


def drip(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"x")
        time.sleep(0.1)


def no_end(connection: socket.socket) -> None:
    """A greeting, then lines and lines."""
    connection.sendall(b"* OK hello\r\n")
    while True:
        connection.sendall(b"* OK and another thing\r\n" * 1000)


def nonsense(connection: socket.socket) -> None:
    connection.sendall(b"220 mx.kommunen.example ESMTP\r\n")
    silence(connection)


def talking(answers: dict[bytes, bytes], heard: list[bytes] | None = None) -> Script:
    """Greets, and says OK to each command but these. The connection ends instead of an empty answer."""

    def script(connection: socket.socket) -> None:
        connection.sendall(b"* OK hello\r\n")
        with connection.makefile("rb") as lines:
            for line in lines:
                tag, command = line.split()[:2]
                if heard is not None:
                    heard.append(command)
                answer = answers.get(command, b"OK done")
                if not answer:
                    return
                connection.sendall(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" " + answer + b"\r\n")

    return script


@pytest.fixture
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in life, in seconds that a test has."""
    monkeypatch.setattr(deadline, "READ_TIMEOUT", 0.5)
    monkeypatch.setattr(deadline, "ANSWER_TIMEOUT", 1.5)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    files.make_certificate(folder)
    return folder


@pytest.fixture
def elsewhere(settings: Settings, certificates: Path) -> Callable[[str, int], None]:
    """Points the portal at another server."""

    def point(scheme: str, port: int) -> None:
        settings.HELPDESK_MAILBOX = f"{scheme}://{ACCOUNT}:{quote(SECRET, safe='')}@127.0.0.1:{port}/INBOX"
        settings.HELPDESK_MAILBOX_CA_FILE = str(certificates / "ca.pem")
        settings.HELPDESK_MAILBOX_TOKEN_URL = ""

    return point


@pytest.fixture(scope="session")
def token_places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestDovecot, TokenServer]]:
    folder = tmp_path_factory.mktemp("tokens")
    files.make_certificate(folder / "tls")
    with TokenServer(folder / "tls", ACCOUNT) as tokens:
        server = TestDovecot(folder, introspection_url=tokens.introspection_url)
        server.start()
        yield server, tokens
        server.stop()


@pytest.fixture
def tokens(token_places: tuple[TestDovecot, TokenServer], settings: Settings) -> TokenServer:
    """The portal gets in by token, and by nothing else."""
    server, tokens = token_places
    tokens.clear()
    settings.HELPDESK_MAILBOX = f"imaps://{ACCOUNT}@127.0.0.1:{server.dovecot.port}/INBOX"
    settings.HELPDESK_MAILBOX_CA_FILE = str(server.dovecot.ca_file)
    settings.HELPDESK_MAILBOX_TOKEN_URL = tokens.token_url
    settings.HELPDESK_MAILBOX_CLIENT_ID = "the-portal"
    settings.HELPDESK_MAILBOX_CLIENT_SECRET = SECRET
    return tokens
