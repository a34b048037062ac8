"""The way into the helpdesk's mailbox by an OAuth2 token, which is asked for each time; and no secret in any log."""

from __future__ import annotations

import logging
import time
import traceback
from urllib.parse import quote

import pytest
from pytest_django import Settings

from deploy.local.server import free_port
from idportal.channels.mailbox import Mailbox, open_mailbox
from tests.idportal.mail_servers import SECRET, bad_server, drip, failure
from tests.servers.dovecot import TestDovecot
from tests.servers.tokens import TokenServer

pytestmark = pytest.mark.process


def test_a_token_lets_in_and_is_asked_for_each_time(tokens: TokenServer, settings: Settings) -> None:
    for _ in range(2):
        with open_mailbox() as box:
            assert box.waiting(10) == []
    wanted = {
        "grant_type": "client_credentials",
        "client_id": "the-portal",
        "client_secret": SECRET,
        "scope": "https://outlook.office365.com/.default",
    }
    assert tokens.asked == [wanted, wanted]


@pytest.mark.parametrize(
    ("status", "answer", "retry"),
    [
        *((status, {}, True) for status in (429, 500, 503)),
        *(
            (400, {"error": error, "error_description": f"canary {SECRET}"}, False)
            for error in ("invalid_client", "unauthorized_client", "invalid_scope", "canary_of_their_own")
        ),
        (200, {"hello": "world"}, False),
        (307, {}, False),
    ],
)
def test_without_a_token_it_is_said_whether_to_try_again(
    tokens: TokenServer, status: int, answer: dict[str, str], retry: bool
) -> None:
    """The secret follows no redirection."""
    tokens.answer, tokens.location = (status, answer), tokens.introspection_url
    found = failure()
    assert found.retry == retry
    assert "canary" not in str(found)
    assert len(tokens.asked) == 1


@pytest.mark.parametrize(("scheme", "retry"), [("https", True), ("http", False), ("ftp", False)])
def test_a_token_server_that_is_down_or_asked_in_clear_text(
    tokens: TokenServer, settings: Settings, scheme: str, retry: bool
) -> None:
    settings.HELPDESK_MAILBOX_TOKEN_URL = f"{scheme}://127.0.0.1:{free_port()}/token"
    assert failure().retry == retry


def test_a_token_that_the_mail_server_does_not_take_is_to_be_mended(tokens: TokenServer) -> None:
    tokens.believed = False
    error = failure()
    assert (error.retry, str(error)) == (False, "The mail server refused the log-in (LoginError).")


def test_the_token_servers_certificate_is_checked(tokens: TokenServer, settings: Settings) -> None:
    settings.HELPDESK_MAILBOX_CA_FILE = ""
    error = failure()
    assert not error.retry
    assert "certificate" in str(error)
    assert tokens.asked == []


@pytest.mark.usefixtures("short_patience")
def test_a_token_server_that_trickles_is_not_waited_for(
    tokens: TokenServer, settings: Settings, token_places: tuple[TestDovecot, TokenServer]
) -> None:
    with bad_server(drip, token_places[0].dovecot.folder / "tls") as port:
        settings.HELPDESK_MAILBOX_TOKEN_URL = f"https://127.0.0.1:{port}/token"
        begun = time.monotonic()
        assert failure().retry
    assert time.monotonic() - begun < 3


# --- Secrets ---------------------------------------------------------------------------------------


def test_no_secret_and_no_mail_in_logs_or_errors(
    tokens: TokenServer,
    token_places: tuple[TestDovecot, TokenServer],
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """At DEBUG the libraries tell all that goes over the wire; the portal's log configuration keeps it from them."""
    caplog.set_level(logging.DEBUG)
    server = token_places[0]
    server.append(b"Subject: canary-mail\r\n\r\n")
    errors = []

    def use(box: Mailbox) -> None:
        for uid in box.waiting(10):
            assert box.read(uid, 1000)
        server.stop()
        box.waiting(10)

    errors.append(failure(use))
    server.start()
    tokens.believed = False
    errors.append(failure())
    tokens.answer = (400, {"error": "canary", "error_description": SECRET})
    errors.append(failure())
    settings.HELPDESK_MAILBOX_TOKEN_URL = ""
    settings.HELPDESK_MAILBOX = settings.HELPDESK_MAILBOX.replace("@", f":{quote(SECRET, safe='')}@")
    errors.append(failure())
    for url in ("imaps://a:canary#x@h/INBOX", "imaps://a:canary/x@h/INBOX", "imaps://a:canary@h:canary/INBOX"):
        settings.HELPDESK_MAILBOX = url
        errors.append(failure())
    told = "".join("".join(traceback.format_exception(error)) + repr(error) for error in errors)
    out, err = capfd.readouterr()
    for text in (told, caplog.text, out, err):
        assert not [word for word in ("canary", SECRET, *tokens.tokens) if word in text]
    assert tokens.tokens
