"""Mails of every shape, with the fields that each is to give: the table of issue 5, as tests/helpdesk/mails has it."""

import json
from pathlib import Path
from typing import Any

import pytest

from helpdesk.intake.reading import read
from helpdesk.intake.reading.layout import numbers_in
from helpdesk.intake.senders import is_automatic

MAILS = Path(__file__).parent / "mails"
NAMES = sorted(file.stem for file in MAILS.glob("*.eml"))


def expected(name: str) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads((MAILS / f"{name}.json").read_text(encoding="utf-8"))
    fields.pop("why")
    return fields


@pytest.mark.parametrize("name", NAMES)
def test_a_mail_gives_its_fields(name: str) -> None:
    reading = read((MAILS / f"{name}.eml").read_bytes())
    asked = reading.asked
    assert {
        "kind": asked.kind.value,
        "orderer_name": asked.orderer_name,
        "company_name": asked.company_name,
        "employee_name": asked.employee_name,
        "employee_username": asked.employee_username,
        "new_number": asked.new_number,
        "recipients": list(asked.recipients),
        "unread": asked.unread,
        "refers_to": next(iter(numbers_in(reading.subject)), ""),
        "automatic": is_automatic(reading.letter),
        "attachments": [each.name for each in reading.letter.attachments],
    } == expected(name)


def test_there_are_enough_mails_and_each_has_its_fields() -> None:
    assert len(NAMES) >= 60
    assert {file.stem for file in MAILS.glob("*.json")} == set(NAMES)
