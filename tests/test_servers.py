"""The private servers that the suite stands on: they start, hold what they promise, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
import requests
from pytest_django import Settings

from deploy.local.cast import CAST
from idportal import sms
from tests.servers.postgres import PrivatePostgres
from tests.servers.redis import PrivateRedis
from tests.servers.samba import STAFF, PrivateSamba
from tests.servers.smsgateway import Message, Mood, SmsGateway

pytestmark = [pytest.mark.slow, pytest.mark.process]

NUMBER = "+46701740605"
TEXT = "Din kod: 012345 & <åäö>\n\n@pwreset.example #012345"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """pytest's own folders are closed to the user that PostgreSQL runs as."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_postgres_keeps_its_data_over_a_restart(open_folder: Path) -> None:
    with PrivatePostgres(open_folder) as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 'å' AS letter")
        server.stop()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(server.url)
        server.start()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT letter FROM kept").fetchone() == ("å",)


def test_postgres_lets_nobody_in_without_the_password(open_folder: Path) -> None:
    with (
        PrivatePostgres(open_folder) as server,
        pytest.raises(psycopg.OperationalError, match="password authentication failed"),
    ):
        psycopg.connect(server.url.replace(server.password, "guess"))


def test_postgres_runs_a_command_and_passes_on_its_exit_code() -> None:
    script = "import os, psycopg; psycopg.connect(os.environ['DATABASE_URL']); print(os.getppid()); raise SystemExit(7)"
    ran = subprocess.run(
        [sys.executable, "-m", "tests.servers.postgres", "--", sys.executable, "-c", script],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stderr) == (7, "")
    assert ran.stdout.strip().isdigit()


def test_postgres_ends_with_whoever_started_it() -> None:
    """A test run that is killed can't tidy up; the kernel does."""
    script = "import os, time; print(os.environ['DATABASE_URL'], flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-m", "tests.servers.postgres", "--", sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as command:
        assert command.stdout is not None
        url = command.stdout.readline().strip()
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT current_setting('data_directory')").fetchone()
        os.killpg(command.pid, signal.SIGKILL)
    wait_until_closed(url)
    assert row is not None
    folder = Path(row[0]).parent
    assert folder.name.startswith("idportal-postgres-")
    subprocess.run(["rm", "-r", folder], check=True)


def test_redis_wants_its_password(redis_server: PrivateRedis) -> None:
    assert redis.Redis.from_url(redis_server.url).set("key", "value")
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(redis_server.url.replace(redis_server.password, "guess")).get("key")


def test_redis_comes_back_empty_on_the_same_address(redis_server: PrivateRedis) -> None:
    client = redis.Redis.from_url(redis_server.url)
    client.set("key", "value")
    redis_server.stop()
    with pytest.raises(redis.ConnectionError):
        client.get("key")
    redis_server.start()
    assert client.get("key") is None


def test_each_test_finds_redis_running_and_empty(redis_server: PrivateRedis) -> None:
    assert redis_server.answers()
    assert redis.Redis.from_url(redis_server.url).dbsize() == 0


@pytest.mark.parametrize("kind", ["json_url", "form_url"])
def test_gateway_takes_number_and_text_as_they_were_sent(
    sms_gateway: SmsGateway, settings: Settings, kind: str
) -> None:
    settings.SMS_GATEWAYS = [getattr(sms_gateway, kind)]
    sms.send(NUMBER, TEXT)
    assert sms_gateway.received == [Message(NUMBER, TEXT)]


@pytest.mark.parametrize("mood", [Mood.FAIL, Mood.RESET])
def test_next_gateway_is_tried_when_one_fails(
    sms_gateway: SmsGateway, spare_sms_gateway: SmsGateway, mood: Mood
) -> None:
    sms_gateway.mood = mood
    sms.send(NUMBER, TEXT)
    assert (sms_gateway.attempts, sms_gateway.received) == (1, [])
    assert spare_sms_gateway.wait_for(1) == [Message(NUMBER, TEXT)]


def test_gateway_that_hangs_never_answers_and_still_stops(sms_gateway: SmsGateway) -> None:
    sms_gateway.mood = Mood.HANG
    with pytest.raises(requests.ReadTimeout):
        requests.post(f"http://127.0.0.1:{sms_gateway.port}/sms/1", json={"message": TEXT}, timeout=0.3)
    assert (sms_gateway.attempts, sms_gateway.received) == (1, [])
    begun = time.monotonic()
    sms_gateway.stop()
    assert time.monotonic() - begun < 1
    with pytest.raises(sms.SmsError):
        sms.send(NUMBER, TEXT)


def test_gateway_refuses_what_no_provider_would_take(sms_gateway: SmsGateway) -> None:
    answer = requests.post(f"http://127.0.0.1:{sms_gateway.port}/send", data={"to": NUMBER}, timeout=5)
    assert (answer.status_code, sms_gateway.received) == (400, [])


def wait_until_closed(url: str, timeout: float = 10.0) -> None:
    """Raises TimeoutError if somebody still listens after so many seconds."""
    address = urlsplit(url)
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((address.hostname or "", address.port or 0)):
                return
        time.sleep(0.05)
    raise TimeoutError(f"something still listens on port {address.port}")


def test_what_goes_wrong_past_active_directory_is_told(samba_server: PrivateSamba) -> None:
    samba_server.reset()
    with pytest.raises(RuntimeError, match=r"replace failed.*No such Base DN: CN=nobody"):
        samba_server.past_server("replace", f"CN=nobody,{STAFF}", "pwdLastSet", "0")
    with pytest.raises(RuntimeError, match=r"allow failed.*Unable to parse SDDL"):
        samba_server.past_server("allow", STAFF, "everybody everything")
    samba_server.put(CAST[0])
