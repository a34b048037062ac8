"""The demo as people meet it: started by its command, used over HTTP, ended by a signal; and its two inboxes."""

from __future__ import annotations

import email
import email.policy
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
from django.test import Client
from pytest_django import Settings

from accounts.models import Authenticator
from deploy.local import post, start_codes
from deploy.local.cast import ANNA, CARIN, CAST, EVA, KARL, PER, STEFAN
from deploy.local.server import bound, free_port
from idportal.channels import sms
from tests.accounts.staff import Officer
from tests.as_demo import show_demo
from tests.servers.dovecot import TestDovecot
from tests.servers.private import PrivateDovecot
from tests.servers.slapd import TestSlapd

pytestmark = pytest.mark.process

START_TIMEOUT = 90.0  # seconds, where everything else runs beside it
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
        newest = max((self.folder / "sms").glob("[!.]*.txt"))
        found = re.search(r"#(\d{6})$", newest.read_text(encoding="utf-8"))
        assert found is not None
        newest.rename(newest.with_suffix(".read"))
        return found[1]


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[Demo]:
    """The demo on a port of its own. Whatever the test does, it is gone afterwards."""
    port = free_port()
    command = [sys.executable, "-m", "deploy.local", "demo", "--folder", str(folder), "--port", str(port), *arguments]
    # Where the suite itself was started so as to outlive its terminal, the demo would be, too.
    command = bound(["env", "--default-signal=HUP", *command])
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


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of demos that begin and end: only the first makes a database."""
    return tmp_path_factory.mktemp("used") / "demo"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for all tests that leave it running."""
    with running(tmp_path_factory.mktemp("one") / "demo") as one:
        yield one


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


def family(pid: int) -> set[int]:
    """The process, its children, theirs, and so on."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(stat.parent.name)] = int(fields[1])
    found, new = {pid}, {pid}
    while new:
        new = {child for child, parent in parents.items() if parent in new} - found
        found |= new
    return found


@pytest.mark.slow
def test_both_journeys_with_the_codes_from_the_telephone(demo: Demo) -> None:
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


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_it_ends_cleanly_and_takes_all_with_it(used: Path, number: signal.Signals) -> None:
    """SIGTERM ends all other demos here."""
    with running(used) as demo:
        processes = family(demo.process.pid)
        demo.process.send_signal(number)
        _, errors = demo.process.communicate(timeout=20)
        assert (demo.process.returncode, errors) == (0, "")
        wait_until_gone(processes)


@pytest.mark.slow
def test_nothing_outlives_a_supervisor_that_is_killed(used: Path) -> None:
    with running(used) as demo:
        processes = family(demo.process.pid)
        assert len(processes) > len(("the demo", "supervisord", "slapd", "dovecot", "web", "its worker"))
        os.kill(int((demo.folder / "supervisor.pid").read_text(encoding="ascii")), signal.SIGKILL)
        _, errors = demo.process.communicate(timeout=20)
        assert (demo.process.returncode, "supervisord slutade oväntat." in errors) == (1, True)
        wait_until_gone(processes)


def wait_until_gone(processes: set[int]) -> None:
    deadline = time.monotonic() + 20
    while left := [pid for pid in processes if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


@pytest.mark.slow
def test_page_shows_everybody_with_password_and_state(demo: Demo) -> None:
    page = demo.get("/demo/")
    for person in CAST:
        assert all(text in page for text in (person.name, person.username, person.password, person.state))


@pytest.mark.slow
def test_the_agent_signs_in_with_the_code_on_the_page_and_gets_another_by_the_button(demo: Demo) -> None:
    """A1: on a new demo, and after the code is used."""
    demo.visitor = requests.Session()
    first = start_code(demo, PER.username)
    assert first != start_code(demo, EVA.username)
    assert demo.post("/logga-in/", username=PER.username, password=PER.password) == "/logga-in/kod/"
    assert demo.post("/logga-in/kod/", enrolment_code=first) == "/logga-in/kod/"
    assert "otpauth:" in demo.get("/logga-in/kod/")
    assert start_code(demo, PER.username) == ""
    assert demo.post("/demo/", start_code=PER.username) == "/demo/"
    assert "Per Nilsson har en ny startkod." in demo.get("/demo/")
    assert start_code(demo, PER.username) not in ("", first)
    made = subprocess.run(
        [demo.folder / "manage", "issue_enrolment_code", EVA.username], check=True, capture_output=True, text=True
    )
    assert re.fullmatch(r"\d{8}\n", made.stdout)
    assert start_code(demo, EVA.username) == "", "the one of the page does not count any more"


def start_code(demo: Demo, username: str) -> str:
    """As the table of accounts has it."""
    row = demo.get("/demo/").partition(f">{username}<")[2].partition("</tr>")[0]
    found = re.search(r'Startkod: <code translate="no">(\d{4} \d{4})<', row)
    return found[1] if found else ""


@pytest.mark.django_db
def test_the_start_codes_of_the_demo(tmp_path: Path, settings: Settings, openldap_settings: TestSlapd) -> None:
    """Made at a start for who has no app and no code; a press disconnects the app; nobody else gets one."""
    settings.DEMO_FOLDER = str(tmp_path)
    assert start_codes.shown(PER) == ""
    start_codes.provide()
    code = start_codes.shown(PER)
    assert code
    start_codes.provide()
    assert start_codes.shown(PER) == code, "it still works"
    per = Officer(PER)
    per.has_app()
    start_codes.provide()
    assert start_codes.shown(PER) == ""
    assert start_codes.renew(PER.username) == PER
    assert start_codes.shown(PER) not in ("", code)
    assert not Authenticator.objects.exists()
    assert start_codes.renew(STEFAN.username) is None


@pytest.mark.slow
def test_state_lasts_until_the_next_day(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with running(folder) as demo:
        demo.post("/aterstall/", username=STEFAN.username)
        assert len(list((folder / "sms").iterdir())) == 1
        processes = family(demo.process.pid)
        demo.process.kill()  # the others end by themselves, and are no obstacle meanwhile
    with running(folder):
        assert len(list((folder / "sms").iterdir())) == 1
        assert [pid for pid in processes - {demo.process.pid} if Path(f"/proc/{pid}").exists()] == []
    (folder / "day").write_text("2026-01-01", encoding="ascii")
    with running(folder) as demo:
        assert list((folder / "sms").iterdir()) == []
        demo.process.terminate()
        output, _ = demo.process.communicate(timeout=20)
        assert "En ny dag" in output


@pytest.mark.slow
def test_second_demo_in_the_same_folder_says_that_one_runs(demo: Demo) -> None:
    code, words = refusal(demo.folder, free_port())
    assert (code, "Demon körs redan" in words) == (1, True)
    assert "/demo/" in demo.get("/")


@pytest.mark.slow
def test_busy_port_is_said_in_plain_words(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, words = refusal(tmp_path / "demo", port)
    assert code == 1
    assert words.startswith(f"Port {port} kan inte användas")
    assert "make demo PORT=" in words


@pytest.mark.slow
def test_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    code, words = refusal(tmp_path, free_port(), "--fresh")
    assert (code, "hör inte till demon" in words) == (1, True)
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "years of work"


def refusal(folder: Path, port: int, *arguments: str) -> tuple[int, str]:
    """Exit code and last words of a demo that is not to start."""
    command = [sys.executable, "-m", "deploy.local", "demo", "--folder", str(folder), "--port", str(port), *arguments]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=START_TIMEOUT)
    return ended.returncode, ended.stderr


def test_telephone_shows_what_the_portal_sent(tmp_path: Path, settings: Settings) -> None:
    settings.SMS_GATEWAYS = [tmp_path.as_uri()]
    before = datetime.now(UTC)
    sms.send(STEFAN.phone, "Första å")
    sms.send(KARL.phone or "+46701740690", "Andra")
    newest, oldest = post.messages(tmp_path)
    assert (newest.number, newest.text) == ("+46701740690", "Andra")
    assert (oldest.number, oldest.text) == (STEFAN.phone, "Första å")
    assert before <= oldest.sent <= newest.sent <= datetime.now(UTC)


def test_telephone_bears_files_that_others_made(tmp_path: Path) -> None:
    (tmp_path / "20261399T999999Z-46701740605.txt").write_text("no such month", encoding="utf-8")
    (tmp_path / "20261124T204500Z-+46701740606.txt").write_text("no fraction", encoding="utf-8")
    (tmp_path / "notes.txt").write_bytes(b"latin \xe5")
    (tmp_path / ".20261124T204500.1Z-46701740607.txt").write_text("half wri", encoding="utf-8")
    found = {(one.number, one.text) for one in post.messages(tmp_path)}
    assert found == {("+46701740605", "no such month"), ("+46701740606", "no fraction"), ("", "latin �")}


def test_telephone_reads_no_more_than_the_newest(tmp_path: Path) -> None:
    for number in range(60):
        file = tmp_path / f"20261124T2045{number:02}Z-46701740605.txt"
        file.write_text(str(number), encoding="utf-8")
        os.utime(file, (number, number))
    assert [one.text for one in post.messages(tmp_path)] == [str(number) for number in range(59, 9, -1)]


def test_mailbox_shows_what_the_portal_mailed(tmp_path: Path) -> None:
    backend = "django.core.mail.backends.filebased.EmailBackend"
    with get_connection(backend, file_path=str(tmp_path)) as connection:
        for subject in ("Utgående lösenord", "Ditt lösenord är bytt"):
            message = EmailMultiAlternatives(
                subject, f"Hej!\n\n{'-' * 20}\n{subject}\n", "a@example.com", ["carin@hemtjanst-ett.example"]
            )
            message.attach_alternative("<p>Hej!</p>", "text/html")
            connection.send_messages([message])
    found = post.mails(tmp_path)
    assert {mail.subject for mail in found} == {"Utgående lösenord", "Ditt lösenord är bytt"}
    for mail in found:
        assert mail.to == "carin@hemtjanst-ett.example"
        assert mail.text == f"Hej!\n\n{'-' * 20}\n{mail.subject}"
        assert abs((datetime.now(UTC) - mail.sent).total_seconds()) < 10


def test_mailbox_without_a_folder_is_empty(tmp_path: Path) -> None:
    assert post.mails(tmp_path / "none") == []
    assert post.messages(tmp_path / "none") == []


# --- A mail to the helpdesk ------------------------------------------------------------------------


@pytest.mark.slow
def test_a_mail_to_the_helpdesk_is_taken_in_at_once(demo: Demo) -> None:
    page = demo.get("/demo/")
    assert all(words in page for words in (post.SUBJECT, ANNA.username, CARIN.mail, "karin.ek@example.net"))
    assert 'name="vouched" id="id_vouched" checked' in page
    told = demo.post("/demo/", sender=CARIN.mail, vouched="on", subject=post.SUBJECT, text=post.TEXT)
    assert told == "/demo/"
    assert "Mejlet har kommit fram till helpdesk." in demo.get("/demo/")
    assert "Mejlet har kommit fram till helpdesk." not in demo.get("/demo/"), "once"


@pytest.fixture
def demo_mailbox(mailbox: TestDovecot, settings: Settings) -> TestDovecot:
    settings.HELPDESK_AUTHSERV_ID = "mx.demo.example"
    return mailbox


def test_the_mail_lies_in_the_mailbox_as_if_it_had_come_from_outside(demo_mailbox: TestDovecot) -> None:
    raw = post.compose(CARIN.mail, "Ändring å", "Hej!\nÅ Ä Ö\n", vouched=True)
    post.deliver(raw)
    assert demo_mailbox.folder("INBOX") == [raw]
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message.keys()[:2] == ["Return-Path", "Authentication-Results"]
    results = message["Authentication-Results"].strip()  # folded, as servers do
    assert results == "mx.demo.example; dmarc=pass header.from=hemtjanst-ett.example"
    assert message["From"] == "Carin Ek <carin@hemtjanst-ett.example>"
    assert (message["Subject"], message.get_content()) == ("Ändring å", "Hej!\r\nÅ Ä Ö\r\n")
    assert message["Message-ID"].endswith("@hemtjanst-ett.example>")


def test_nobody_vouches_for_the_sender_if_one_takes_the_mark_away() -> None:
    raw = post.compose("karin.ek@example.net", "Hej", "Hej!", vouched=False)
    assert b"Authentication-Results" not in raw
    assert b"From: Karin Ek <karin.ek@example.net>" in raw


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"sender": "per@kommunen.example"}, ["sender"]),
        ({"subject": " ", "text": ""}, ["subject", "text"]),
        ({"subject": "x" * 201}, ["subject"]),
        ({}, []),
        ({"subject": "Hej\r\nBcc: alla@kommunen.example"}, []),
    ],
)
def test_the_form_takes_what_a_mail_can_hold(fields: dict[str, str], wrong: list[str]) -> None:
    form = post.MailForm({"sender": CARIN.mail, "subject": "Hej", "text": "Hej!", **fields})
    assert sorted(form.errors) == wrong
    if not wrong:
        assert b"\nBcc" not in post.compose(**form.cleaned_data)


@pytest.mark.slow
@pytest.mark.django_db
def test_a_mailbox_that_is_down_is_told_and_what_was_written_stays(
    tmp_path: Path, settings: Settings, client: Client
) -> None:
    show_demo(settings, tmp_path)
    settings.HELPDESK_MAILBOX = f"imaps://helpdesk:x@127.0.0.1:{free_port()}/INBOX"
    fields = {"sender": "karin.ek@example.net", "subject": "Hej", "text": "Det som jag skrev"}
    page = client.post("/demo/", fields).content.decode()
    assert "Helpdesks brevlåda svarar inte." in page
    assert "Det som jag skrev" in page
    assert page.count('role="status"') == 0


# --- The mail server itself ------------------------------------------------------------------------


def test_a_mail_server_in_a_deep_folder_starts_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """The path of a socket has 108 bytes, and the folder of a project may have more."""
    deep = tmp_path / "/".join(["deep"] * 20) / "x"
    server = PrivateDovecot(deep, free_port())
    with server:
        elsewhere = (deep / "run").readlink()
        assert elsewhere.is_dir()
    assert not elsewhere.parent.exists()
    assert not (deep / "run").is_symlink()
