"""Mail over SMTP as EMAIL_URL may say it, and a relay that is slow: the whole of a mail has a deadline."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox
from django.core.mail import EmailMessage

from deploy.local.server import free_port
from idportal.channels import smtp
from tests.idportal.conftest import PRODUCTION, manage
from tests.idportal.mail_servers import Script, bad_server, drip, silence

pytestmark = pytest.mark.process

PATIENCE = 1.0  # seconds for all; each wait may take two
SCHEMES: dict[str, dict[str, Any]] = {"smtp": {}, "smtp+tls": {"use_tls": True}, "smtp+ssl": {"use_ssl": True}}


def send(port: int, scheme: str = "smtp", *, length: int = 100) -> None:
    """Raises as smtplib does."""
    line = "Expiring passwords " * 50 + "\n"
    mail = EmailMessage("Hej", line * max(1, length // len(line)), "it@kommunen.example", ["carin@example.org"])
    backend: Any = smtp.EmailBackend(host="localhost", port=port, timeout=2, **SCHEMES[scheme])
    backend.send_messages([mail])


@pytest.fixture
def trusted(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The suite's own authority is one of the system's."""
    smtp._tls.cache_clear()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))
    yield
    smtp._tls.cache_clear()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "DEADLINE", PATIENCE)


@pytest.fixture
def serve(certificates: Path, tmp_path: Path) -> Iterator[Callable[[str], int]]:
    """Starts a real server that takes mail; returns its port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    with ExitStack() as stack:

        def start(scheme: str) -> int:
            more: dict[str, dict[str, Any]] = {
                "smtp+tls": {"tls_context": context, "require_starttls": True},
                "smtp+ssl": {"ssl_context": context},
            }
            handler, port = Mailbox(tmp_path / "taken"), free_port()
            server = Controller(handler, "127.0.0.1", port, **more.get(scheme, {}))
            server.start()
            stack.callback(server.stop)
            return port

        yield start


def begins(then: Callable[[socket.socket], None]) -> Script:
    """Takes the mail in good order up to its text; then this."""

    def script(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        connection.sendall(b"220 mx\r\n")
        lines = connection.makefile("rb")
        for line in lines:
            if line.upper().startswith(b"DATA"):
                connection.sendall(b"354 go on\r\n")
                then(connection)
                break
            connection.sendall(b"250 yes\r\n")

    return script


def reads_slowly(connection: socket.socket) -> None:
    while connection.recv(1000):
        time.sleep(0.05)


def never_ends(connection: socket.socket) -> None:
    while connection.recv(65536):
        connection.sendall(b"250-")
        drip(connection)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_mail_arrives_over_each_kind_of_connection(serve: Callable[[str], int], tmp_path: Path, scheme: str) -> None:
    send(serve(scheme), scheme, length=200_000)
    assert len(list((tmp_path / "taken" / "new").iterdir())) == 1


@pytest.mark.parametrize("scheme", ["smtp+tls", "smtp+ssl"])
def test_a_server_that_is_not_trusted_gets_no_mail(serve: Callable[[str], int], tmp_path: Path, scheme: str) -> None:
    port = serve(scheme)
    with pytest.raises(ssl.SSLCertVerificationError):
        send(port, scheme)
    assert list((tmp_path / "taken" / "new").iterdir()) == []


def test_the_settings_name_it() -> None:
    code = "from django.conf import settings; print(settings.EMAIL_BACKEND, settings.EMAIL_USE_TLS)"
    for url, words in {
        "smtp+tls://a:b@mx.example:587": "idportal.channels.smtp.EmailBackend True",
        "filemail:///tmp/mail": "django.core.mail.backends.filebased.EmailBackend False",
    }.items():
        ran = manage("shell", "--no-imports", "-c", code, **{**PRODUCTION, "EMAIL_URL": url})
        assert ran.stdout.strip() == words, ran.stderr


@pytest.mark.usefixtures("trusted", "impatient")
@pytest.mark.parametrize("scheme", ["smtp", "smtp+ssl"])
@pytest.mark.parametrize(
    "script",
    [silence, drip, begins(never_ends), begins(reads_slowly)],
    ids=["silence", "a greeting without an end", "an answer without an end", "a text that is read slowly"],
)
def test_a_relay_that_does_not_come_to_the_point_is_not_waited_for(
    certificates: Path, script: Script, scheme: str
) -> None:
    """No single wait of these takes long."""
    with bad_server(script, certificates if scheme == "smtp+ssl" else None) as port:
        begun = time.monotonic()
        with pytest.raises((smtplib.SMTPServerDisconnected, TimeoutError)):
            send(port, scheme, length=6_000_000)
    assert time.monotonic() - begun < PATIENCE + 1


@pytest.mark.usefixtures("impatient")
def test_a_relay_with_many_addresses_that_are_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each may take its time to connect, and all together no more than one mail may."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as others:
        for _waits in range(3):
            other = others.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(full.getsockname())
        found = socket.getaddrinfo("127.0.0.1", full.getsockname()[1], type=socket.SOCK_STREAM)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found * 20)
        begun = time.monotonic()
        with pytest.raises(OSError, match=r"trickles|timed out"):
            send(full.getsockname()[1])
    assert time.monotonic() - begun < PATIENCE + 1


@pytest.mark.usefixtures("trusted", "impatient")
def test_each_thread_has_a_deadline_of_its_own(certificates: Path, serve: Callable[[str], int]) -> None:
    """A mail that goes out in another thread gives a slow one no more time, though they share the authorities."""
    port, begun = serve("smtp+ssl"), time.monotonic()
    with bad_server(drip, certificates) as slow, ThreadPoolExecutor(1) as other:
        waiting = other.submit(send, slow, "smtp+ssl")
        while not waiting.done():
            send(port, "smtp+ssl")
            assert time.monotonic() - begun < PATIENCE + 1
    assert isinstance(waiting.exception(), smtplib.SMTPServerDisconnected)


def test_the_next_address_of_a_relay_is_tried(serve: Callable[[str], int], monkeypatch: pytest.MonkeyPatch) -> None:
    port = serve("smtp")
    both = [*socket.getaddrinfo("127.0.0.1", free_port(), type=socket.SOCK_STREAM)]
    both += socket.getaddrinfo("127.0.0.1", port, type=socket.SOCK_STREAM)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    send(port)
