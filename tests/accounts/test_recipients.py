"""Recipients are one value: ordered, each address once, compared without case, no more than the limit."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from accounts import limits
from accounts.models import Company
from accounts.models.recipients import RECIPIENT_COLUMNS, Recipients

pytestmark = pytest.mark.sqlite

CARIN, CHIEF = "carin@hemtjanst-ett.example", "chef@hemtjanst-ett.example"


def test_they_keep_their_order_and_spelling_and_leave_blanks_out() -> None:
    assert list(Recipients(["", "B@x.example", "", "a@x.example"])) == ["B@x.example", "a@x.example"]
    assert not Recipients(["", ""])


def test_case_makes_no_difference_and_neither_does_the_order() -> None:
    both = Recipients([CARIN, CHIEF])
    assert both == Recipients([CHIEF.upper(), CARIN])
    assert both != Recipients([CARIN])
    assert CARIN.upper() in both
    assert list(both - Recipients([CARIN.upper()])) == [CHIEF]
    assert list(both & Recipients([CHIEF.upper()])) == [CHIEF]
    assert both.compared == Recipients([CHIEF.upper(), CARIN.upper()]).compared


def test_there_is_a_column_for_each_and_no_more() -> None:
    assert len(RECIPIENT_COLUMNS) == limits.RECIPIENTS
    assert Recipients([CARIN]).columns == {"recipient1": CARIN, "recipient2": ""}
    company = Company(recipient1=CARIN)
    company.recipients = Recipients([CHIEF])
    assert (company.recipient1, company.recipient2) == (CHIEF, "")


@pytest.mark.parametrize(
    ("typed", "column"),
    [
        ([CARIN, CARIN.upper()], "recipient2"),
        ([CARIN, CHIEF, "tredje@hemtjanst-ett.example"], "__all__"),
    ],
)
def test_one_too_many_and_the_same_twice_are_refused(typed: list[str], column: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Recipients.checked(typed)
    assert list(refused.value.update_error_dict({})) == [column]
