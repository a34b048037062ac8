"""Reads a kept mail again: for another kind of ticket, and to mark the words that each field was read from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from accounts.models.recipients import RECIPIENT_COLUMNS, Recipients
from helpdesk.intake.asked import Asked
from helpdesk.intake.reading import read_again
from helpdesk.models import IncomingMail, Ticket
from helpdesk.tickets.missing import short_name

_EMPLOYEE_FIELDS = ("employee_name", "employee_username", "new_number")
_FIELDS = ("orderer_name", "company_name", *_EMPLOYEE_FIELDS, *RECIPIENT_COLUMNS, "text")


class Piece(NamedTuple):
    """A piece of a mail's text. ``field``: the label of the field that was read from it, or ""."""

    text: str
    field: str = ""


def as_kind(mail: IncomingMail | None, kind: Ticket.Kind) -> Asked:
    """The fields that a ticket's first mail gives for this kind; blank ones if there is no readable mail."""
    if mail is None or mail.unreadable or not mail.text:
        return Asked(kind=kind)
    return read_again(mail.text, mail.subject, mail.sender_name, mail.sender, kind)


def fields_of(ticket: Ticket) -> dict[str, str]:
    """The ticket's fields by name."""
    return {name: getattr(ticket, name) for name in _FIELDS}


def with_read(fields: Mapping[str, str], asked: Asked) -> dict[str, str]:
    """``fields`` with the values of ``asked`` in their place. Orderer and company stay."""
    read = {**{name: getattr(asked, name) for name in _EMPLOYEE_FIELDS}, **Recipients(asked.recipients).columns}
    return {**fields, **{name: value for name, value in read.items() if value}}


def pieces(text: str, asked: Asked, fields: Mapping[str, str]) -> Sequence[Piece]:
    """Splits the text. A piece has a label if a field still has the value that was read from it."""
    return list(_pieces(text, asked, {name: value.casefold() for name, value in fields.items()}))


def _pieces(text: str, asked: Asked, fields: Mapping[str, str]) -> Iterator[Piece]:
    place = 0
    for mark in asked.marks:
        words = text[mark.begin : mark.end]
        if mark.field == "recipients":
            is_current = words.casefold() in [fields[column] for column in RECIPIENT_COLUMNS]
        else:
            is_current = getattr(asked, mark.field).casefold() == fields[mark.field]
        if is_current:
            yield Piece(text[place : mark.begin])
            yield Piece(words, short_name(mark.field))
            place = mark.end
    yield Piece(text[place:])
