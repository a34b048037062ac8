"""The mailbox is emptied into the queue: by SMTP and LMTP into a real Dovecot, and by IMAP from there. Issue 5.

Must show 1: every mail of tests/helpdesk/mails, with its fields, and each a request or a join.
"""

import email
import email.policy
import re
import time
from contextlib import suppress
from datetime import timedelta
from email.utils import parseaddr
from unittest import mock

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, OperationalError
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import limits
from accounts.privacy.encryption import token_digest
from helpdesk import retention, tasks
from helpdesk.intake import fetch
from helpdesk.intake import receive as intake
from helpdesk.intake.reading import mime
from helpdesk.models import IncomingMail, MailboxRead, ReadAttempt, Ticket
from idportal.channels.mailbox import Fetched, Mailbox, MailboxError, open_mailbox
from tests.helpdesk.conftest import Register
from tests.helpdesk.flood import MOST_MEMORY, flood
from tests.helpdesk.mailing import SERVER, a_mail
from tests.helpdesk.test_mail_corpus import MAILS, NAMES, expected
from tests.servers.dovecot import TestDovecot
from tests.servers.slapd import TestSlapd

pytestmark = [pytest.mark.django_db]


@pytest.fixture(autouse=True)
def _world(server: TestSlapd, mailbox: TestDovecot) -> None:
    """The directory with the cast, and an empty mailbox."""


def envelope_sender(raw: bytes) -> str:
    """The address that the mail's own server gave in MAIL FROM."""
    mail = email.message_from_bytes(raw, policy=email.policy.compat32)
    return parseaddr(str(mail.get("Return-Path", mail.get("From", ""))))[1]


def test_m3_every_mail_of_the_table_ends_as_a_ticket_or_a_join(
    register: Register, mailbox: TestDovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UNVERIFIED_MAILS_AN_HOUR", len(NAMES))  # they are no flood
    for name in NAMES:
        raw = (MAILS / f"{name}.eml").read_bytes()
        mailbox.deliver(raw, envelope_sender(raw))
    done = fetch.run(seconds=300)
    assert (done.handled, done.unreadable, done.more) == (len(NAMES), 0, False)
    taken = list(IncomingMail.objects.select_related("ticket").order_by("pk"))
    assert len(taken) == len(NAMES)
    assert len(mailbox.folder("INBOX")) == 0
    assert len(mailbox.folder("Handled")) == len(NAMES)
    wrong = []
    for name, mail in zip(NAMES, taken, strict=True):
        fields, one = expected(name), mail.ticket
        assert one is not None, f"{name} is neither a request nor a join"
        assert mail.outcome in ("opened", "joined"), name
        if mail.outcome == "joined" or one.orderer_name == intake.AUTOMATIC:
            continue
        got = {
            "kind": one.kind,
            "employee_name": one.employee_name,
            "employee_username": one.employee_username,
            "new_number": one.new_number,
            "recipients": list(one.recipients),
            "unread": one.unread,
        }
        wrong += [(name, key, value, fields[key]) for key, value in got.items() if value != fields[key]]
    assert wrong == []


def test_what_nothing_can_read_is_a_ticket_and_lies_in_a_folder_of_its_own(
    register: Register, mailbox: TestDovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_raw: bytes) -> None:
        raise mime.Unreadable("IndexError")

    mailbox.append(a_mail("Hemligt"))
    with monkeypatch.context() as patch:
        patch.setattr(intake, "read", broken)
        assert fetch.run() == fetch.Fetch(handled=1, unreadable=1)
    assert (len(mailbox.folder("Unreadable")), mailbox.folder("INBOX")) == (1, [])
    mail = IncomingMail.objects.get()
    assert mail.unreadable
    assert mail.ticket
    assert (mail.ticket.kind, mail.ticket.state) == ("other", "new")
    assert "Hemligt" in mail.text, "an agent sees what there is"


def test_a_fault_of_ours_stops_no_other_mail(
    register: Register, mailbox: TestDovecot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = intake._find_its_place

    def fault(mail: IncomingMail, *others: object) -> None:
        if "Kanariefågel" in mail.text:
            raise KeyError("Kanariefågel")
        real(mail, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(intake, "_find_its_place", fault)
    mailbox.append(a_mail("Kanariefågel"))
    mailbox.append(a_mail())
    assert fetch.run() == fetch.Fetch(handled=2, unreadable=1)
    assert Ticket.objects.filter(kind="phone").count() == 1
    assert "KeyError" in caplog.text
    assert "Kanariefågel" not in caplog.text, "the words of a mail are nobody's log"


def test_a_mail_that_ends_its_reader_does_so_three_times_at_most(
    register: Register, mailbox: TestDovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a bug that fills the memory: the process is gone, and nothing in it can catch that."""

    class Gone(BaseException):
        pass

    real = intake.receive

    def ends(raw: bytes, **more: bool) -> IncomingMail:
        if b"xxxxx" in raw:
            raise Gone
        return real(raw, **more)

    mailbox.append(a_mail("x" * 50, sender="x@example.net"))
    mailbox.append(a_mail())
    with monkeypatch.context() as patch:
        patch.setattr(fetch, "receive", ends)
        for _ in range(fetch.MOST_TRIES):
            with pytest.raises(Gone):
                fetch.run()
        assert Ticket.objects.get().kind == "phone", "the mail behind it was taken in meanwhile"
        assert fetch.run() == fetch.Fetch(), "the last reader may be alive, and at it"
        ReadAttempt.objects.update(at=timezone.now() - timedelta(seconds=fetch.RUN))
        assert fetch.run() == fetch.Fetch(handled=1, unreadable=1)
    assert len(mailbox.folder("Unreadable")) == 1
    assert sorted(Ticket.objects.values_list("kind", flat=True)) == ["other", "phone"]


def test_a_mail_that_another_reader_takes_in_at_this_moment_is_left_to_it(
    register: Register, mailbox: TestDovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row was there as this one made its own, and gone as it looked."""
    mailbox.append(a_mail())
    with monkeypatch.context() as patch:
        patch.setattr(ReadAttempt.objects, "get_or_create", mock.Mock(side_effect=IntegrityError("already exists")))
        assert fetch.run() == fetch.Fetch()
    assert len(mailbox.folder("INBOX")) == 1
    assert fetch.run().handled == 1


@pytest.mark.slow
def test_a_mail_of_50_mb_costs_the_part_that_is_read(register: Register, mailbox: TestDovecot) -> None:
    raw = a_mail().replace(b"Content-Type: text/plain", b"X-A: b\nContent-Type: text/plain")
    boundary = b"--b\nContent-Type: text/plain; charset=utf-8\n\n" + a_mail().split(b"\n\n", 1)[1]
    attachment = b"\n--b\nContent-Type: application/pdf; name=stor.pdf\nContent-Transfer-Encoding: base64\n\n"
    head = re.sub(rb"(?m)^(Content-\S+|MIME-Version): .*\n", b"", raw.split(b"\n\n", 1)[0] + b"\n")
    raw = (
        head
        + b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
        + boundary
        + attachment
        + (b"QUJD" * 18 + b"\n") * (50 * 1024 * 1024 // 73)
        + b"--b--\n"
    )
    mailbox.deliver(raw, "carin@hemtjanst-ett.example")
    fetch.run()
    mail = IncomingMail.objects.get()
    assert mail.ticket
    assert mail.ticket.new_number == "+46701740690"
    assert mail.cut
    assert [name for name, _size in mail.attachments] == ["stor.pdf"]


def test_many_are_taken_in_turn_by_turn(
    register: Register, mailbox: TestDovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "BATCH", 4)
    for number in range(10):
        mailbox.append(a_mail(f"Nr {number}", subject="Hej", sender=f"x{number}@example.net"))
    assert fetch.run(seconds=0) == fetch.Fetch(more=True), "its time is up at once"
    assert fetch.run() == fetch.Fetch(handled=4, more=True)
    call_command("fetch_helpdesk_mail")
    assert Ticket.objects.count() == 10
    order = [mail.text for mail in IncomingMail.objects.order_by("pk")]
    assert order == [f"Nr {number}" for number in range(10)], "the oldest first"


def test_the_command_says_what_it_did_and_what_ails_it(
    register: Register, mailbox: TestDovecot, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    mailbox.append(a_mail())
    call_command("fetch_helpdesk_mail")
    assert "1 mails were taken in, 0 of them could not be read." in capsys.readouterr().out
    settings.HELPDESK_MAILBOX = re.sub(r"//[^@]+@", "//helpdesk:Kanariefagel@", settings.HELPDESK_MAILBOX)
    with pytest.raises(CommandError, match="Check the HELPDESK_MAILBOX settings") as error:
        call_command("fetch_helpdesk_mail")
    assert "Kanariefagel" not in str(error.value)
    settings.HELPDESK_MAILBOX = ""
    with pytest.raises(CommandError, match="is not set"):
        call_command("fetch_helpdesk_mail")


def test_the_task_waits_for_a_mailbox_that_is_down(
    register: Register, mailbox: TestDovecot, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.append(a_mail())
    mailbox.stop()
    tasks.fetch_mail()
    assert "the helpdesk's mailbox was not read" in caplog.text
    mailbox.start()
    tasks.fetch_mail()
    assert Ticket.objects.count() == 1


def test_beat_fetches_each_minute(settings: Settings) -> None:
    [entry] = [each for each in settings.CELERY_BEAT_SCHEDULE.values() if each["task"] == "helpdesk.tasks.fetch_mail"]
    assert entry["schedule"] == 60.0
    settings.HELPDESK_MAILBOX = ""
    tasks.fetch_mail()  # nothing to do, and nothing to say


def test_a_monitor_sees_when_the_mailbox_was_last_read(
    register: Register, mailbox: TestDovecot, client: Client, settings: Settings
) -> None:
    def last_read() -> float | None:
        found = re.search(r"^idportal_mailbox_last_read_seconds (\S+)$", client.get("/metrics").content.decode(), re.M)
        return float(found[1]) if found else None

    assert last_read() == 0.0
    fetch.run()
    read_at = last_read()
    assert read_at is not None
    assert abs(read_at - timezone.now().timestamp()) < 60
    mailbox.stop()
    tasks.fetch_mail()
    assert last_read() == read_at
    settings.HELPDESK_MAILBOX = ""
    assert last_read() is None, "no alarm where there is nothing to read"


def test_after_90_days_a_mail_is_nowhere_and_its_fields_are(register: Register, mailbox: TestDovecot) -> None:
    mailbox.append(a_mail())
    fetch.run()
    old = timezone.now() - timedelta(days=91)
    mailbox.append(a_mail(), "Handled", when=old)
    mailbox.append(a_mail(), "Unreadable", when=old)
    IncomingMail.objects.update(came_at=old)
    counts = retention.purge(timezone.now())
    assert (counts["mails to the helpdesk"], counts["mails in the mailbox"]) == (1, 2)
    assert len(mailbox.folder("Handled")) == 1
    mail = IncomingMail.objects.get()
    assert (mail.sender, mail.sender_name, mail.subject, mail.text, mail.attached) == ("",) * 5
    assert mail.ticket
    assert mail.ticket.new_number == "+46701740690"
    assert retention.purge(timezone.now())["mails to the helpdesk"] == 0
    mailbox.append(a_mail(message_id="<another@example.net>"))
    fetch.run()
    assert Ticket.objects.count() == 2


def test_a_mailbox_that_is_down_does_not_stop_the_purge(register: Register, mailbox: TestDovecot) -> None:
    mailbox.stop()
    assert retention.purge(timezone.now())["mails in the mailbox"] == 0


def test_a_mail_that_was_purged_is_known_when_it_comes_again(register: Register, mailbox: TestDovecot) -> None:
    raw = a_mail()
    mailbox.append(raw)
    fetch.run()
    IncomingMail.objects.update(came_at=timezone.now() - timedelta(days=91))
    retention.purge(timezone.now())
    mailbox.append(raw)
    fetch.run()
    assert Ticket.objects.count() == 1


@pytest.mark.slow
def test_m5_a_flood_stays_small(register: Register, mailbox: TestDovecot, settings: Settings) -> None:
    """And a verified mail behind it is taken in like any other. `make crash` does it with 2,000."""
    settings.HELPDESK_AUTHSERV_ID = SERVER
    found = flood(mailbox, 300)
    assert (found.tickets, found.left) == (limits.UNVERIFIED_MAILS_AN_HOUR + 2, 0)
    assert found.grown < MOST_MEMORY
    assert found.answers <= limits.MAIL_ANSWERS_IN_ALL, "made-up addresses do not make the portal a sender of thousands"
    assert Ticket.objects.filter(kind="phone").count() == 1
    heap = Ticket.objects.get(orderer_name=intake.FLOOD)
    assert heap.mails.count() == 300 - limits.UNVERIFIED_MAILS_AN_HOUR
    assert (heap.kind, heap.company, heap.orderer) == ("other", None, None)


def test_a_message_that_the_server_can_not_give_holds_up_no_other(
    register: Register, mailbox: TestDovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = mailbox.append(a_mail("x", sender="x@example.net"))
    mailbox.append(a_mail())
    real = Mailbox.read

    def read(self: Mailbox, uid: int, limit: int) -> Fetched | None:
        if uid == bad:
            raise MailboxError("The mail server would not show a message (abort).", retry=True)
        return real(self, uid, limit)

    monkeypatch.setattr(Mailbox, "read", read)
    for _ in range(fetch.MOST_TRIES - 1):
        with pytest.raises(MailboxError):
            fetch.run()
    assert Ticket.objects.get().kind == "phone"
    mailbox.append(a_mail("Hej", subject="Hej"))
    for _ in range(3):
        fetch.run()  # once somebody has been told, it is no failure any more
    assert MailboxRead.objects.exists(), "and the monitor is content"
    told = Ticket.objects.get(source="portal")
    assert "går inte att hämta eller flytta" in told.text
    assert Ticket.objects.count() == 3
    monkeypatch.setattr(Mailbox, "read", real)
    fetch.run()
    assert (Ticket.objects.count(), mailbox.folder("INBOX")) == (4, [])


@pytest.mark.parametrize(
    "patched",
    [(Mailbox, "move", MailboxError("quota", retry=True)), (fetch, "receive", OperationalError())],
    ids=["move", "receive"],
)
def test_a_mail_that_was_only_not_moved_or_not_written_down_is_read_as_what_it_is(
    register: Register,
    mailbox: TestDovecot,
    monkeypatch: pytest.MonkeyPatch,
    patched: tuple[object, str, Exception],
) -> None:
    """However often: a mailbox without room, or a database that restarts, is nothing that the mail did."""
    mailbox.append(a_mail())
    with monkeypatch.context() as patch:
        patch.setattr(*patched[:2], mock.Mock(side_effect=patched[2]))
        for _ in range(5):
            with suppress(MailboxError, OperationalError):
                fetch.run()
        assert len(mailbox.folder("INBOX")) == 1
    fetch.run()
    assert Ticket.objects.exclude(source="portal").get().kind == "phone"
    assert (mailbox.folder("INBOX"), mailbox.folder("Unreadable"), ReadAttempt.objects.count()) == ([], [], 0)


def test_a_mailbox_without_room_is_told_of_once(
    register: Register, mailbox: TestDovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def move(self: Mailbox, uid: int, folder: str) -> None:
        raise MailboxError("The mail server would not move a message (quota).", retry=True)

    for number in range(3):
        mailbox.append(a_mail("Hej", subject="Hej", sender=f"x{number}@example.net"))
    monkeypatch.setattr(Mailbox, "move", move)
    for _ in range(5):
        with suppress(MailboxError):
            fetch.run()
    assert Ticket.objects.filter(source="mail").count() == 3, "each is in the queue, once"
    assert Ticket.objects.filter(source="portal").count() == 1


def test_a_run_is_over_before_the_next_one_whatever_the_server_does(
    mailbox: TestDovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beat starts one each minute: runs that wait for a bad server would hold all threads of the worker."""
    assert fetch.RUN + fetch.LAST_MESSAGE < 60
    monkeypatch.setattr(fetch, "LAST_MESSAGE", 0.5)

    def read(box: Mailbox, *_: object) -> None:
        while True:
            box.waiting(1)
            time.sleep(0.1)

    monkeypatch.setattr(Mailbox, "read", read)
    mailbox.append(a_mail())
    begun = time.monotonic()
    with pytest.raises(MailboxError):
        fetch.run(seconds=0.5)
    assert time.monotonic() - begun < 3


def test_a_uid_that_is_given_anew_is_another_message(register: Register, mailbox: TestDovecot) -> None:
    with open_mailbox() as box:
        name = box.name_of(1)
    assert name.endswith("/1")
    ReadAttempt.objects.create(message=token_digest(name.replace("/1", "0/1")), crashes=9)
    mailbox.append(a_mail())
    fetch.run()
    assert Ticket.objects.get().kind == "phone"


def test_a_server_that_fails_at_each_message_is_not_asked_for_all(
    register: Register, mailbox: TestDovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(6):
        mailbox.append(a_mail())
    asked: list[int] = []

    def read(self: Mailbox, uid: int, limit: int) -> Fetched | None:
        asked.append(uid)
        raise MailboxError("The mail server would not show a message (abort).", retry=True)

    monkeypatch.setattr(Mailbox, "read", read)
    for _ in range(2):
        with pytest.raises(MailboxError):
            fetch.run()
    assert len(asked) == len(set(asked)) == 2 * (fetch.MOST_IN_VAIN + 1), "those that were not tried come first"
