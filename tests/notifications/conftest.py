"""What the tests of the outbox and of the daily mail may ask for besides."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from pytest_django import Settings

from tests.notifications.digest_world import Clock, remove_everybody
from tests.servers.slapd import TestSlapd
from tests.servers.smtp import PrivateSmtp


@pytest.fixture(scope="session")
def _smtp_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateSmtp]:
    with PrivateSmtp(tmp_path_factory.mktemp("smtp")) as server:
        yield server


@pytest.fixture
def smtp(_smtp_server: PrivateSmtp, settings: Settings) -> PrivateSmtp:
    """A mail server that is good and empty, and to which the portal's mail goes."""
    _smtp_server.clear()
    settings.EMAIL_BACKEND = "idportal.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", _smtp_server.port
    settings.EMAIL_TIMEOUT = 2
    return _smtp_server


@pytest.fixture
def server(openldap_settings: TestSlapd) -> TestSlapd:
    """The directory of the journeys, with the cast in it."""
    return openldap_settings


@pytest.fixture
def empty_server(openldap_settings: TestSlapd) -> TestSlapd:
    """A directory with nobody in it: whoever is there, the test put there."""
    remove_everybody(openldap_settings)
    return openldap_settings


@pytest.fixture
def it_is(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets the portal's clock."""

    def set_clock(moment: datetime) -> None:
        monkeypatch.setattr("django.utils.timezone.now", lambda: moment)

    return set_clock
