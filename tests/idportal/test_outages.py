"""A part is down: a clear page in bounded time, nothing half done, and all is well when the part is back (U1, T1)."""

from __future__ import annotations

import socket
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.idportal.conftest import PRODUCTION, Answer, Browser, Portal, Prepared, Relay, manage
from tests.servers.postgres import PrivatePostgres
from tests.servers.redis import PrivateRedis

pytestmark = [pytest.mark.slow, pytest.mark.process]

HOST = "losenord.kommunen.example"
FORMS = {
    "/registrera/": {"username": "lovstlin32", "password": "x"},
    "/registrera/mobil/": {"phone": "070-174 06 05"},
    "/registrera/kod/": {"code": "012345"},
    "/registrera/kod/igen/": {},
    "/aterstall/": {"username": "lovstlin32"},
    "/aterstall/kod/": {"code": "012345"},
    "/aterstall/kod/igen/": {},
    "/aterstall/losenord/": {"new_password1": "x", "new_password2": "x"},
}


def assert_outage(answer: Answer, *, directory: bool = False) -> None:
    """The page says what is the matter, that nothing has changed, and what to do, and shows no inside."""
    assert answer.status == 503
    title = "Det går inte att logga in just nu" if directory else "Tjänsten går inte att använda just nu"
    assert f"<h1>{title}</h1>" in answer.text
    assert "Inget har ändrats." in answer.text
    assert "Vänta några minuter. Försök sedan igen." in answer.text
    assert '<html lang="sv">' in answer.text
    assert 0 < int(answer.headers["retry-after"]) <= 600
    assert "no-store" in answer.headers["cache-control"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    for detail in ("Redis", "redis", "sql", "SQL", "Traceback", "Error", "127.0.0.1", "ldap"):
        assert detail not in answer.text


@pytest.fixture
def database(prepared: Prepared, tmp_path: Path) -> Path:
    """A database of this test's own."""
    return prepared.copy(tmp_path)


@pytest.fixture
def values(prepared: Prepared, database: Path) -> dict[str, str]:
    """One process without queue and Redis, and with a directory that is down; tests add what they are about."""
    return {
        **PRODUCTION,
        "DATABASE_URL": f"sqlite:///{database}",
        "STATIC_ROOT": prepared.static_root,
        "REDIS_URL": "",
        "CELERY_BROKER_URL": "",
        "REGISTER_HOST": "",
        "RESET_HOST": "",
    }


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]


def visitor(portal: Portal) -> Browser:
    """Someone who has the form of the reset before them."""
    browser = Browser(portal, HOST, https=True)
    assert browser.get("/aterstall/").status == 200
    return browser


def rows(database: Path, table: str) -> int:
    connection = sqlite3.connect(database)
    try:
        count: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        return count
    finally:
        connection.close()


# --- The store of the limits by address ----------------------------------------------------------


def test_u1_without_redis_no_form_lets_anyone_past_the_limits(
    tmp_path: Path, values: dict[str, str], database: Path, redis_server: PrivateRedis
) -> None:
    with Portal(tmp_path, {**values, "REDIS_URL": redis_server.url}) as portal:
        browser = visitor(portal)
        assert browser.post("/aterstall/", **FORMS["/aterstall/"]).status == 302
        before = rows(database, "accounts_challenge"), rows(database, "accounts_auditevent")
        assert before[0] == 1
        redis_server.stop()
        for path, fields in FORMS.items():
            assert_outage(browser.post(path, **fields))
        assert (rows(database, "accounts_challenge"), rows(database, "accounts_auditevent")) == before
        for path in ("/", "/registrera/", "/aterstall/", "/tillganglighet/"):
            assert browser.get(path).status == 200
        redis_server.start()
        assert visitor(portal).post("/aterstall/", **FORMS["/aterstall/"]).status == 302
        assert rows(database, "accounts_challenge") == 2
        assert "redis is not available" in portal.log()
        assert redis_server.password not in portal.log()


# --- The queue -----------------------------------------------------------------------------------


def test_without_the_queue_a_code_is_not_promised(
    tmp_path: Path, values: dict[str, str], redis_server: PrivateRedis
) -> None:
    """The code page would let a person wait for an SMS that nobody was asked to send."""
    with Portal(tmp_path, {**values, "CELERY_BROKER_URL": redis_server.url}) as portal:
        assert visitor(portal).post("/aterstall/", **FORMS["/aterstall/"]).status == 302
        queue = redis.Redis.from_url(redis_server.url)
        assert queue.llen("celery") == 1
        redis_server.stop()
        browser = visitor(portal)
        for _time in range(2):
            begun = time.monotonic()
            assert_outage(browser.post("/aterstall/", **FORMS["/aterstall/"]))
            assert time.monotonic() - begun < 5
        redis_server.start()
        assert browser.post("/aterstall/", **FORMS["/aterstall/"]).status == 302
        assert queue.llen("celery") == 1, "whoever met the outage need not wait to ask again"
        assert redis_server.password not in portal.log()


# --- The database --------------------------------------------------------------------------------


def test_u1_without_the_database_pages_say_so(tmp_path: Path, values: dict[str, str]) -> None:
    """Also where it is missed before any view: in finding the session."""
    values["DATABASE_URL"] = "postgresql://idportal:canary@127.0.0.1:9/idportal"
    with Portal(tmp_path, values) as portal:
        browser = visitor(portal)
        assert_outage(browser.post("/aterstall/", **FORMS["/aterstall/"]))
        browser.cookies["__Host-session"] = "0123456789abcdefghijklmnopqrstuv"
        for path in ("/registrera/", "/registrera/mobil/", "/aterstall/kod/", "/aterstall/losenord/"):
            assert_outage(browser.get(path))
        assert_outage(browser.post("/aterstall/kod/", code="012345"))
        assert "database is not available" in portal.log()
        assert "canary" not in portal.log()


def test_a_database_that_comes_back_is_used_again(tmp_path: Path, values: dict[str, str]) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,  # pytest's own are closed to the user that PostgreSQL runs as
        PrivatePostgres(Path(folder)) as postgres,
        Relay(postgres.port) as relay,
    ):
        values["DATABASE_URL"] = postgres.url.replace(f":{postgres.port}/", f":{relay.port}/")
        assert manage("migrate", "--verbosity=0", **values).returncode == 0
        with Portal(tmp_path, values) as portal:
            browser = visitor(portal)
            assert browser.post("/aterstall/", **FORMS["/aterstall/"]).status == 302
            relay.cut()
            for _time in range(2):
                assert_outage(browser.post("/aterstall/", **FORMS["/aterstall/"]))
            relay.mend()
            assert browser.get("/aterstall/kod/").status == 200, "the session outlived the outage"
            assert browser.post("/aterstall/", **FORMS["/aterstall/"]).status == 302


# --- The directory -------------------------------------------------------------------------------


def test_without_the_directory_the_log_in_says_so_and_the_reset_looks_as_ever(
    tmp_path: Path, values: dict[str, str]
) -> None:
    with Portal(tmp_path, values) as portal:
        browser = visitor(portal)
        answer = browser.post("/aterstall/", **FORMS["/aterstall/"])
        assert (answer.status, answer.headers["location"]) == (302, "/aterstall/kod/")
        assert browser.get("/aterstall/kod/").status == 200
        assert browser.get("/registrera/").status == 200
        assert_outage(browser.post("/registrera/", **FORMS["/registrera/"]), directory=True)


# --- What says nothing ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "path", "seconds"),
    [
        ("REDIS_URL=redis://:canary@127.0.0.1:{port}/1", "/aterstall/", 5),
        ("CELERY_BROKER_URL=redis://:canary@127.0.0.1:{port}/0", "/aterstall/", 12),
        ("DATABASE_URL=postgresql://idportal:canary@127.0.0.1:{port}/idportal", "/aterstall/", 8),
        # Two servers, 3 s each to connect; after that they are passed over, and the next person waits less.
        ("DIRECTORY_URLS=ldaps://127.0.0.1:{port} ldaps://127.0.0.2:{port}", "/registrera/", 10),
    ],
)
def test_what_is_silent_is_not_waited_for(
    tmp_path: Path, values: dict[str, str], silent: int, *, part: str, path: str, seconds: int
) -> None:
    setting, _, url = part.format(port=silent).partition("=")
    with Portal(tmp_path, {**values, setting: url}) as portal:
        browser = visitor(portal)
        begun = time.monotonic()
        assert_outage(browser.post(path, **FORMS[path]), directory=path == "/registrera/")
        assert time.monotonic() - begun < seconds
        assert "canary" not in portal.log()
