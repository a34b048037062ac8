"""The stack as people meet it: started by its command, used over HTTP, damaged, stopped, and started again."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from deploy.local.cast import CARIN, KARL
from deploy.local.server import bound, free_port
from tests.test_demo import NEW_PASSWORD, Demo, family

pytestmark = pytest.mark.process

START_TIMEOUT = 90.0  # seconds
WAIT = 30.0


class Stack(Demo):
    """A running stack, and a visitor to it."""

    def manage(self, *words: str) -> str:
        """The command that the banner names."""
        command = [str(self.folder / "manage"), *words]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=WAIT).stdout

    def control(self, *words: str) -> str:
        command = [str(Path(sys.executable).with_name("supervisorctl")), "-c", str(self.folder / "supervisord.conf")]
        return subprocess.run([*command, *words], check=False, capture_output=True, text=True, timeout=WAIT).stdout

    def states(self) -> dict[str, str]:
        return dict(line.split()[:2] for line in self.control("status").splitlines())

    def wait_for_code(self) -> str:
        """The code of the next message with one, when the worker has sent it."""
        wait_until(lambda: any(map(_code, self._messages())))
        newest = max(filter(_code, self._messages()))
        code = _code(newest)
        newest.rename(newest.with_suffix(".read"))
        return code

    def _messages(self) -> list[Path]:
        return list((self.folder / "sms").glob("[!.]*.txt"))


def _code(message: Path) -> str:
    """Notices are SMS without one."""
    found = re.search(r"#(\d{6})$", message.read_text(encoding="utf-8"))
    return found[1] if found else ""


@contextmanager
def running(folder: Path) -> Iterator[Stack]:
    """The stack on a port of its own. Whatever the test does, it is gone afterwards."""
    port = free_port()
    command = [sys.executable, "-m", "deploy.local", "stack", "--folder", str(folder), "--port", str(port)]
    # What the shell of a developer may hold, for another installation.
    environment = {**os.environ, "DATABASE_URL": "postgresql://nowhere.invalid/x", "DEBUG": "1"}
    words = folder.with_suffix(".words")
    with words.open("wb") as output:
        process = subprocess.Popen(bound(command), stdout=output, stderr=output, text=True, env=environment)
    try:
        deadline = time.monotonic() + START_TIMEOUT
        while "Ctrl-C" not in words.read_text(encoding="utf-8"):
            assert process.poll() is None, words.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, words.read_text(encoding="utf-8")
            time.sleep(0.1)
        yield Stack(folder, port, process)
    finally:
        process.terminate()
        process.wait(START_TIMEOUT)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Of the stack. For root PostgreSQL's data lie elsewhere, and go with it."""
    yield tmp_path / "stack"
    if (tmp_path / "stack" / "postgres").is_symlink():
        shutil.rmtree((tmp_path / "stack" / "postgres").resolve())


def wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


@pytest.mark.slow
def test_everything_runs_heals_ends_and_begins_where_it_was(folder: Path) -> None:
    with running(folder) as stack:
        assert stack.states() == dict.fromkeys(
            ("postgres", "redis", "slapd", "dovecot", "mail", "web", "worker", "outbox", "beat"), "RUNNING"
        )
        assert_secrets_are_the_portals_own(stack)
        assert stack.post("/registrera/", username=KARL.username, password=KARL.password) == "/registrera/mobil/"
        assert stack.post("/registrera/mobil/", phone="070-174 06 90") == "/registrera/kod/"
        assert stack.post("/registrera/kod/", code=stack.wait_for_code()) == "/registrera/klart/"
        assert stack.post("/aterstall/", username=KARL.username) == "/aterstall/kod/"
        assert stack.post("/aterstall/kod/", code=stack.wait_for_code()) == "/aterstall/losenord/"
        new = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
        assert stack.post("/aterstall/losenord/", **new) == "/aterstall/klart/"

        # The morning's mail goes through the outbox, the worker and the mail server, to the recipient of the sample.
        stack.manage("send_expiry_digests")
        wait_until(lambda: mails_to(folder, CARIN.mail))
        assert mails_to(folder, CARIN.mail) == ["Utgående lösenord"]

        killed = int(stack.control("pid", "worker"))
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: stack.states()["worker"] == "RUNNING" and int(stack.control("pid", "worker")) != killed)

        processes = family(stack.process.pid)
        assert len(processes) > 10
        stack.process.send_signal(signal.SIGINT)
        assert stack.process.wait(START_TIMEOUT) == 0
        assert [pid for pid in processes if Path(f"/proc/{pid}").exists()] == []

    with running(folder) as stack:
        assert stack.post("/registrera/", username=KARL.username, password=NEW_PASSWORD) == "/registrera/mobil/"
        assert "070-174 06 90" in stack.get("/registrera/mobil/")
        assert mails_to(folder, CARIN.mail) == ["Utgående lösenord"]


def assert_secrets_are_the_portals_own(stack: Stack) -> None:
    """For root, PostgreSQL runs as somebody else, who can read what his processes were given."""
    secrets = {file.name: file.read_bytes() for file in (stack.folder / "secrets").iterdir()}
    portal = {name: int(stack.control("pid", name)) for name in ("web", "worker", "outbox", "beat")}
    for name, pid in portal.items():
        assert b"SECRET_KEY=" + secrets["secret-key"] in Path(f"/proc/{pid}/environ").read_bytes(), name
    servers = family(stack.process.pid) - set[int]().union(*map(family, portal.values()))
    assert len(servers) > len(("the stack", "supervisord", "postgres", "redis", "slapd", "dovecot", "mail"))
    for pid in servers:
        try:
            given = Path(f"/proc/{pid}/environ").read_bytes()
        except (FileNotFoundError, ProcessLookupError):  # autovacuum's processes come and go
            continue
        assert [name for name, secret in secrets.items() if secret in given] == [], pid
        assert pid == stack.process.pid or b"nowhere.invalid" not in given, "what was in the developer's shell"
    for pid in family(stack.process.pid):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        assert [name for name, secret in secrets.items() if secret in words] == [], pid
    for name in ("run", "manage", "supervisord.conf"):
        assert (stack.folder / name).stat().st_mode & 0o077 == 0


def mails_to(folder: Path, receiver: str) -> list[str]:
    """The subjects of what the mail server was given for the receiver."""
    files = (folder / "mail" / "kept" / "new").glob("*")
    mails = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    return [mail["Subject"] for mail in mails if mail["X-RcptTo"] == receiver]


def test_busy_port_is_said_in_plain_words(folder: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, words = refusal(folder, port)
    assert code == 1
    assert words.startswith(f"Port {port} kan inte användas")
    assert "make stack PORT=" in words


def test_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    code, words = refusal(tmp_path, free_port(), "--fresh")
    assert (code, "hör inte till stacken" in words) == (1, True)
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "years of work"


def refusal(folder: Path, port: int, *arguments: str) -> tuple[int, str]:
    """Exit code and last words of a stack that is not to start."""
    command = [sys.executable, "-m", "deploy.local", "stack", "--folder", str(folder), "--port", str(port), *arguments]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=START_TIMEOUT)
    return ended.returncode, ended.stderr
