"""Sending an SMS: one segment, the gateways in order, none of which may keep a person waiting or tell a secret."""

from __future__ import annotations

import io
import json
import logging
import re
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from deploy.local.server import free_port
from idportal.channels import sms
from idportal.runtime.logs import JsonFormatter
from tests.servers.smsgateway import Message, Mood, SmsGateway

NUMBER = "+46701740605"
TEXT = "Din säkerhetskod är 012345.\n\n@pwreset.example #012345"
SECRETS = ("canary-user", "canary-password", "canary-token")

# GSM 03.38 6.2.1, copied from the table of the standard row by row; ESC is no sign.
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = "\f^{}\\[~]|€"


class Peer:
    """A server of one kind of manners: sends the bytes with a pause after each, and keeps what it was sent."""

    def __init__(self, answer: bytes, pause: float) -> None:
        self.answer, self.pause = answer, pause
        self.requests: list[bytes] = []
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            if self._stopping.is_set():
                connection.close()
                return
            with connection:
                self.requests.append(_request(connection))
                for byte in self.answer:
                    if self._stopping.wait(self.pause):
                        break
                    try:
                        connection.sendall(bytes([byte]))
                    except OSError:
                        break

    def __enter__(self) -> Peer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        with socket.create_connection(("127.0.0.1", self.port)):
            """Wakes accept()."""
        self._thread.join(5)
        self._listener.close()


def _request(connection: socket.socket) -> bytes:
    """All of it: to close a connection with something unread would cut off the answer."""
    with connection.makefile("rb") as reader:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = reader.readline()
            if not line:
                return head
            head += line
        length = re.search(rb"(?i)content-length: (\d+)", head)
        return head + reader.read(int(length[1]) if length else 0)


@pytest.fixture
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """All that a process logs, as it would stand in the log; with INFO unless the test says otherwise."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(getattr(request, "param", logging.INFO))
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def assert_private(log: str) -> None:
    """Neither credentials, nor whom the message was for, nor what it said."""
    assert log
    for secret in (*SECRETS, "701740605", "012345", "kerhetskod"):
        assert secret not in log, log


def messages(log: io.StringIO) -> list[str]:
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    return [line["message"] for line in lines if line["logger"] == "idportal.channels.sms"]


# --- One segment ---------------------------------------------------------------------------------


def test_a_sign_of_the_basic_alphabet_is_one_septet() -> None:
    assert len(BASIC) == len(set(BASIC)) == 127
    assert {character: sms.septets(character) for character in BASIC} == dict.fromkeys(BASIC, 1)


def test_a_sign_of_the_extension_is_two_septets() -> None:
    assert {character: sms.septets(f"a{character}") for character in EXTENDED} == dict.fromkeys(EXTENDED, 3)


@given(st.text(alphabet=BASIC + EXTENDED, max_size=200))
def test_length_is_counted_in_septets(text: str) -> None:
    assert sms.septets(text) == len(text) + sum(text.count(character) for character in EXTENDED)


@given(st.characters(exclude_characters=BASIC + EXTENDED, codec="utf-8"), st.text(alphabet=BASIC, max_size=5))
def test_any_other_sign_needs_another_alphabet(character: str, around: str) -> None:
    """One of them would make it UCS-2, and cost two messages."""
    assert sms.septets(around + character + around) is None


@pytest.mark.parametrize(
    "text", ["a" * 161, "a" * 159 + "€", "€" * 81, "kod\xa0123", "“kod”", "a\u030a", "kod 😀", "\x1b"]
)
def test_more_than_one_segment_is_refused_before_anything_is_sent(sms_gateway: SmsGateway, text: str) -> None:
    with pytest.raises(ValueError, match="one GSM-7 segment"):
        sms.send(NUMBER, text)
    assert sms_gateway.attempts == 0


@pytest.mark.parametrize("text", ["a" * 160, "€" * 80, "å" * 160])
def test_a_full_segment_is_sent(sms_gateway: SmsGateway, text: str) -> None:
    sms.send(NUMBER, text)
    assert sms_gateway.received == [Message(NUMBER, text)]


# --- What arrives --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["json_url", "form_url"])
@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "a\n\nb\n#1\n@c #2",
        "<b>&amp; &lt;x&gt; %20 %2B + \\n {to} {text}",
        "* _a_ **b** [c](d)\n# rubrik",
        ":smile: $£¤€",
        "  två blanksteg före",
    ],
)
def test_the_text_arrives_verbatim(sms_gateway: SmsGateway, settings: Settings, kind: str, text: str) -> None:
    settings.SMS_GATEWAYS = [getattr(sms_gateway, kind)]
    sms.send(NUMBER, text)
    assert sms_gateway.received == [Message(NUMBER, text)]


@pytest.mark.process
def test_the_number_is_filled_in_percent_encoded(settings: Settings) -> None:
    """A bare + in a URL's query is a space."""
    with Peer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 0) as peer:
        settings.SMS_GATEWAYS = [f"json://127.0.0.1:{peer.port}/{{to}}/x?-to={{to}}&:again={{to}}"]
        sms.send(NUMBER, TEXT)
    head, _, body = peer.requests[0].partition(b"\r\n\r\n")
    path = head.split()[1].decode()
    assert re.fullmatch(r"/(%2B|\+)46701740605/x\?to=%2B46701740605", path), path
    assert json.loads(body)["again"] == NUMBER


def test_each_place_of_the_number_is_filled(sms_gateway: SmsGateway, settings: Settings) -> None:
    settings.SMS_GATEWAYS = [f"form://u:p@127.0.0.1:{sms_gateway.port}/x?:to={{to}}&:message=text&:again={{to}}"]
    sms.send(NUMBER, TEXT)
    assert sms_gateway.received == [Message(NUMBER, TEXT)]


# --- Which gateway -------------------------------------------------------------------------------


def test_the_first_gateway_takes_all_while_it_works(sms_gateway: SmsGateway, spare_sms_gateway: SmsGateway) -> None:
    for _time in range(3):
        assert sms.send(NUMBER, TEXT) == "1 (json)"
    assert (len(sms_gateway.received), spare_sms_gateway.attempts) == (3, 0)


@pytest.mark.parametrize("mood", [Mood.FAIL, Mood.RESET])
def test_a_gateway_that_fails_is_followed_by_the_next(
    sms_gateway: SmsGateway, spare_sms_gateway: SmsGateway, log: io.StringIO, mood: Mood
) -> None:
    sms_gateway.mood = mood
    assert sms.send(NUMBER, TEXT) == "2 (form)"
    assert spare_sms_gateway.received == [Message(NUMBER, TEXT)]
    assert messages(log) == ["SMS gateway 1 (json) failed: it refused the message", "SMS taken by gateway 2 (form)"]
    assert_private(log.getvalue())


@pytest.mark.process
def test_the_order_of_the_setting_is_the_order_of_tries(settings: Settings, log: io.StringIO) -> None:
    urls = [f"{kind}://127.0.0.1:{free_port()}/{{to}}" for kind in ("xml", "json", "form")]
    for order in (urls, urls[::-1]):
        settings.SMS_GATEWAYS = order
        with pytest.raises(sms.SmsError, match="No SMS gateway took the message"):
            sms.send(NUMBER, TEXT)
    tried = [re.sub(r".* (\d \(\w+\)) failed.*", r"\1", message) for message in messages(log)]
    assert tried == ["1 (xml)", "2 (json)", "3 (form)", "1 (form)", "2 (json)", "3 (xml)"]


def test_a_failed_message_may_be_tried_again_later(settings: Settings) -> None:
    settings.SMS_GATEWAYS = []
    with pytest.raises(sms.SmsError, match="SMS_GATEWAYS is empty") as error:
        sms.send(NUMBER, TEXT)
    assert error.value.retry


def test_a_gateway_that_apprise_cannot_read_is_passed_over(sms_gateway: SmsGateway, settings: Settings) -> None:
    settings.SMS_GATEWAYS = ["nosuchprovider://canary-token/{to}", sms_gateway.json_url]
    assert sms.send(NUMBER, TEXT) == "2 (json)"


# --- How long ------------------------------------------------------------------------------------


def test_a_gateway_that_hangs_is_followed_by_the_next_within_five_seconds(
    sms_gateway: SmsGateway, spare_sms_gateway: SmsGateway, log: io.StringIO
) -> None:
    sms_gateway.mood = Mood.HANG
    begun = time.monotonic()
    assert sms.send(NUMBER, TEXT) == "2 (form)"
    took = time.monotonic() - begun
    assert 4 < took < 7
    assert spare_sms_gateway.received == [Message(NUMBER, TEXT)]
    assert messages(log)[0] in (
        "SMS gateway 1 (json) failed: no answer within 5 seconds",
        "SMS gateway 1 (json) failed: it refused the message",  # the plugin's own limit came first
    )


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 200 OK\r\nX-Padding: " + b"x" * 1000, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"],
    ids=["headers", "body"],
)
def test_an_answer_that_trickles_is_no_answer(
    spare_sms_gateway: SmsGateway, settings: Settings, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    """Each byte resets the limit of a socket; the limit here is on the whole."""
    monkeypatch.setattr(sms, "GATEWAY_TIMEOUT", 1)
    with Peer(answer + b"x" * 100, 0.05) as peer:
        settings.SMS_GATEWAYS = [f"json://127.0.0.1:{peer.port}/{{to}}", spare_sms_gateway.form_url]
        begun = time.monotonic()
        assert sms.send(NUMBER, TEXT) == "2 (form)"
        assert time.monotonic() - begun < 2.5
    assert spare_sms_gateway.received == [Message(NUMBER, TEXT)]


@pytest.mark.process
def test_who_never_answers_may_have_sent_it_and_is_not_waited_for_much_longer(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for the answer any more, but a thread and a connection are still there."""
    monkeypatch.setattr(sms, "GATEWAY_TIMEOUT", 0.2)
    with Peer(b"x", 10) as peer:
        settings.SMS_GATEWAYS = [f"json://127.0.0.1:{peer.port}/{{to}}"]
        with pytest.raises(sms.SmsError) as error:
            sms.send(NUMBER, TEXT)
        assert error.value.perhaps_sent
        waiting = [thread for thread in threading.enumerate() if thread.name == "sms"]
        assert waiting
        for thread in waiting:
            thread.join(3)
            assert not thread.is_alive()


def test_messages_at_once_go_out_at_once(sms_gateway: SmsGateway) -> None:
    """Each in a thread of its own, whose answer is for no other message."""
    numbers = [f"+467017406{last:02}" for last in range(5, 9)]
    with ThreadPoolExecutor(len(numbers)) as threads:
        for _time in range(2):
            taken = threads.map(lambda number: sms.send(number, f"till {number}"), numbers)
            assert list(taken) == ["1 (json)"] * len(numbers)
    assert sorted(sms_gateway.received, key=lambda message: message.to) == [
        Message(number, f"till {number}") for number in numbers for _time in range(2)
    ]


# --- Passing over ---------------------------------------------------------------------------------


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets so many seconds pass, for what the portal remembers of gateways."""
    passed = [0.0]
    monkeypatch.setattr(sms, "monotonic", lambda: time.monotonic() + sum(passed))
    return passed.append


def test_a_gateway_that_hung_costs_its_time_once_a_minute(
    sms_gateway: SmsGateway,
    spare_sms_gateway: SmsGateway,
    monkeypatch: pytest.MonkeyPatch,
    pass_time: Callable[[float], None],
) -> None:
    monkeypatch.setattr(sms, "GATEWAY_TIMEOUT", 1)
    sms_gateway.mood = Mood.HANG
    sms.send(NUMBER, TEXT)
    begun = time.monotonic()
    for _time in range(3):
        assert sms.send(NUMBER, TEXT) == "2 (form)"
    assert time.monotonic() - begun < 1
    assert sms_gateway.attempts == 1
    pass_time(59)
    sms.send(NUMBER, TEXT)
    assert sms_gateway.attempts == 1
    pass_time(1)
    sms.send(NUMBER, TEXT)
    assert (sms_gateway.attempts, len(spare_sms_gateway.received)) == (2, 6)
    sms.send(NUMBER, TEXT)
    assert sms_gateway.attempts == 2, "the minute begins anew"


@pytest.mark.parametrize("mood", [Mood.FAIL, Mood.RESET])
def test_a_gateway_that_failed_is_the_first_again_after_a_minute(
    sms_gateway: SmsGateway, spare_sms_gateway: SmsGateway, mood: Mood, pass_time: Callable[[float], None]
) -> None:
    sms_gateway.mood = mood
    sms.send(NUMBER, TEXT)
    sms_gateway.mood = Mood.ACCEPT
    assert sms.send(NUMBER, TEXT) == "2 (form)"
    pass_time(60)
    assert [sms.send(NUMBER, TEXT) for _time in range(2)] == ["1 (json)", "1 (json)"]


def test_gateways_that_are_passed_over_are_tried_if_no_other_takes_the_message(
    sms_gateway: SmsGateway, spare_sms_gateway: SmsGateway
) -> None:
    """After the others, and in the order of the setting."""
    sms_gateway.mood = Mood.FAIL
    sms.send(NUMBER, TEXT)
    sms_gateway.mood, spare_sms_gateway.mood = Mood.ACCEPT, Mood.FAIL
    assert sms.send(NUMBER, TEXT) == "1 (json)"
    sms_gateway.mood = Mood.FAIL
    with pytest.raises(sms.SmsError):
        sms.send(NUMBER, TEXT)
    attempts = sms_gateway.attempts, spare_sms_gateway.attempts
    sms_gateway.mood = spare_sms_gateway.mood = Mood.ACCEPT
    assert sms.send(NUMBER, TEXT) == "1 (json)", "all are passed over"
    assert (sms_gateway.attempts, spare_sms_gateway.attempts) == (attempts[0] + 1, attempts[1])


def test_the_only_gateway_is_always_tried(sms_gateway: SmsGateway) -> None:
    sms_gateway.mood = Mood.FAIL
    for _time in range(2):
        with pytest.raises(sms.SmsError):
            sms.send(NUMBER, TEXT)
    sms_gateway.mood = Mood.ACCEPT
    assert sms.send(NUMBER, TEXT) == "1 (json)"
    assert sms_gateway.attempts == 3


# --- What the log tells --------------------------------------------------------------------------


GATEWAYS_WITH_SECRETS = [
    "json://canary-user:canary-password@127.0.0.1:{port}/canary-token/{{to}}",
    "form://canary-user:canary-password@127.0.0.1:{port}/{{to}}?+X-Key=canary-token&-key=canary-token",
    "json://127.0.0.1:{port}/canary-token/{{to}}?:password=canary-password",
    "nosuchprovider://canary-user:canary-password@canary-token:{port}/{{to}}",
]


@pytest.mark.parametrize("log", [logging.INFO, logging.DEBUG], ids=["INFO", "DEBUG"], indirect=True)
@pytest.mark.parametrize("url", GATEWAYS_WITH_SECRETS)
def test_the_log_names_the_gateway_and_keeps_its_secrets(
    sms_gateway: SmsGateway, settings: Settings, log: io.StringIO, url: str
) -> None:
    sms_gateway.mood = Mood.FAIL
    settings.SMS_GATEWAYS = [url.format(port=sms_gateway.port)]
    kind = url.partition(":")[0]
    with pytest.raises(sms.SmsError) as error:
        sms.send(NUMBER, TEXT)
    assert_private(str(error.value))
    assert re.fullmatch(rf"SMS gateway 1 \({kind}\) failed: [^:/]+", messages(log)[0])
    assert_private(log.getvalue())


@pytest.mark.parametrize("log", [logging.INFO, logging.DEBUG], ids=["INFO", "DEBUG"], indirect=True)
def test_a_message_that_is_taken_leaves_neither_number_nor_text_in_the_log(
    sms_gateway: SmsGateway, settings: Settings, log: io.StringIO
) -> None:
    settings.SMS_GATEWAYS = [
        f"form://canary-user:canary-password@127.0.0.1:{sms_gateway.port}/canary-token?:to={{to}}&:message=text"
    ]
    sms.send(NUMBER, TEXT)
    assert messages(log) == ["SMS taken by gateway 1 (form)"]
    assert_private(log.getvalue())


@pytest.mark.process
def test_a_refused_connection_is_logged_without_secrets(settings: Settings, log: io.StringIO) -> None:
    settings.SMS_GATEWAYS = [f"json://canary-user:canary-password@127.0.0.1:{free_port()}/canary-token/{{to}}"]
    with pytest.raises(sms.SmsError):
        sms.send(NUMBER, TEXT)
    assert messages(log) == ["SMS gateway 1 (json) failed: it refused the message"]
    assert_private(log.getvalue())


def test_the_library_says_nothing_on_its_own(settings: Settings) -> None:
    """Apprise's own messages hold URLs, and so credentials."""
    assert settings.LOGGING["loggers"]["apprise"] == {"handlers": [], "level": "CRITICAL", "propagate": False}


# --- A folder as gateway -------------------------------------------------------------------------


def test_a_folder_gets_one_private_file_a_message(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "en mapp" / "sms"
    settings.SMS_GATEWAYS = [folder.as_uri()]
    before = datetime.now(UTC).replace(microsecond=0)
    assert sms.send(NUMBER, TEXT) == "1 (file)"
    assert sms.send("+46701740606", "en annan") == "1 (file)"
    first, second = sorted(folder.iterdir())
    assert (first.read_bytes(), second.read_bytes()) == (TEXT.encode(), b"en annan")
    parts = re.fullmatch(r"(\d{8}T\d{6}\.\d{6}Z)-46701740605\.txt", first.name)
    assert parts, first.name
    at = datetime.strptime(parts[1], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
    assert before <= at <= datetime.now(UTC)
    assert second.name.endswith("-46701740606.txt")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (first, second, folder)] == [0o600, 0o600, 0o700]


def test_a_folder_that_cannot_be_written_is_followed_by_the_next(
    sms_gateway: SmsGateway, settings: Settings, tmp_path: Path, log: io.StringIO
) -> None:
    (tmp_path / "file").touch()
    settings.SMS_GATEWAYS = [(tmp_path / "file" / "sms").as_uri(), sms_gateway.json_url]
    assert sms.send(NUMBER, TEXT) == "2 (json)"
    assert messages(log)[0] == "SMS gateway 1 (file) failed: it raised NotADirectoryError"
    assert_private(log.getvalue())
