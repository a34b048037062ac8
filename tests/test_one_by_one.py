"""deploy/gunicorn.conf.py lets one request in after the other, past one that takes long; first what sends SMS."""

from __future__ import annotations

import http.client
import re
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from django.urls import resolve

from deploy.local.server import HOST, bound
from tests.servers.private import STOP_TIMEOUT, Private
from tests.servers.processes import ROOT

pytestmark = pytest.mark.process

THREADS = 8  # of one process, in deploy/gunicorn.conf.py
PATIENCE = 40.0  # seconds for an answer


Ask = Callable[[str, str], str]


class Web(Private):
    """One process of gunicorn, as configured, with another application."""

    name = "web"

    def command(self) -> list[str]:
        config = ["--config", str(ROOT / "deploy" / "gunicorn.conf.py"), "--chdir", str(ROOT)]
        options = [*config, "--workers", "1", "--bind", f"{HOST}:{self.port}"]
        return bound([sys.executable, "-m", "gunicorn", *options, "tests.waiting_app"])

    def get(self, path: str, times: int = 1) -> list[str]:
        """What it says each time, on one connection."""
        with self.visitor() as ask:
            return [ask("GET", path) for _ in range(times)]

    @contextmanager
    def visitor(self) -> Iterator[Ask]:
        """Whose connection is kept: asks with a method for a path, and gives what is said."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE)

        def ask(method: str, path: str) -> str:
            connection.request(method, path)
            return connection.getresponse().read().decode()

        with closing(connection):
            yield ask

    def crowd(self, stack: ExitStack, methods: list[str]) -> list[Future[int]]:
        """People who are there, and then ask all at once: the place in which each begins."""
        visitors = [stack.enter_context(self.visitor()) for _ in methods]
        for ask in visitors:
            ask("GET", "/short")
        people = stack.enter_context(ThreadPoolExecutor(len(methods)))
        return [people.submit(_place, ask, method) for ask, method in zip(visitors, methods, strict=True)]

    def end(self) -> int:
        """Asks it to end, and returns its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(STOP_TIMEOUT)


def _place(ask: Ask, method: str) -> int:
    return int(ask(method, "/aterstall/"))


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    with Web(tmp_path) as web:
        yield web


def test_short_requests_are_answered_one_after_the_other(web: Web) -> None:
    """But for a few that begin beside one that the machine has held up."""
    with ThreadPoolExecutor(THREADS) as people:
        asking = [people.submit(web.get, "/short", 40) for _ in range(THREADS)]
        said = [others for one in asking for others in one.result()]
    assert len(said) == THREADS * 40
    assert said.count("0") > 0.8 * len(said), "with gunicorn's own worker three of them"


def test_those_that_wait_hold_nobody_up(web: Web) -> None:
    """As with a directory that hangs: all threads but one wait."""
    with ThreadPoolExecutor(THREADS) as people:
        waiting = [people.submit(web.get, "/wait") for _ in range(THREADS - 1)]
        assert web.get("/release") == ["released"]
        assert [one.result() for one in waiting] == [["released"]] * (THREADS - 1)


def test_what_sends_an_sms_goes_before_pages_that_wait(web: Web) -> None:
    with ExitStack() as stack, web.visitor() as ask:
        ask("GET", "/short")
        looking = web.crowd(stack, ["GET"] * 30)
        wait(looking, return_when=FIRST_COMPLETED)
        assert _place(ask, "POST") < 15
        assert sorted(one.result() for one in looking)[-1] == 30


def test_pages_get_half_beside_a_flood_of_what_sends_sms(web: Web) -> None:
    with ExitStack() as stack:
        asked = web.crowd(stack, ["POST", "GET"] * 15)
        places = [one.result() for one in asked]
    assert sorted(places) == list(range(30))
    assert sum(place < 14 for place in places[1::2]) >= 5, "if it always went first: one or two"


def test_what_sends_an_sms_is_an_address_of_the_portal() -> None:
    config = (ROOT / "deploy" / "gunicorn.conf.py").read_text(encoding="utf-8")
    found = {resolve(path).url_name for path in re.findall(r'b"POST (\S+) "', config)}
    assert found == {"reset", "reset-code-again", "register-phone", "register-code-again", "register-old"}


def test_who_is_not_let_in_yet_is_answered_before_the_end(web: Web) -> None:
    with ThreadPoolExecutor(THREADS) as people:
        asked = [people.submit(web.get, "/long") for _ in range(THREADS)]
        time.sleep(0.2)  # they are there, and some of them wait
        code = web.end()
        assert all(one.result()[0].isdecimal() for one in asked)
    assert code == 0
