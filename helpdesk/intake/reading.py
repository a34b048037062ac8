"""Bytes in, a request out: what a mail asks for, as far as it says so. Pure: asks neither directory nor database.

Nothing of it is believed. What could not be read is left blank, with the reason, for the agent who judges it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from helpdesk.intake import fields, mime, subjects, telephones
from helpdesk.intake.authenticity import is_automatic
from helpdesk.intake.fields import Found, Why
from helpdesk.intake.labels import Label, Value, values
from helpdesk.intake.layout import Section, sections
from helpdesk.intake.mime import Attachment, Letter
from helpdesk.models import Request
from helpdesk.names import names_agree

Kind = Request.Kind

LONGEST_SUBJECT = 300
OTHER_FORM = "[Mejlet har en form till, som säger något annat:]"  # between both, where an agent reads them


@dataclass(frozen=True, slots=True)
class Asked:
    """The fields of a request. ``unread``: of those of its kind that are blank, why.

    ``doubts``: those that are filled in while the mail says something else as well, besides what stands in older mails
    and signatures.
    """

    kind: Request.Kind = Kind.OTHER
    orderer_name: str = ""
    company_name: str = ""
    staff_name: str = ""
    staff_username: str = ""
    new_number: str = ""  # E.164
    recipients: tuple[str, ...] = ()
    unread: dict[str, str] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    names_orderer: bool = False  # in the text, and not by the name of its sender alone


@dataclass(frozen=True, slots=True)
class Reading:
    """A mail as it is kept, and what it asks for.

    ``sender``: the one address in From, or "". ``refers_to``: numbers of requests in the subject, as they are written.
    """

    letter: Letter
    message_id: str
    sender: str
    sender_name: str
    subject: str
    text: str
    attachments: Sequence[Attachment]
    automatic: bool
    refers_to: Sequence[str]
    asked: Asked


def read(raw: bytes) -> Reading:
    """Raises mime.Unreadable, and nothing else."""
    letter = mime.read(raw)
    sender_name, sender = letter.senders[0] if len(letter.senders) == 1 else ("", "")
    subject = letter.first("subject")[:LONGEST_SUBJECT]
    try:
        asked = _asked(letter.text, subject, sender_name, sender)
        text = letter.text
        if letter.other_text:
            asked, differ = _with_doubts(asked, _asked(letter.other_text, subject, sender_name, sender))
            text = f"{text}\n\n{OTHER_FORM}\n\n{letter.other_text}" if differ else text
    except Exception as error:  # the text is there all the same: what it asks for is for the agent to find
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
        refers_to=subjects.numbers_in(subject),
        asked=asked,
    )


def _asked(text: str, subject: str, sender_name: str, sender: str) -> Asked:
    parts = [_Part(section) for section in sections(text)]
    kind = _kind(subject, parts)
    name, company = _orderer(parts)
    their_name, their_company = _as_name(sender_name)
    common: dict[str, Any] = {
        "kind": kind,
        "orderer_name": name or their_name,
        "company_name": company or their_company,
        "names_orderer": bool(name),
    }
    if kind == Kind.PHONE:
        return _phone(parts, common)
    if kind == Kind.RECIPIENTS:
        return _of_recipients(parts, sender, common)
    return Asked(**common)


class _Part:
    """One of the mails in a thread, with its labels read."""

    def __init__(self, section: Section) -> None:
        self.section = section
        self.values, rest = values(section.lines)
        self.rest = "\n".join(rest)
        self.signed: list[Value] = []

    def read_signature(self) -> None:
        """For a mail that begins with its farewell: what only a request's field is called counts there too."""
        self.signed = [value for value in values(self.section.signature)[0] if value.strong]


def _kind(subject: str, parts: Sequence[_Part]) -> Request.Kind:
    """By the subject, or by that of a mail that was forwarded; else by a field that only one kind has."""
    known = [subjects.kind_of(each) for each in (subject, *(part.section.subject for part in parts))]
    if kind := next(filter(None, known), None):
        return kind
    for part in parts:
        told = {value.label for value in part.values if value.strong and value.text}
        if Label.NEW_NUMBER in told and not told.isdisjoint({Label.PERSON, Label.USERNAME}):
            return Kind.PHONE
    first = next((line for part in parts for line in part.section.lines if line.strip()), "")
    return subjects.kind_of(first) if _is_title(first) else Kind.OTHER  # type: ignore[return-value]


def _is_title(line: str) -> bool:
    """Whether somebody wrote the subject into the mail."""
    kind = subjects.kind_of(line)
    return kind is not None and len(line) <= 80 and not any(sign in line for sign in "?!@0")  # noqa: PLR2004


def _orderer(parts: Sequence[_Part]) -> tuple[str, str]:
    """By the newest mail that has labels: what an older one says of itself is about that one."""
    for part in parts:
        found = fields.orderer(part.values)
        if any(found) or any(value.strong and value.text for value in part.values):
            return found
    return "", ""


def _phone(parts: Sequence[_Part], common: dict[str, Any]) -> Asked:
    found = {"staff_name": fields.NOTHING, "staff_username": fields.NOTHING, "new_number": fields.NOTHING}
    doubts: set[str] = set()
    for part in parts:
        name, username = fields.person(part.values)
        # A name that stands beside an account belongs to it, and to no other one.
        loose_name, loose_username = fields.unlabelled_person(part.rest)
        if username.value in ("", loose_username.value):
            name = loose_name if name.says_nothing else name
            username = loose_username if username.says_nothing else username
        if _is_about_others(found, name, username, part):
            continue
        first = not any(each.value for each in found.values())
        _add(found, name, username, fields.number(part.values, part.rest))
        if first:
            doubts = _said_besides(found, part)
    if all(each.says_nothing for each in found.values()):
        for part in parts:
            part.read_signature()
            _add(found, *fields.person(part.signed), fields.number(part.signed, ""))
    unread = {name: each.why.value for name, each in found.items() if each.why}
    told: dict[str, Any] = {name: each.value for name, each in found.items()}
    return Asked(**common, **told, unread=unread, doubts=tuple(sorted(doubts)))


def _is_about_others(found: dict[str, Found], name: Found, username: Found, part: _Part) -> bool:
    """Whether an older mail is about somebody else than the newer one: then nothing of it is meant."""
    known = found["staff_username"].value
    if known:
        named = fields.accounts_in(part.section.text) | ({username.value} if username.value else set())
        return bool(named) and known not in named
    asked = found["staff_name"].value
    return bool(asked and name.value) and not names_agree(asked, name.value)


def _said_besides(found: dict[str, Found], part: _Part) -> set[str]:
    """Which fields are filled in though the same mail names more than that, and not as something else."""
    something_else = (Label.STALE, Label.ORDERER, Label.COMPANY, Label.NOISE)
    explained = "\n".join(value.text for value in part.values if value.label in something_else)
    text = part.section.text
    others = {*telephones.all_in(explained), *telephones.callable_in(part.rest), found["new_number"].value}
    besides = {
        "new_number": set(telephones.all_in(text)) - others,
        "staff_username": fields.accounts_in(text) - {found["staff_username"].value},
    }
    return {name for name, others in besides.items() if others and found[name].value}


def _with_doubts(asked: Asked, other: Asked) -> tuple[Asked, bool]:
    """``other``: what the same mail says in its other form, which its sender's program made of it, or its sender.

    And whether that is something else.
    """
    differ = {
        name
        for name in ("staff_username", "new_number", "recipients")
        if getattr(other, name) and getattr(asked, name) and getattr(other, name) != getattr(asked, name)
    }
    return replace(asked, doubts=tuple(sorted({*asked.doubts, *differ}))), bool(differ)


def _add(found: dict[str, Found], *more: Found) -> None:
    """What a newer part told stays, also that it was not clear."""
    for name, each in zip(("staff_name", "staff_username", "new_number"), more, strict=True):
        if found[name].says_nothing:
            found[name] = each


def _of_recipients(parts: Sequence[_Part], sender: str, common: dict[str, Any]) -> Asked:
    for part in parts:
        addresses, why = fields.recipients(part.values, part.rest, sender)
        if why == Why.MISSING:
            continue
        all_there = {each.lower() for each in fields.addresses_in(part.section.text)[0]}
        besides = all_there - {each.lower() for each in addresses} - {sender.lower()}
        doubts = ("recipients",) if addresses and besides else ()
        unread = {"recipients": why.value} if why else {}
        return Asked(**common, recipients=tuple(addresses), unread=unread, doubts=doubts)
    return Asked(**common, unread={"recipients": Why.MISSING.value})


def _as_name(text: str) -> tuple[str, str]:
    """Of a From header: the name and, in brackets behind it, the company. No address."""
    name, _, company = text.strip(" '\"").partition("(")
    return ("" if "@" in name else name.strip()[:200], company.strip(" )")[:200])
