"""Reads a mail's bytes into the fields that it asks for. Pure: uses neither directory nor database.

The fields are claims; an agent judges them. A field that can't be read is blank and has a reason.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from helpdesk.intake import mime, subjects
from helpdesk.intake.asked import Asked, asked_in
from helpdesk.intake.authenticity import is_automatic, is_bulk
from helpdesk.intake.mime import Attachment, Letter
from helpdesk.models import Ticket

log = logging.getLogger("idportal.intake")

LONGEST_SUBJECT = 300
OTHER_FORM = "[Mejlet har en form till, som säger något annat:]"  # stands between the two texts on the agent's page


@dataclass(frozen=True, slots=True)
class Reading:
    """A mail as it is kept, and what it asks for.

    ``sender``: the address in From, or "" if there is not exactly one. ``refers_to``: ticket numbers in the subject.
    """

    letter: Letter
    message_id: str
    sender: str
    sender_name: str
    subject: str
    text: str
    attachments: Sequence[Attachment]
    automatic: bool
    bulk: bool
    refers_to: Sequence[str]
    asked: Asked


def read(raw: bytes) -> Reading:
    """Reads a mail. Raises mime.Unreadable only."""
    letter = mime.read(raw)
    sender_name, sender = letter.senders[0] if len(letter.senders) == 1 else ("", "")
    subject = letter.first("subject")[:LONGEST_SUBJECT]
    try:
        asked = asked_in(letter.text, subject, sender_name, sender)
        text = letter.text
        if letter.other_text:
            asked, differ = _with_doubts(asked, asked_in(letter.other_text, subject, sender_name, sender))
            text = f"{text}\n\n{OTHER_FORM}\n\n{letter.other_text}" if differ else text
    except Exception as error:  # a fault of ours: the agent reads the mail instead
        raise mime.Unreadable(type(error).__name__) from None
    return Reading(
        letter=letter,
        message_id=letter.first("message-id"),
        sender=sender,
        sender_name=sender_name,
        subject=subject,
        text=text,
        attachments=letter.attachments,
        automatic=is_automatic(letter),
        bulk=is_bulk(letter),
        refers_to=subjects.numbers_in(subject),
        asked=asked,
    )


def read_again(text: str, subject: str, sender_name: str, sender: str, kind: Ticket.Kind) -> Asked:
    """Reads a kept mail for a ticket of ``kind``, without the mail's other form. Raises nothing."""
    try:
        return asked_in(text.partition(OTHER_FORM)[0], subject, sender_name, sender, kind)
    except Exception as error:  # as in ``read``
        log.error("a mail could not be read again: %s", type(error).__name__)
        return Asked(kind=kind)


def _with_doubts(asked: Asked, other: Asked) -> tuple[Asked, bool]:
    """``asked`` with a doubt for each field that the mail's other form (HTML or plain) gives differently; and whether
    there is one.
    """
    differ = {
        name
        for name in ("employee_username", "new_number", "recipients")
        if getattr(other, name) and getattr(asked, name) and getattr(other, name) != getattr(asked, name)
    }
    return replace(asked, doubts=tuple(sorted({*asked.doubts, *differ}))), bool(differ)
