"""What monitors and load balancers ask: does the process live, and can it serve?"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client

from idportal.web import health
from tests.idportal.conftest import PRODUCTION, Answer, Portal, Prepared
from tests.servers.redis import PrivateRedis

pytestmark = pytest.mark.process

HOST = "losenord.kommunen.example"
LONGEST = 15  # seconds, with every part silent; each part has its own few


def ask(portal: Portal, path: str) -> Answer:
    return portal.ask("GET", path, Host=HOST)


def parts(answer: Answer) -> dict[str, str]:
    found: dict[str, str] = json.loads(answer.text)["parts"]
    return found


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], None]]:
    """The parts that are asked; a test may put in its own."""
    found = {name: probe for name, probe in health._probes.items() if name != "directory"}
    monkeypatch.setattr(health, "_probes", found)
    return found


# --- In this process -----------------------------------------------------------------------------


def test_the_parts_without_which_nothing_works_are_asked() -> None:
    assert set(health._probes) >= {"database", "cache", "directory"}


@pytest.mark.django_db
@pytest.mark.usefixtures("probes")
def test_ready_when_every_part_answers(client: Client) -> None:
    answer = client.get("/healthz/ready")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "parts": {"database": "ok", "cache": "ok"}}


@pytest.mark.django_db
def test_not_ready_while_one_part_is_down_and_nobody_learns_why(
    client: Client, probes: dict[str, Callable[[], None]], caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise OSError("ldaps://dc1.kommunen.example: canary-password was refused")

    probes["directory"] = broken
    answer = client.get("/healthz/ready")
    assert answer.status_code == 503
    parts = {"database": "ok", "cache": "ok", "directory": "unavailable"}
    assert answer.json() == {"status": "unavailable", "parts": parts}
    assert "directory is not ready: OSError" in caplog.text
    assert "canary-password" not in caplog.text


@pytest.mark.parametrize("path", ["/healthz/live", "/healthz/ready"])
@pytest.mark.django_db
@pytest.mark.usefixtures("probes")
def test_asking_changes_nothing(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer["Content-Type"] == "application/json"
    assert not answer.cookies
    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405


# --- In a process of its own ---------------------------------------------------------------------


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]


@pytest.mark.slow
def test_an_answer_comes_in_time_with_every_part_silent(tmp_path: Path, silent: int) -> None:
    values = {
        "DATABASE_URL": f"postgresql://idportal:secret@127.0.0.1:{silent}/idportal",
        "REDIS_URL": f"redis://127.0.0.1:{silent}/1",
        "CELERY_BROKER_URL": f"redis://127.0.0.1:{silent}/0",
        "DIRECTORY_URLS": f"ldaps://127.0.0.1:{silent} ldaps://127.0.0.2:{silent}",
    }
    with Portal(tmp_path, {**PRODUCTION, **values}) as portal:
        begun = time.monotonic()
        assert ask(portal, "/healthz/live").status == 200
        assert time.monotonic() - begun < 1
        begun = time.monotonic()
        ready = ask(portal, "/healthz/ready")
        assert time.monotonic() - begun < LONGEST
        assert ready.status == 503
        assert set(parts(ready).values()) == {"unavailable"}
        assert set(parts(ready)) >= {"database", "cache", "directory"}
        for detail in ("127.0.0.1", "refused", "Error", "redis", "postgres", "ldap"):
            assert detail not in ready.text


@pytest.mark.slow
def test_a_part_that_comes_back_is_ready_again(tmp_path: Path, prepared: Prepared, redis_server: PrivateRedis) -> None:
    values = {**PRODUCTION, **prepared.values(tmp_path), "REDIS_URL": redis_server.url}
    with Portal(tmp_path, values) as portal:
        assert parts(ask(portal, "/healthz/ready")) == {"database": "ok", "cache": "ok", "directory": "unavailable"}
        redis_server.stop()
        assert parts(ask(portal, "/healthz/ready"))["cache"] == "unavailable"
        redis_server.start()
        assert parts(ask(portal, "/healthz/ready"))["cache"] == "ok"
