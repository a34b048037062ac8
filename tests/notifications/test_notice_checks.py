"""What the system checks say of the settings of notices and outbox."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from idportal.channels.smtp import DEADLINE
from notifications import checks
from notifications.outbox.delivery import TOGETHER


def found() -> list[str]:
    return [str(message.id) for message in run_checks() if str(message.id).startswith("notifications.")]


def test_the_suites_own_settings_are_good() -> None:
    assert found() == []


@pytest.mark.parametrize(
    "address", ["helpdesk@" + "x" * 60 + ".example", "łódź@kommunen.example", "help\n@kommunen.example☎"]
)
def test_a_helpdesk_address_with_which_a_notice_would_not_fit_is_an_error(settings: Settings, address: str) -> None:
    settings.HELPDESK_EMAIL = address
    assert found() == ["notifications.E001"]
    [error] = checks.notices_fit_one_sms(None)
    assert "HELPDESK_EMAIL" in error.msg
    assert error.hint


def test_a_long_address_fits(settings: Settings) -> None:
    settings.HELPDESK_EMAIL = "servicedesk.utforare@socialforvaltningen.kommunen.example"
    assert found() == []


def test_a_lease_outlives_a_task(settings: Settings) -> None:
    """A lease must not end while the worker may still be sending the message, after others claimed with it."""
    assert TOGETHER * DEADLINE < settings.OUTBOX_LEASE
