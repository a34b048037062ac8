"""Connecting to the helpdesk's mailbox: credentials, certificates, and servers that misbehave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from pytest_django import Settings

from deploy.local import files
from idportal.channels.mailbox import open_mailbox
from idportal.channels.mailbox_address import MailboxAddress, mailbox_address
from tests.idportal.mail_servers import SECRET, bad_server, failure, silence, talking
from tests.servers.dovecot import TestDovecot

pytestmark = pytest.mark.process

# --- The address -----------------------------------------------------------------------------------


def test_every_part_of_the_address_is_decoded() -> None:
    found = mailbox_address(
        "imaps://helpdesk%40kommunen.example:p%2F%40%C3%A5%25@[2001:db8::1]:1993/Delade%2FIT%20helpdesk"
    )
    assert found == MailboxAddress(
        True, "2001:db8::1", 1993, "helpdesk@kommunen.example", "p/@å%", "Delade/IT helpdesk"
    )
    assert "p/@å%" not in repr(found)


@pytest.mark.parametrize(("scheme", "port", "implicit"), [("imaps", 993, True), ("imap", 143, False)])
def test_each_scheme_has_its_port(scheme: str, port: int, implicit: bool) -> None:
    found = mailbox_address(f"{scheme}://helpdesk:x@mail.kommunen.example/INBOX")
    assert (found.port, found.implicit) == (port, implicit)


def test_without_an_address_nothing_is_tried(settings: Settings) -> None:
    settings.HELPDESK_MAILBOX = ""
    assert not failure().retry


# --- Who is let in ---------------------------------------------------------------------------------


def test_by_starttls(mailbox: TestDovecot, settings: Settings) -> None:
    settings.HELPDESK_MAILBOX = mailbox.starttls_url
    uid = mailbox.append(b"Subject: hej\r\n\r\n")
    with open_mailbox() as box:
        assert box.waiting(10) == [uid]
        box.move(uid, "Klart")
    assert len(mailbox.folder("Klart")) == 1


def test_a_wrong_password_is_to_be_mended(mailbox: TestDovecot, settings: Settings) -> None:
    settings.HELPDESK_MAILBOX = settings.HELPDESK_MAILBOX.replace(mailbox.dovecot.secret(), "canary")
    error = failure()
    assert not error.retry
    assert str(error) == "The mail server refused the log-in (LoginError)."


def test_a_missing_folder_is_to_be_mended(mailbox: TestDovecot, settings: Settings) -> None:
    settings.HELPDESK_MAILBOX = settings.HELPDESK_MAILBOX.replace("/INBOX", "/Inkorg")
    error = failure()
    assert not error.retry
    assert "'Inkorg'" in str(error)


@pytest.mark.parametrize(("answer", "retry"), [(b"NO [UNAVAILABLE] not now", True), (b"NO [EXPIRED] never", False)])
def test_a_server_says_whether_to_try_again(
    elsewhere: Callable[[str, int], None], certificates: Path, answer: bytes, retry: bool
) -> None:
    """RFC 5530. What looks up who there is may be down, and the password right."""
    with bad_server(talking({b"AUTHENTICATE": answer}), certificates) as port:
        elsewhere("imaps", port)
        error = failure()
    assert (error.retry, str(error)) == (retry, "The mail server refused the log-in (LoginError).")


def test_a_connection_that_ends_in_the_log_in_is_no_refusal(
    elsewhere: Callable[[str, int], None], certificates: Path
) -> None:
    with bad_server(talking({b"AUTHENTICATE": b""}), certificates) as port:
        elsewhere("imaps", port)
        assert failure().retry


def test_a_password_with_letters_that_login_does_not_know(tmp_path: Path, settings: Settings) -> None:
    other = f"passdb static {{\n  password = {SECRET}\n}}\n"
    with running(TestDovecot(tmp_path / "dovecot", extra=other), settings) as server:
        secret = quote(SECRET, safe="")
        settings.HELPDESK_MAILBOX = settings.HELPDESK_MAILBOX.replace(server.dovecot.secret(), secret)
        with open_mailbox() as box:
            assert box.waiting(1) == []


@contextmanager
def running(server: TestDovecot, settings: Settings) -> Iterator[TestDovecot]:
    """A server of the test's own, to which the portal is pointed."""
    server.start()
    try:
        for name, value in server.settings().items():
            setattr(settings, name, value)
        yield server
    finally:
        server.stop()


# --- Whom the portal trusts ------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["implicit", "starttls"])
def test_a_certificate_that_nobody_vouches_for_is_refused(mailbox: TestDovecot, settings: Settings, by: str) -> None:
    settings.HELPDESK_MAILBOX_CA_FILE = ""
    if by == "starttls":
        settings.HELPDESK_MAILBOX = mailbox.starttls_url
    error = failure()
    assert not error.retry
    assert "its certificate is not trusted" in str(error)
    assert "Logged in" not in (mailbox.dovecot.folder / "dovecot.log").read_text().splitlines()[-1]


def test_a_certificate_for_another_name_is_refused(
    tmp_path: Path, elsewhere: Callable[[str, int], None], settings: Settings
) -> None:
    files.make_certificate(tmp_path, "192.0.2.1", "mail.kommunen.example")
    with bad_server(silence, tmp_path) as port:
        elsewhere("imaps", port)
        settings.HELPDESK_MAILBOX_CA_FILE = str(tmp_path / "ca.pem")
        error = failure()
    assert not error.retry
    assert "IP address mismatch" in str(error)


def test_a_server_without_starttls_gets_no_password(elsewhere: Callable[[str, int], None]) -> None:
    heard: list[bytes] = []
    with bad_server(talking({}, heard)) as port:
        elsewhere("imap", port)
        error = failure()
    assert not error.retry
    assert "STARTTLS" in str(error)
    assert set(heard) <= {b"CAPABILITY", b"LOGOUT"}


@pytest.mark.parametrize("content", [None, "no PEM at all"])
def test_an_authority_that_cannot_be_read_is_to_be_mended(
    mailbox: TestDovecot, settings: Settings, tmp_path: Path, content: str | None
) -> None:
    if content:
        (tmp_path / "ca.pem").write_text(content)
    settings.HELPDESK_MAILBOX_CA_FILE = str(tmp_path / "ca.pem")
    assert not failure().retry
