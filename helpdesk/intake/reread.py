"""A mail that was kept, read again: for another kind of ticket, and to show what each field was read from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from helpdesk.intake.asked import Asked
from helpdesk.intake.reading import read_again
from helpdesk.models import IncomingMail, Ticket
from helpdesk.tickets.missing import short_name

_OF_PERSON = ("employee_name", "employee_username", "new_number")
_FIELDS = ("orderer_name", "company_name", *_OF_PERSON, "recipient1", "recipient2", "text")


class Piece(NamedTuple):
    """A piece of a mail's text. ``field``: what was read from it, in words, or ""."""

    text: str
    field: str = ""


def as_kind(mail: IncomingMail | None, kind: Ticket.Kind) -> Asked:
    """What the mail that opened a ticket asks for, read as one of this kind; nothing of one that is not there."""
    if mail is None or mail.unreadable or not mail.text:
        return Asked(kind=kind)
    return read_again(mail.text, mail.subject, mail.sender_name, mail.sender, kind)


def fields_of(ticket: Ticket) -> dict[str, str]:
    """What the ticket asks for."""
    return {name: getattr(ticket, name) for name in _FIELDS}


def with_read(fields: Mapping[str, str], asked: Asked) -> dict[str, str]:
    """The same, with what the mail says in place of it. Who asks stays."""
    first, second = [*asked.recipients, "", ""][:2]
    read = {**{name: getattr(asked, name) for name in _OF_PERSON}, "recipient1": first, "recipient2": second}
    return {**fields, **{name: value for name, value in read.items() if value}}


def pieces(text: str, asked: Asked, fields: Mapping[str, str]) -> Sequence[Piece]:
    """The text in pieces, with each one named that a field of now was read from. Together they are the text."""
    return list(_pieces(text, asked, {name: value.casefold() for name, value in fields.items()}))


def _pieces(text: str, asked: Asked, fields: Mapping[str, str]) -> Iterator[Piece]:
    place = 0
    for mark in asked.marks:
        words = text[mark.begin : mark.end]
        if mark.field == "recipients":
            of_now = words.casefold() in (fields["recipient1"], fields["recipient2"])
        else:
            of_now = getattr(asked, mark.field).casefold() == fields[mark.field]
        if of_now:
            yield Piece(text[place : mark.begin])
            yield Piece(words, short_name(mark.field))
            place = mark.end
    yield Piece(text[place:])
