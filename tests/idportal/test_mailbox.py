"""The helpdesk's mailbox on a real Dovecot: what waits is read, moved, and in time deleted, and nothing gets lost."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from idportal.channels.mailbox import Fetched, imap, open_mailbox
from tests.servers.dovecot import TestDovecot

pytestmark = pytest.mark.process

DONE = "Lösenordsportalen"
NO_MOVE = "imap_capability {\n  MOVE = no\n}\n"
NO_MOVE_NO_UIDPLUS = "imap_capability {\n  MOVE = no\n  UIDPLUS = no\n}\n"
BELOW_INBOX = "namespace inbox {\n  prefix = INBOX.\n}\n"


def mail(number: int = 1, body: bytes = b"Hej!") -> bytes:
    return b"From: carin@hemtjanst-ett.example\r\nSubject: Koppla nytt mobil nr %d\r\n\r\n%s\r\n" % (number, body)


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that some mails are many."""
    monkeypatch.setattr(imap, "AT_ONCE", 3)


@pytest.fixture
def other_server(tmp_path: Path, settings: Settings, request: pytest.FixtureRequest) -> Iterator[TestDovecot]:
    """One whose configuration says this besides; the portal fetches from it."""
    server = TestDovecot(tmp_path / "dovecot", extra=request.param)
    server.start()
    for name, value in server.settings().items():
        setattr(settings, name, value)
    yield server
    server.stop()


# --- What waits ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_steps")
def test_what_waits_is_told_oldest_first_and_no_more_than_asked_for(mailbox: TestDovecot) -> None:
    uids = [mailbox.append(mail(number)) for number in range(10)]
    with open_mailbox() as box:
        assert box.waiting(100) == uids
        assert box.waiting(10) == uids
        assert box.waiting(4) == uids[:4]
        assert box.waiting(0) == []


@pytest.mark.usefixtures("small_steps")
def test_what_somebody_marked_as_deleted_does_not_wait(mailbox: TestDovecot) -> None:
    for number in range(7):
        mailbox.append(mail(number), flags=("\\Deleted",))
    uid = mailbox.append(mail(8))
    with open_mailbox() as box:
        assert box.waiting(1) == [uid]


def test_what_comes_while_the_mailbox_is_open_is_seen(mailbox: TestDovecot) -> None:
    with open_mailbox() as box:
        assert box.waiting(10) == []
        uid = mailbox.append(mail())
        assert box.waiting(10) == [uid]


def test_the_folder_may_be_another(mailbox: TestDovecot, settings: Settings) -> None:
    uid = mailbox.append(mail(), "Ärenden")
    settings.HELPDESK_MAILBOX = settings.HELPDESK_MAILBOX.replace("/INBOX", "/%C3%84renden")
    with open_mailbox() as box:
        assert box.waiting(10) == [uid]
        box.move(uid, DONE)
    assert mailbox.folder(DONE) == [mail()]


# --- Reading ---------------------------------------------------------------------------------------


def test_a_message_is_read_byte_by_byte_and_stays_unread(mailbox: TestDovecot) -> None:
    raw = b"From: a@b.example\r\nX-Odd: \xe5\xff\x80\r\n\r\n" + bytes(range(1, 256)).replace(b"\r", b"").replace(
        b"\n", b""
    )
    uid = mailbox.append(raw)
    with open_mailbox() as box:
        assert box.read(uid, 10_000) == Fetched(uid, len(raw), raw)
    assert mailbox.flags() == [set()]


@pytest.mark.parametrize("limit", [1, 40, 79, 80])
def test_no_more_is_read_than_asked_for(mailbox: TestDovecot, limit: int) -> None:
    raw = mail()
    uid = mailbox.append(raw)
    with open_mailbox() as box:
        assert box.read(uid, limit) == Fetched(uid, len(raw), raw[:limit])


def test_a_message_of_twenty_megabytes_costs_no_more_memory_than_is_read_of_it(mailbox: TestDovecot) -> None:
    uid = mailbox.append(mail(body=(b"x" * 98 + b"\r\n") * 200_000))
    with open_mailbox() as box:
        tracemalloc.start()
        try:
            found = box.read(uid, 256 * 1024)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert found
    assert (found.size > 20_000_000, len(found.raw)) == (True, 256 * 1024)
    assert peak < 2 * 1024 * 1024


def test_what_a_second_fetcher_took_is_gone(mailbox: TestDovecot) -> None:
    uid, other = mailbox.append(mail(1)), mailbox.append(mail(2))
    with open_mailbox() as box, open_mailbox() as second:
        assert box.waiting(10) == second.waiting(10) == [uid, other]
        second.move(uid, DONE)
        assert box.read(uid, 1000) is None
        assert box.read(99_999, 1000) is None
        box.move(uid, DONE)
        assert box.read(other, 1000)
    assert mailbox.folder(DONE) == [mail(1)]


def test_a_mail_from_the_net_comes_with_the_sender_of_its_envelope(mailbox: TestDovecot) -> None:
    """security.md M: what answers to nobody, such as a bounce, has an empty one."""
    mailbox.deliver(mail(1), "carin@hemtjanst-ett.example")
    mailbox.deliver(mail(2), "")
    with open_mailbox() as box:
        first, second = (box.read(uid, 10_000) for uid in box.waiting(10))
    assert first
    assert first.raw.startswith(b"Return-Path: <carin@hemtjanst-ett.example>\r\n")
    assert first.raw.endswith(mail(1))
    assert second
    assert second.raw.startswith(b"Return-Path: <>\r\n")


# --- Moving ----------------------------------------------------------------------------------------


def test_moving_makes_the_folder_and_does_it_once(mailbox: TestDovecot) -> None:
    uid, other = mailbox.append(mail(1)), mailbox.append(mail(2))
    with open_mailbox() as box:
        box.move(uid, DONE)
        box.move(uid, DONE)
        box.move(99_999, "Annat")
        assert box.waiting(10) == [other]
    assert mailbox.folder(DONE) == [mail(1)]
    assert mailbox.folder("INBOX") == [mail(2)]
    with mailbox.client() as client:
        assert DONE in {name for _flags, _separator, name in client.list_sub_folders()}


def test_a_folder_that_is_removed_meanwhile_is_made_again(mailbox: TestDovecot) -> None:
    uid, other = mailbox.append(mail(1)), mailbox.append(mail(2))
    with open_mailbox() as box:
        box.move(uid, DONE)
        with mailbox.client() as client:
            client.delete_folder(DONE)
        box.move(other, DONE)
    assert mailbox.folder(DONE) == [mail(2)]


def test_a_name_that_stands_there_for_the_folders_below_it_is_no_folder(mailbox: TestDovecot) -> None:
    """Dovecot lists it as \\Noselect."""
    uid = mailbox.append(mail())
    with mailbox.client() as client:
        client.create_folder(f"{DONE}.2026")
    with open_mailbox() as box:
        assert box.forget(DONE, timezone.now()) == 0
        box.move(uid, DONE)
    assert mailbox.folder(DONE) == [mail()]


@pytest.mark.parametrize("other_server", [NO_MOVE], indirect=True)
def test_a_server_without_move_copies_and_expunges_the_one_alone(other_server: TestDovecot) -> None:
    marked = mail(1)
    other_server.append(marked, flags=("\\Deleted",))
    uid = other_server.append(mail(2))
    with open_mailbox() as box:
        box.move(uid, DONE)
        box.move(uid, DONE)
        assert box.waiting(10) == []
    assert other_server.folder(DONE) == [mail(2)]
    assert other_server.flags() == [{b"\\Deleted"}], "what a human marked is the human's to expunge"


@pytest.mark.parametrize("other_server", [NO_MOVE_NO_UIDPLUS], indirect=True)
def test_a_server_that_cannot_expunge_one_alone_keeps_the_mark(other_server: TestDovecot) -> None:
    uid = other_server.append(mail())
    with open_mailbox() as box:
        box.move(uid, DONE)
        assert box.waiting(10) == []
        assert other_server.flags() == [{b"\\Deleted"}]
        assert box.forget(DONE, timezone.now() + timedelta(days=2)) == 1
    assert other_server.folder(DONE) == []


@pytest.mark.parametrize("other_server", [BELOW_INBOX], indirect=True)
def test_a_server_that_keeps_all_folders_below_inbox(other_server: TestDovecot) -> None:
    uid, other = other_server.append(mail(1)), other_server.append(mail(2))
    with open_mailbox() as box:
        box.move(uid, DONE)
        box.move(other, f"INBOX.{DONE}")
        assert other_server.folder(f"INBOX.{DONE}") == [mail(1), mail(2)]
        assert box.forget(DONE, timezone.now() + timedelta(days=2)) == 2
    assert other_server.folders() == ["INBOX", f"INBOX.{DONE}"]


# --- Forgetting ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_steps")
def test_what_came_before_that_day_is_forgotten(mailbox: TestDovecot) -> None:
    now = timezone.localtime(datetime.fromisoformat("2026-11-24T21:40:00+01:00"))
    days = [40, 31, 3, 90, 31, 0, 32, 30, 29, 60, 61, 33]  # not in order: a human moved some
    for number, day in enumerate(days):
        mailbox.append(mail(number), DONE, now - timedelta(days=day))
    old = mailbox.append(mail(99), when=now - timedelta(days=90))
    with open_mailbox() as box:
        assert box.forget(DONE, now - timedelta(days=30)) == 8
        assert box.forget(DONE, now - timedelta(days=30)) == 0
        assert box.waiting(10) == [old], "the folder that people work in is not this one"
        assert box.read(old, 1000)
    assert mailbox.folder(DONE) == [mail(number) for number, day in enumerate(days) if day <= 30]


@pytest.mark.parametrize("other_server", [""], indirect=True)
def test_after_forgetting_reading_and_moving_are_about_the_right_folder(other_server: TestDovecot) -> None:
    done = other_server.append(mail(1), DONE)
    uid = other_server.append(mail(2))
    assert done == uid, "the same number in both"
    with open_mailbox() as box:
        box.forget(DONE, timezone.now() - timedelta(days=1))
        found = box.read(uid, 1000)
        assert found
        assert found.raw == mail(2)
        box.forget(DONE, timezone.now() - timedelta(days=1))
        box.move(uid, DONE)
    assert other_server.folder("INBOX") == []


# --- The connection ends meanwhile -----------------------------------------------------------------


def test_what_the_caller_raises_comes_out_as_it_is(mailbox: TestDovecot) -> None:
    with pytest.raises(ZeroDivisionError), open_mailbox():
        raise ZeroDivisionError
