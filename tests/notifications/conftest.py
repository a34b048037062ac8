"""Fixtures for the tests of the outbox and of the daily mail."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.notifications.digest_world import Clock, remove_everybody
from tests.servers.slapd import TestSlapd


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
