"""Reads a mail's bytes into the fields that it asks for. Uses neither directory nor database.

The fields are claims; an agent judges them. A field that can't be read is blank and has a reason. A kept mail is read
again for another kind of ticket, and to mark the words that each field was read from.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from accounts.models.recipients import RECIPIENT_COLUMNS, Recipients
from helpdesk.intake.reading import mime
from helpdesk.intake.reading.asked import Asked, asked_in
from helpdesk.intake.reading.layout import sections
from helpdesk.models import IncomingMail, Ticket
from helpdesk.tickets.letters.missing import short_name

log = logging.getLogger("idportal.intake")

LONGEST_SUBJECT = 300
OTHER_FORM = "[Mejlet har en form till, som säger något annat:]"  # stands between the two texts on the agent's page

_EMPLOYEE_FIELDS = ("employee_name", "employee_username", "new_number")
_FIELDS = ("orderer_name", "company_name", *_EMPLOYEE_FIELDS, *RECIPIENT_COLUMNS, "text")


class Reading(NamedTuple):
    """A mail as it is kept, and what it asks for.

    ``sender``: the address in From, or "" if there is not exactly one.
    """

    letter: mime.Letter
    sender: str
    sender_name: str
    subject: str
    text: str
    asked: Asked


def read(raw: bytes) -> Reading:
    """Reads a mail. Raises mime.Unreadable only."""
    letter = mime.read(raw)
    sender_name, sender = letter.senders[0] if len(letter.senders) == 1 else ("", "")
    subject = letter.first("subject")[:LONGEST_SUBJECT]
    text = letter.text
    try:
        asked = asked_in(text, subject, sender_name, sender)
        if letter.other_text:
            other = asked_in(letter.other_text, subject, sender_name, sender)
            differ = {
                name
                for name in ("employee_username", "new_number", "recipients")
                if getattr(other, name) and getattr(asked, name) and getattr(other, name) != getattr(asked, name)
            }
            asked = replace(asked, doubts=tuple(sorted({*asked.doubts, *differ})))
            text = f"{text}\n\n{OTHER_FORM}\n\n{letter.other_text}" if differ else text
    except Exception as error:  # a fault of ours: the agent reads the mail instead
        raise mime.Unreadable(type(error).__name__) from None
    return Reading(letter, sender, sender_name, subject, text, asked)


def newest(text: str) -> str:
    """What the sender of a kept mail wrote above the older mails that it quotes, without the signature."""
    return sections(text)[0].text.strip()


def as_kind(mail: IncomingMail | None, kind: Ticket.Kind) -> Asked:
    """The fields that a ticket's first mail gives for this kind, without the mail's other form. Raises nothing.

    Blank ones if there is no readable mail.
    """
    if mail is None or mail.unreadable or not mail.text:
        return Asked(kind=kind)
    try:
        return asked_in(mail.text.partition(OTHER_FORM)[0], mail.subject, mail.sender_name, mail.sender, kind)
    except Exception as error:  # as in ``read``
        log.error("a mail could not be read again: %s", type(error).__name__)
        return Asked(kind=kind)


def fields_of(ticket: Ticket) -> dict[str, str]:
    """The ticket's fields by name."""
    return {name: getattr(ticket, name) for name in _FIELDS}


def with_read(fields: Mapping[str, str], asked: Asked) -> dict[str, str]:
    """``fields`` with the values of ``asked`` in their place. Orderer and company stay."""
    read = {**{name: getattr(asked, name) for name in _EMPLOYEE_FIELDS}, **Recipients(asked.recipients).columns}
    return {**fields, **{name: value for name, value in read.items() if value}}


class Piece(NamedTuple):
    """A piece of a mail's text. ``field``: the label of the field that was read from it, or ""."""

    text: str
    field: str = ""


def pieces(text: str, asked: Asked, fields: Mapping[str, str]) -> Iterator[Piece]:
    """Splits the text. A piece has a label if a field still has the value that was read from it."""
    place = 0
    for mark in asked.marks:
        words = text[mark.begin : mark.end]
        columns = RECIPIENT_COLUMNS if mark.field == "recipients" else (mark.field,)
        value = words if mark.field == "recipients" else getattr(asked, mark.field)
        if value.casefold() in [fields[column].casefold() for column in columns]:
            yield Piece(text[place : mark.begin])
            yield Piece(words, short_name(mark.field))
            place = mark.end
    yield Piece(text[place:])
