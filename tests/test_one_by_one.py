"""deploy/gunicorn.conf.py lets one request in after the other, and past one that takes long."""

from __future__ import annotations

import http.client
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.local.server import HOST, bound
from tests.servers.private import STOP_TIMEOUT, Private
from tests.servers.processes import ROOT

pytestmark = pytest.mark.process

THREADS = 8  # of one process, in deploy/gunicorn.conf.py
PATIENCE = 40.0  # seconds for an answer


class Web(Private):
    """One process of gunicorn, as configured, with another application."""

    name = "web"

    def command(self) -> list[str]:
        config = ["--config", str(ROOT / "deploy" / "gunicorn.conf.py"), "--chdir", str(ROOT)]
        options = [*config, "--workers", "1", "--bind", f"{HOST}:{self.port}"]
        return bound([sys.executable, "-m", "gunicorn", *options, "tests.waiting_app"])

    def get(self, path: str, times: int = 1) -> list[str]:
        """What it says each time, on one connection."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE)
        said = []
        for _ in range(times):
            connection.request("GET", path)
            said.append(connection.getresponse().read().decode())
        connection.close()
        return said

    def end(self) -> int:
        """Asks it to end, and returns its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(STOP_TIMEOUT)


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


def test_who_is_not_let_in_yet_is_answered_before_the_end(web: Web) -> None:
    with ThreadPoolExecutor(THREADS) as people:
        asked = [people.submit(web.get, "/long") for _ in range(THREADS)]
        time.sleep(0.2)  # they are there, and some of them wait
        code = web.end()
        assert all(one.result()[0].isdecimal() for one in asked)
    assert code == 0
