"""Mail servers that are down, silent, slow or broken: the portal waits no longer than its limit, and may retry."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django import Settings

from deploy.local.server import free_port
from idportal.channels.mailbox import Mailbox
from tests.idportal.conftest import Relay
from tests.idportal.mail_servers import Script, bad_server, drip, failure, no_end, nonsense, silence
from tests.servers.dovecot import TestDovecot

pytestmark = pytest.mark.process


@pytest.mark.parametrize("scheme", ["imap", "imaps"])
def test_a_server_that_is_down_may_be_tried_again(elsewhere: Callable[[str, int], None], scheme: str) -> None:
    elsewhere(scheme, free_port())
    assert failure().retry


@pytest.mark.usefixtures("short_patience")
@pytest.mark.parametrize("script", [silence, drip, nonsense], ids=lambda script: script.__name__)
@pytest.mark.parametrize("scheme", ["imap", "imaps"])
def test_a_server_that_does_not_come_to_the_point_is_not_waited_for(
    elsewhere: Callable[[str, int], None], certificates: Path, scheme: str, script: Script
) -> None:
    with bad_server(script, certificates if scheme == "imaps" else None) as port:
        elsewhere(scheme, port)
        begun = time.monotonic()
        assert failure().retry
    assert time.monotonic() - begun < 3


def test_an_answer_without_an_end_fills_no_memory(elsewhere: Callable[[str, int], None], certificates: Path) -> None:
    with bad_server(no_end, certificates) as port:
        elsewhere("imaps", port)
        begun = time.monotonic()
        assert failure().retry
    assert time.monotonic() - begun < 5


@pytest.mark.usefixtures("short_patience")
def test_a_server_that_falls_silent_in_the_middle(mailbox: TestDovecot) -> None:
    def use(box: Mailbox) -> None:
        with mailbox.suspend():
            box.waiting(10)

    begun = time.monotonic()
    assert failure(use).retry
    assert time.monotonic() - begun < 5


def test_a_server_that_lets_each_command_wait_has_so_long_for_all_of_them(mailbox: TestDovecot) -> None:
    def use(box: Mailbox) -> None:
        while True:
            box.waiting(10)
            time.sleep(0.1)

    begun = time.monotonic()
    assert failure(use, seconds=0.5).retry
    assert time.monotonic() - begun < 2


def test_a_connection_that_breaks_in_the_middle(mailbox: TestDovecot, settings: Settings) -> None:
    with Relay(mailbox.dovecot.port) as wire:
        settings.HELPDESK_MAILBOX = settings.HELPDESK_MAILBOX.replace(f":{mailbox.dovecot.port}/", f":{wire.port}/")

        def use(box: Mailbox) -> None:
            wire.cut()
            box.waiting(10)

        assert failure(use).retry
