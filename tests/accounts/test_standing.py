"""The state of an account: its password at each limit, and whether it has a number."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from accounts import limits
from accounts.directory import Expiry
from accounts.phones import standing
from accounts.phones.standing import PasswordState, password_standing

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)  # 13:00 in Stockholm
TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("expires", "state", "days_left"),
    [
        (NOW, PasswordState.EXPIRED, 0),
        (NOW + timedelta(seconds=1), PasswordState.SOON, 0),
        (TODAY, PasswordState.SOON, 0),
        (TODAY - timedelta(days=1), PasswordState.EXPIRED, -1),
        (TODAY + limits.EXPIRES_SOON, PasswordState.SOON, 30),
        (TODAY + limits.EXPIRES_SOON + timedelta(days=1), PasswordState.VALID, 31),
        (datetime(2026, 11, 20, 23, 30, tzinfo=UTC), PasswordState.SOON, 1),  # half past midnight in Stockholm
    ],
)
def test_a_password_with_an_end(expires: date, state: PasswordState, days_left: int) -> None:
    found = password_standing(expires, NOW)
    assert (found.state, found.days_left, found.expires_on) == (state, days_left, TODAY + timedelta(days_left))
    assert found.works == (state is not PasswordState.EXPIRED)


@pytest.mark.parametrize(
    ("expires", "state", "works"),
    [(Expiry.MUST_CHANGE, PasswordState.MUST_CHANGE, False), (Expiry.NEVER, PasswordState.NEVER, True)],
)
def test_a_password_without_an_end(expires: Expiry, state: PasswordState, works: bool) -> None:
    found = password_standing(expires, NOW)
    assert (found.state, found.works, found.days_left, found.expires_on) == (state, works, None, None)


@pytest.mark.django_db
def test_more_ids_than_a_query_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "IDS_AT_A_TIME", 2)
    assert standing.ids_with_number(str(number) for number in range(5)) == set()
