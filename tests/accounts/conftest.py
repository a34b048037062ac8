"""Fixtures for the tests of accounts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.dispatch import Signal
from django.test import Client
from pytest_django import Settings

from accounts import signals
from tests.accounts.loader import Loader
from tests.conftest import Inbox, Walker
from tests.servers.directory import DirectoryServer
from tests.servers.slapd import TestSlapd


@pytest.fixture
def server(openldap_settings: TestSlapd) -> TestSlapd:
    """The directory of the journeys, with the cast in it."""
    return openldap_settings


@pytest.fixture
def second(server: DirectoryServer, settings: Settings, tmp_path: Path) -> Iterator[DirectoryServer]:
    """A server with the same people; the portal knows both, ``server`` first."""
    twin = server.copy(tmp_path / "twin")
    twin.start()
    settings.DIRECTORY_URLS = [server.url, twin.url]
    yield twin
    twin.stop()


@dataclass(frozen=True)
class Heard:
    """One signal, as its receivers get it."""

    name: str
    arguments: dict[str, Any]


@pytest.fixture
def heard() -> Iterator[list[Heard]]:
    """The signals that ``accounts`` sends, in order."""
    found: list[Heard] = []
    receivers = []
    for name in ("phone_registered", "phone_replaced", "password_reset"):
        signal: Signal = getattr(signals, name)

        def receive(sender: object, *, name: str = name, **arguments: Any) -> None:
            arguments.pop("signal")
            found.append(Heard(name, arguments))

        signal.connect(receive, weak=False)
        receivers.append((signal, receive))
    yield found
    for signal, receive in receivers:
        signal.disconnect(receive)


@pytest.fixture
def third_walker(sms: Inbox) -> Walker:
    """One more browser."""
    return Walker(Client(), sms)


@pytest.fixture
def loader(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Loader:
    """Loads files into the registers."""
    return Loader(tmp_path, capsys)
