"""The demo as one meets it: started by its command, used over HTTP, ended by a signal; and its two inboxes."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from django.core.mail import EmailMultiAlternatives, get_connection
from pytest_django import Settings

from accounts.demo import mailbox
from accounts.demo.cast import CAST, KARL, STEFAN
from idportal import sms
from tests.servers.ports import free_port

START_TIMEOUT = 30.0  # seconds
NEW_PASSWORD = "Nytt-Berg-4711"


class Demo:
    """A running demo, and a visitor to it."""

    def __init__(self, folder: Path, port: int, process: subprocess.Popen[str]) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self.process = process
        self.visitor = requests.Session()

    def get(self, path: str) -> str:
        answer = self.visitor.get(f"{self.url}{path}", timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(self, path: str, **fields: str) -> str:
        """Fill in the form of a page. Returns where the answer leads, or "" if it leads nowhere."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(path))
        assert token is not None
        fields["csrfmiddlewaretoken"] = token[1]
        answer = self.visitor.post(f"{self.url}{path}", data=fields, timeout=10, allow_redirects=False)
        return answer.headers.get("Location", "")

    def code(self) -> str:
        """The code of the newest SMS, as it stands in the file."""
        newest = max((self.folder / "sms").glob("*.txt"))
        found = re.search(r"#(\d{6})$", newest.read_text(encoding="utf-8"))
        assert found is not None
        newest.rename(newest.with_suffix(".read"))
        return found[1]


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[Demo]:
    """The demo on a port of its own. Whatever the test does, it is gone afterwards."""
    port = free_port()
    command = [sys.executable, "-m", "accounts.demo", "--folder", str(folder), "--port", str(port), *arguments]
    # Where the suite itself was started so as to outlive its terminal, the demo would be, too.
    command = ["env", "--default-signal=HUP", *command]
    # What the shell of a developer may hold, for another installation.
    environment = {**os.environ, "DATABASE_URL": "postgresql://nowhere.invalid/x", "REDIS_URL": "redis://127.0.0.1:9"}
    environment |= {"PYTHONUNBUFFERED": "1", "DIRECTORY_KIND": "active_directory"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        demo = Demo(folder, port, process)
        try:
            wait_until_ready(process, demo.url)
            yield demo
        finally:
            process.terminate()  # which ends its slapd, too
            process.wait(20)


def wait_until_ready(process: subprocess.Popen[str], url: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            requests.get(f"{url}/healthz/live", timeout=5)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    process.terminate()
    pytest.fail(f"the demo did not start: {process.communicate(timeout=20)}")


def directory_runs(folder: Path) -> bool:
    """Whether the demo's slapd is there: it removes the file when it ends."""
    try:
        pid = (folder / "slapd" / "slapd.pid").read_text(encoding="ascii").strip()
        return str(folder).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False


@pytest.mark.once
def test_both_journeys_with_the_codes_from_the_telephone(tmp_path: Path) -> None:
    with running(tmp_path / "demo") as demo:
        assert demo.post("/registrera/", username=KARL.username, password=KARL.password) == "/registrera/mobil/"
        assert demo.post("/registrera/mobil/", phone="070-174 06 90") == "/registrera/kod/"
        assert "+46701740690" in demo.get("/demo/")
        assert demo.post("/registrera/kod/", code=demo.code()) == "/registrera/klart/"

        assert demo.post("/aterstall/", username=KARL.username) == "/aterstall/kod/"
        assert demo.post("/aterstall/kod/", code=demo.code()) == "/aterstall/losenord/"
        new = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
        assert demo.post("/aterstall/losenord/", **new) == "/aterstall/klart/"

        demo.visitor = requests.Session()
        assert demo.post("/registrera/", username=KARL.username, password=KARL.password) == ""
        assert demo.post("/registrera/", username=KARL.username, password=NEW_PASSWORD) == "/registrera/mobil/"


@pytest.mark.once
@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_cleanly_and_takes_the_directory_with_it(tmp_path: Path, signal_number: signal.Signals) -> None:
    with running(tmp_path / "demo") as demo:
        assert directory_runs(demo.folder)
        demo.process.send_signal(signal_number)
        _, errors = demo.process.communicate(timeout=20)
        assert (demo.process.returncode, errors) == (0, "")
        assert not directory_runs(demo.folder)


@pytest.mark.once
def test_page_shows_everybody_with_password_and_state(tmp_path: Path) -> None:
    with running(tmp_path / "demo") as demo:
        page = demo.get("/demo/")
        for person in CAST:
            assert all(text in page for text in (person.name, person.username, person.password, person.state))


@pytest.mark.once
def test_state_lasts_until_the_next_day(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with running(folder) as demo:
        demo.post("/aterstall/", username=STEFAN.username)
        assert len(list((folder / "sms").iterdir())) == 1
        demo.process.kill()  # its slapd stays behind, and is no obstacle
    with running(folder):
        assert len(list((folder / "sms").iterdir())) == 1
    (folder / "day").write_text("2026-01-01", encoding="ascii")
    with running(folder) as demo:
        assert list((folder / "sms").iterdir()) == []
        demo.process.terminate()
        output, _ = demo.process.communicate(timeout=20)
        assert "En ny dag" in output
    assert not directory_runs(folder)


@pytest.mark.once
def test_second_demo_in_the_same_folder_says_that_one_runs(tmp_path: Path) -> None:
    with running(tmp_path / "demo") as demo:
        code, words = refusal(tmp_path / "demo", free_port())
        assert (code, "Demon körs redan" in words) == (1, True)
        assert "/demo/" in demo.get("/")


@pytest.mark.once
def test_busy_port_is_said_in_plain_words(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, words = refusal(tmp_path / "demo", port)
    assert code == 1
    assert words.startswith(f"Port {port} kan inte användas")
    assert "make demo PORT=" in words


@pytest.mark.once
def test_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    code, words = refusal(tmp_path, free_port(), "--fresh")
    assert (code, "hör inte till demon" in words) == (1, True)
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "years of work"


def refusal(folder: Path, port: int, *arguments: str) -> tuple[int, str]:
    """Exit code and last words of a demo that is not to start."""
    command = [sys.executable, "-m", "accounts.demo", "--folder", str(folder), "--port", str(port), *arguments]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=START_TIMEOUT)
    return ended.returncode, ended.stderr


def test_telephone_shows_what_the_portal_sent(tmp_path: Path, settings: Settings) -> None:
    settings.SMS_GATEWAYS = [tmp_path.as_uri()]
    before = datetime.now(UTC)
    sms.send(STEFAN.phone, "Första å")
    sms.send(KARL.phone or "+46701740690", "Andra")
    newest, oldest = mailbox.messages(tmp_path)
    assert (newest.number, newest.text) == ("+46701740690", "Andra")
    assert (oldest.number, oldest.text) == (STEFAN.phone, "Första å")
    assert before <= oldest.sent <= newest.sent <= datetime.now(UTC)


def test_telephone_bears_files_that_others_made(tmp_path: Path) -> None:
    (tmp_path / "20261399T999999Z-46701740605.txt").write_text("no such month", encoding="utf-8")
    (tmp_path / "20261124T204500Z-+46701740606.txt").write_text("no fraction", encoding="utf-8")
    (tmp_path / "notes.txt").write_bytes(b"latin \xe5")
    (tmp_path / ".20261124T204500.1Z-46701740607.txt").write_text("half wri", encoding="utf-8")
    found = {(one.number, one.text) for one in mailbox.messages(tmp_path)}
    assert found == {("+46701740605", "no such month"), ("+46701740606", "no fraction"), ("", "latin �")}


def test_telephone_reads_no_more_than_the_newest(tmp_path: Path) -> None:
    for number in range(60):
        file = tmp_path / f"20261124T2045{number:02}Z-46701740605.txt"
        file.write_text(str(number), encoding="utf-8")
        os.utime(file, (number, number))
    assert [one.text for one in mailbox.messages(tmp_path)] == [str(number) for number in range(59, 9, -1)]


def test_mailbox_shows_what_the_portal_mailed(tmp_path: Path) -> None:
    backend = "django.core.mail.backends.filebased.EmailBackend"
    with get_connection(backend, file_path=str(tmp_path)) as connection:
        for subject in ("Utgående lösenord", "Ditt lösenord är bytt"):
            message = EmailMultiAlternatives(
                subject, f"Hej!\n\n{'-' * 20}\n{subject}\n", "a@example.com", ["carin@hemtjanst-ett.example"]
            )
            message.attach_alternative("<p>Hej!</p>", "text/html")
            connection.send_messages([message])
    found = mailbox.mails(tmp_path)
    assert {mail.subject for mail in found} == {"Utgående lösenord", "Ditt lösenord är bytt"}
    for mail in found:
        assert mail.to == "carin@hemtjanst-ett.example"
        assert mail.text == f"Hej!\n\n{'-' * 20}\n{mail.subject}"
        assert abs((datetime.now(UTC) - mail.sent).total_seconds()) < 10


def test_mailbox_without_a_folder_is_empty(tmp_path: Path) -> None:
    assert mailbox.mails(tmp_path / "none") == []
    assert mailbox.messages(tmp_path / "none") == []
