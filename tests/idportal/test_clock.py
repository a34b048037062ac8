"""Times in words: with the date where it differs, without it where it is the same day."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from idportal import clock

MADE = datetime(2026, 3, 12, 21, 50, tzinfo=UTC)  # 22:50 in Stockholm


@pytest.mark.parametrize(
    ("until", "on_a_page", "in_an_sms"),
    [
        (datetime(2026, 3, 12, 22, 5, tzinfo=UTC), "kl. 23:05", "23:05"),
        (datetime(2026, 3, 12, 23, 5, tzinfo=UTC), "den 13 mars 2026 kl. 00:05", "13/3 00:05"),
    ],
    ids=["the same day", "the day after"],
)
def test_a_deadline_has_its_day_where_it_is_another_one(until: datetime, on_a_page: str, in_an_sms: str) -> None:
    assert clock.deadline(until, MADE) == on_a_page
    assert clock.clock(until, MADE) == in_an_sms
