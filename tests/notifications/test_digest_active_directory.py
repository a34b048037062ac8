"""The daily mail from an Active Directory: computed expiry, fine-grained policies. Issue 3; directory-facts.md."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.utils import timezone

from deploy.local import slapd
from deploy.local.cast import ANNA, CARIN, KARL, STEFAN
from notifications import digests
from tests.conftest import has_number
from tests.notifications.digest_world import completed, count_mapped, hemtjanst_ett, lines, sent, told
from tests.servers.samba import PrivateSamba

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def server(active_directory_settings: PrivateSamba) -> PrivateSamba:
    hemtjanst_ett()
    return active_directory_settings


def today() -> date:
    return timezone.localdate()


def test_the_cast_is_told_as_the_story_says(server: PrivateSamba) -> None:
    """Stefan 15 days, Karl 7; Anna's ran out four days ago, which nobody has told yet after five missed days."""
    has_number(STEFAN)
    completed(today() - timedelta(5))
    digests.run(today())
    (found,) = sent()
    assert found.to == CARIN.mail
    dates = {left: (today() + timedelta(left)).isoformat() for left in (-4, 7, 15)}
    assert lines(found) == [
        ["Anna", "Berg", ANNA.username, dates[-4], "utgånget", "inte registrerat"],
        ["Karl", "Lind", KARL.username, dates[7], "7", "inte registrerat"],
        ["Stefan", "Lind", STEFAN.username, dates[15], "15", "registrerat"],
    ]


def test_a_fine_grained_policy_counts(server: PrivateSamba) -> None:
    """Karl's password is 83 days old: 7 left of the domain's 90, but 1 left of his own policy's 84."""
    with server.stricter_policy(KARL, slapd.MAX_AGE - timedelta(6)):
        digests.run(today())
    assert told(sent()) == [(KARL.username, "1"), (STEFAN.username, "15")]


def test_only_the_entries_of_the_days_due_become_accounts(
    server: PrivateSamba, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Karl's password runs out between two of them, and Maria's and Anna's after and before them all."""
    server.put(replace(KARL, days_left=10))
    mapped = count_mapped(monkeypatch)
    digests.run(today())
    assert told(sent()) == [(STEFAN.username, "15")]
    assert mapped == [STEFAN.username]


@pytest.mark.parametrize("state", ["disabled", "must_change"])
def test_who_is_disabled_or_has_to_change_anyhow_is_not_told(server: PrivateSamba, state: str) -> None:
    karl = replace(KARL, days_left=0)
    server.put(karl, disabled=state == "disabled", must_change=state == "must_change")
    digests.run(today())
    assert told(sent()) == [(STEFAN.username, "15")]


def test_a_protected_account_is_told(server: PrivateSamba) -> None:
    server.put(KARL, protected=True)
    digests.run(today())
    assert told(sent()) == [(KARL.username, "7"), (STEFAN.username, "15")]
