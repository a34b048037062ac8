"""Plain HTTP gateways: what they get is what Apprise's own plugin sends, on connections that are kept."""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import apprise
import pytest
from pytest_django import Settings

from deploy.local.files import make_certificate
from idportal import plain_http, sms

pytestmark = pytest.mark.process

NUMBER, OTHER = "+46701740605", "+358501234567"
TEXT = "Din säkerhetskod är 012345.\n\n@pwreset.example #012345"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
DROP = b""


class Provider:
    """Speaks HTTP/1.1 and keeps connections. ``requests``: what came, with the number of its connection."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.answer: Callable[[bytes], bytes] = lambda request: OK
        self.requests: list[tuple[int, bytes]] = []
        self.connections: list[socket.socket] = []
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    @property
    def got(self) -> list[bytes]:
        return [request for _, request in self.requests]

    def __enter__(self) -> Provider:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Closes each connection."""
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections.append(connection)
                threading.Thread(target=self._serve, args=(connection, len(self.connections)), daemon=True).start()

    def _serve(self, plain: socket.socket, place: int) -> None:
        with suppress(OSError), plain:
            connection = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
            with connection, connection.makefile("rb") as lines:
                while head := _head(lines):
                    length = re.search(rb"(?i)content-length: (\d+)", head)
                    request = head + lines.read(int(length[1]) if length else 0)
                    self.requests.append((place, request))
                    answer = self.answer(request)
                    if answer == DROP:
                        connection.shutdown(socket.SHUT_RDWR)
                    connection.sendall(answer)


def _head(lines: BinaryIO) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n") and (line := lines.readline()):
        head += line
    return head


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    sms.passed_over_until.clear()
    with Provider() as provider:
        settings.SMS_GATEWAYS = [f"json://127.0.0.1:{provider.port}/sms/{{to}}"]
        yield provider


@pytest.fixture(autouse=True)
def read_anew() -> None:
    plain_http.read.cache_clear()


def sent_by_apprise(url: str, text: str, number: str = NUMBER) -> bool:
    plugin = apprise.Apprise.instantiate(url.replace("{to}", number.replace("+", "%2B")))
    assert isinstance(plugin, apprise.NotifyBase)
    plugin.socket_connect_timeout, plugin.socket_read_timeout = 5.0, 6.0
    return bool(plugin.notify(body=text, title="", notify_type=apprise.NotifyType.INFO))


def sent_by_us(url: str, text: str, settings: Settings, number: str = NUMBER) -> bool:
    settings.SMS_GATEWAYS = [url]
    try:
        sms.send(number, text)
    except sms.SmsError:
        return False
    return True


# --- The same request ----------------------------------------------------------------------------

PLAIN = [
    "json://127.0.0.1:{port}",
    "json://127.0.0.1:{port}/{{to}}",
    "JSON://localhost:{port}/a%20b/{{to}}/c%2Fd/?x=1",
    "json://user:p%40ss%2Bw@127.0.0.1:{port}/sms?-to={{to}}&-from=Kommunen+I+Nord&:again={{to}}",
    "json://user@127.0.0.1:{port}/sms/{{to}}",
    "json://127.0.0.1:{port}/{{to}}?+X-Api-Key=a%2Bb%3D%3D&+X-To=tel:{{to}}&+user-agent=own&+Content-Length=3",
    "json://127.0.0.1:{port}/?:to={{to}}&:message=text&:title=&:version=&:type=kind&:attachments=&:flag=&:p=å%26",
    "json://127.0.0.1:{port}/{{to}}?:a=version&:version=a&:title=b&:b=title&:b=type",
    "json://127.0.0.1:{port}/{{to}}?method=put",
    "json://127.0.0.1:{port}/{{to}}?method=GET&-a=b",
    "json://127.0.0.1:{port}/{{to}}?redirect=no&retry=2&emojis=yes&format=markdown&overflow=split&rto=1&cto=1&tz=UTC",
]
NOT_PLAIN = [
    "json://{{to}}:p@127.0.0.1:{port}/",  # in base64
    "json://127.0.0.1:{port}/{{to}}?+{{to}}=name",
    "json://127.0.0.1:{port}/{{to}}?:message=message",
    "json://127.0.0.1:{port}/{{to}}?:message=",
    "json://127.0.0.1:{port}/{{to}}?:title=message",  # in the text's place
    "json://127.0.0.1:{port}/{{to}}?x={{to}}",
    "form://u:p@127.0.0.1:{port}/x?:to={{to}}&:message=text",
    "xml://127.0.0.1:{port}/{{to}}",
]


@pytest.mark.parametrize("url", [*PLAIN, *NOT_PLAIN])
def test_the_gateway_gets_what_apprise_sends(provider: Provider, settings: Settings, url: str) -> None:
    url = url.format(port=provider.port)
    texts = [TEXT, "  a \n", '"\\ {to} {text} %2B <&> €£', "text-of-the-message 019283746501928"]
    for number, text in [*((NUMBER, text) for text in texts), (OTHER, "å" * 160)]:
        assert sent_by_apprise(url, text, number)
        assert sent_by_us(url, text, settings, number)
    assert len(provider.got) == 10
    assert provider.got[::2] == provider.got[1::2]


def test_which_gateways_are_plain() -> None:
    assert all(plain_http.read(url.format(port=1)) for url in PLAIN)
    assert not any(plain_http.read(url.format(port=1)) for url in [*NOT_PLAIN, "nosuchprovider://{{to}}", ""])


def test_a_proxy_and_credentials_of_the_environment_count(
    provider: Provider, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine gateway.example login canary password own\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", f"http://me:too@127.0.0.1:{provider.port}")
    url = "json://gateway.example/{to}"
    assert sent_by_apprise(url, TEXT)
    assert sent_by_us(url, TEXT, settings)
    first, second = provider.got
    assert first == second
    assert first.startswith(b"POST http://gateway.example/")
    assert b"\r\nAuthorization: Basic " in first
    assert b"\r\nProxy-Authorization: Basic " in first


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("follows", ["yes", "no"])
def test_redirects_are_followed_as_by_apprise(
    provider: Provider, settings: Settings, status: int, follows: str
) -> None:
    moved = f"HTTP/1.1 {status} X\r\nLocation: /new\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n".encode()
    provider.answer = lambda request: OK if b" /new " in request else moved
    url = f"json://user:password@127.0.0.1:{provider.port}/{{to}}?redirect={follows}"
    assert sent_by_apprise(url, TEXT) == sent_by_us(url, TEXT, settings) == (follows == "yes")
    half = len(provider.got) // 2
    assert half == (2 if follows == "yes" else 1)
    assert provider.got == provider.got[:half] * 2


def test_no_cookie_of_one_message_goes_with_another(provider: Provider) -> None:
    names = iter("ab")

    def moved(request: bytes) -> bytes:
        if b" /new " in request:
            return OK
        cookie = f"Set-Cookie: {next(names)}=1; Path=/"
        return f"HTTP/1.1 307 X\r\nLocation: /new\r\n{cookie}\r\nContent-Length: 0\r\n\r\n".encode()

    provider.answer = moved
    sends(2)
    cookies = [re.findall(rb"(?m)^Cookie: (.*)\r$", request) for request in provider.got]
    assert cookies == [[], [b"a=1"], [], [b"b=1"]]


@pytest.mark.parametrize("status", [100, 199, 200, 201, 202, 204, 299, 300, 304, 400, 401, 429, 500, 503])
def test_an_answer_means_what_it_means_to_apprise(provider: Provider, settings: Settings, status: int) -> None:
    final = b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n" if status == 100 else b""
    provider.answer = lambda request: f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode() + final
    url = settings.SMS_GATEWAYS[0]
    assert sent_by_apprise(url, TEXT) == sent_by_us(url, TEXT, settings) == (status in range(200, 300))


def test_certificates_are_checked_unless_the_url_says_no(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with Provider(tls) as provider:
        url = f"jsons://127.0.0.1:{provider.port}/{{to}}"
        assert not sent_by_apprise(url, TEXT)
        assert not sent_by_us(url, TEXT, settings)
        assert provider.got == []
        assert sent_by_apprise(f"{url}?verify=no", TEXT)
        assert sent_by_us(f"{url}?verify=no", TEXT, settings)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
        plain_http.read.cache_clear()
        assert sent_by_us(url, TEXT, settings)
        before = len(provider.connections)
        assert sent_by_us(url, TEXT, settings)
        assert len(provider.connections) == before
        assert provider.got == provider.got[:1] * 4


# --- Kept connections ----------------------------------------------------------------------------


def sends(count: int) -> None:
    for _time in range(count):
        sms.send(NUMBER, TEXT)


def places(provider: Provider) -> list[int]:
    return [place for place, _ in provider.requests]


def test_messages_one_after_the_other_take_one_connection(provider: Provider) -> None:
    sends(3)
    assert places(provider) == [1, 1, 1]


def test_a_refusal_keeps_the_connection(provider: Provider, settings: Settings) -> None:
    provider.answer = lambda request: b"HTTP/1.1 500 X\r\nContent-Length: 2\r\n\r\nno"
    assert not sent_by_us(settings.SMS_GATEWAYS[0], TEXT, settings)
    provider.answer = lambda request: OK
    sends(1)
    assert places(provider) == [1, 1]


def test_a_connection_that_the_gateway_closed_is_replaced(provider: Provider) -> None:
    """Neither is the message lost, nor sent twice, nor is the gateway passed over."""
    for _time in range(3):
        sends(1)
        provider.hang_up()
    assert places(provider) == [1, 2, 3]
    assert not sms.passed_over_until


def test_a_connection_of_one_message_is_not_kept(provider: Provider) -> None:
    provider.answer = lambda request: OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    sends(2)
    assert places(provider) == [1, 2]


def test_a_connection_is_kept_for_some_seconds_after_its_last_message(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = [0.0]
    monkeypatch.setattr(plain_http, "monotonic", lambda: time.monotonic() + passed[0])
    for seconds in (0.0, 2.9, 2.9, 3.1):
        passed[0] += seconds
        sends(1)
    assert places(provider) == [1, 1, 1, 2]


def test_a_message_whose_connection_broke_is_not_sent_again(provider: Provider, settings: Settings) -> None:
    """The gateway may have taken it: as ever, that is a refusal, and the next gateway gets its turn."""
    sends(1)
    provider.answer = lambda request: DROP
    with Provider() as spare:
        settings.SMS_GATEWAYS = [*settings.SMS_GATEWAYS, f"json://127.0.0.1:{spare.port}/{{to}}"]
        assert sms.send(NUMBER, TEXT) == "2 (json)"
        assert (places(provider), places(spare)) == ([1, 1], [1])


def test_an_answer_that_comes_too_late_is_for_no_other_message(
    provider: Provider, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sms, "GATEWAY_TIMEOUT", 0.3)
    sends(1)
    late = threading.Event()

    def refuse_late(request: bytes) -> bytes:
        late.wait(5)
        return b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"

    provider.answer = refuse_late
    with pytest.raises(sms.SmsError) as error:
        sms.send(NUMBER, TEXT)
    assert error.value.perhaps_sent
    provider.answer = lambda request: OK
    sends(1)
    late.set()
    sends(1)
    assert places(provider)[:3] == [1, 1, 2]
    assert len(provider.got) == 4


def test_who_never_answers_is_not_waited_for_much_longer(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the answer any more, but a thread and a connection are still there."""
    monkeypatch.setattr(sms, "GATEWAY_TIMEOUT", 0.2)
    never = threading.Event()
    provider.answer = lambda request: OK if never.wait(10) else DROP
    with pytest.raises(sms.SmsError) as error:
        sms.send(NUMBER, TEXT)
    assert error.value.perhaps_sent
    waiting = [thread for thread in threading.enumerate() if thread.name == "sms"]
    assert waiting
    for thread in waiting:
        thread.join(3)
        assert not thread.is_alive()
    never.set()


def test_messages_at_once_have_a_connection_each(provider: Provider, settings: Settings) -> None:
    plain_http.read(settings.SMS_GATEWAYS[0])  # else several of them read it, and only one reading is kept
    together = threading.Barrier(4)

    def wait(request: bytes) -> bytes:
        together.wait(5)
        return OK

    provider.answer = wait
    numbers = [f"+467017406{last:02}" for last in range(5, 9)]
    for _time in range(2):
        threads = [threading.Thread(target=sms.send, args=(number, f"till {number}")) for number in numbers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
    assert len(provider.connections) == 4
    said = [re.findall(rb"\d{11}", request) for request in provider.got]
    assert sorted(said) == sorted([number[1:].encode()] * 2 for number in numbers * 2)
