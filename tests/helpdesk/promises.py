"""Checks what ``reading.read`` promises of any mail at all."""

import json
import unicodedata

from accounts.models import numbers
from accounts.models.recipients import usual
from helpdesk.intake import senders
from helpdesk.intake.reading import LONGEST_SUBJECT, OTHER_FORM, Reading, mime, read
from helpdesk.intake.reading.asked import Asked, asked_in
from helpdesk.intake.reading.decoding import text_of
from helpdesk.models import Ticket
from idportal.text import one_line
from tests.helpdesk.mailing import SERVER

FIELDS = {
    Ticket.Kind.PHONE: ("employee_name", "employee_username", "new_number"),
    Ticket.Kind.RECIPIENTS: ("recipients",),
    Ticket.Kind.OTHER: (),
}
LONGEST_USERNAME, LONGEST_NAME, LONGEST_ADDRESS = 256, 200, 254  # as the fields of Request
RESULTS = ("other domain", "unreadable", "mixed", "")


def assert_kept(raw: bytes, html: str) -> None:
    _assert_storable(text_of(html))
    try:
        reading = read(raw)
    except mime.Unreadable:
        return
    _assert_texts(reading)
    _assert_asked(reading.asked)
    _assert_marks(reading.text, reading.asked)
    for kind in Ticket.Kind:
        text = reading.text.partition(OTHER_FORM)[0]
        again = asked_in(text, reading.subject, reading.sender_name, reading.sender, kind)
        _assert_asked(again)
        _assert_marks(reading.text, again)
    said = senders.dmarc(reading.letter, SERVER)
    assert said in RESULTS or said.isalpha()
    if said == senders.PASS:
        assert reading.sender
        assert SERVER in raw.decode("latin-1").lower()


def _assert_texts(reading: Reading) -> None:
    lines = [reading.subject, reading.sender, reading.sender_name, *(each.name for each in reading.letter.attachments)]
    for text in lines:
        assert len(text.splitlines()) < 2
    for text in (*lines, reading.text):
        _assert_storable(text)
        assert not any(unicodedata.category(character) in ("Cc", "Cf") for character in text if character not in "\n\t")
    assert len(reading.subject) <= LONGEST_SUBJECT
    assert len(reading.sender) <= mime.LONGEST_FROM
    assert len(reading.text) <= mime.MOST_TEXT
    assert len(reading.letter.attachments) <= mime.MOST_ATTACHMENTS
    assert all(0 < len(each.name) <= mime.LONGEST_NAME for each in reading.letter.attachments)
    assert not reading.sender or [reading.sender] == [address for _, address in reading.letter.senders]


def _assert_asked(asked: Asked) -> None:
    """As ``receive`` keeps them: cut, on one line."""
    for name in ("orderer_name", "company_name", "employee_name", "employee_username", "new_number"):
        value = getattr(asked, name)
        _assert_storable(value)
        _assert_storable(one_line(value)[:200])
    # What is cut of these would be somebody else's.
    assert len(asked.employee_username) <= LONGEST_USERNAME
    assert len(asked.employee_name) <= LONGEST_NAME
    assert not asked.new_number or numbers.parse(asked.new_number) == asked.new_number
    assert len(asked.recipients) <= 2
    assert len({each.lower() for each in asked.recipients}) == len(asked.recipients)
    for each in asked.recipients:
        usual(each)
        assert len(each) <= LONGEST_ADDRESS
    assert set(asked.unread) == {name for name in FIELDS[asked.kind] if not getattr(asked, name)}
    others = {name for names in FIELDS.values() for name in names} - set(FIELDS[asked.kind])
    assert not any(getattr(asked, name) for name in others)


def _assert_marks(text: str, asked: Asked) -> None:
    """Each is a piece of the text, and they come one after the other."""
    ends = 0
    for mark in asked.marks:
        assert ends <= mark.begin < mark.end <= len(text)
        assert "\n" not in text[mark.begin : mark.end] or mark.field == "new_number"
        ends = mark.end


def _assert_storable(text: str) -> None:
    assert "\0" not in text
    json.dumps(text, ensure_ascii=False).encode()
