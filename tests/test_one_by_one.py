"""deploy/gunicorn.conf.py lets one request in after the other, and past one that takes long."""

from __future__ import annotations

import http.client
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.local.server import bound, free_port
from tests.idportal.conftest import ROOT, environment
from tests.servers.processes import end

pytestmark = pytest.mark.process

THREADS = 8  # of one process, in deploy/gunicorn.conf.py
START_TIMEOUT = 20.0  # seconds


class Web:
    """One process of gunicorn, as configured, with another application."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        options = ["--config", "deploy/gunicorn.conf.py", "--workers", "1", "--bind", f"127.0.0.1:{self.port}"]
        command = bound([sys.executable, "-m", "gunicorn", *options, "tests.waiting_app"])
        with (folder / "web.log").open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdout=log, stderr=log, env=environment({}), start_new_session=True
            )
        deadline = time.monotonic() + START_TIMEOUT
        while not self._answers():
            assert self.process.poll() is None, (folder / "web.log").read_text(encoding="utf-8")
            assert time.monotonic() < deadline, "it did not start"
            time.sleep(0.05)

    def get(self, path: str, times: int = 1) -> list[str]:
        """What it says each time, on one connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2 * START_TIMEOUT)
        said = []
        for _ in range(times):
            connection.request("GET", path)
            said.append(connection.getresponse().read().decode())
        connection.close()
        return said

    def _answers(self) -> bool:
        try:
            return self.get("/short") == ["0"]
        except OSError:
            return False


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    web = Web(tmp_path)
    yield web
    end(web.process, START_TIMEOUT)


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
        time.sleep(0.2)  # they are there, and most of them wait
        web.process.send_signal(signal.SIGTERM)
        assert all(one.result()[0].isdecimal() for one in asked)
    assert web.process.wait(START_TIMEOUT) == 0
