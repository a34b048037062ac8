"""What a mail's text asks for, put together from its parts, of which the newest counts first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from helpdesk.intake import addresses, fields, subjects, telephones
from helpdesk.intake.fields import FieldFound, Why
from helpdesk.intake.labels import Label, Labelled, values
from helpdesk.intake.layout import MailSection, sections
from helpdesk.intake.marks import Mark, Marks
from helpdesk.intake.new_number import number
from helpdesk.intake.telephones import Cue
from helpdesk.models import Ticket
from helpdesk.tickets.name_match import names_agree

Kind = Ticket.Kind


@dataclass(frozen=True, slots=True)
class Asked:
    """The fields of a request. ``unread``: of those of its kind that are blank, why. ``marks``: what they were read
    from, in the order of the text.

    ``doubts``: those that are filled in while the mail says something else as well, besides what stands in older mails
    and signatures.
    """

    kind: Ticket.Kind = Kind.OTHER
    orderer_name: str = ""
    company_name: str = ""
    employee_name: str = ""
    employee_username: str = ""
    new_number: str = ""  # E.164
    recipients: tuple[str, ...] = ()
    unread: dict[str, str] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    names_orderer: bool = False  # in the text, and not by the name of its sender alone
    marks: tuple[Mark, ...] = ()


def asked_in(text: str, subject: str, sender_name: str, sender: str, kind: Ticket.Kind | None = None) -> Asked:
    """``kind``: what it is about, if somebody knows better than the mail."""
    parts = [Part(section) for section in sections(text)]
    kind = kind or _kind(subject, parts)
    seen = Marks(text)
    name, company = _orderer(parts, seen)
    their_name, their_company = _as_name(sender_name)
    common: dict[str, Any] = {
        "kind": kind,
        "orderer_name": name or their_name,
        "company_name": company or their_company,
        "names_orderer": bool(name),
    }
    if kind == Kind.PHONE:
        found = _phone(parts, common, seen, of_daily_mail=subjects.is_of_daily_mail(subject))
    elif kind == Kind.RECIPIENTS:
        found = _of_recipients(parts, sender, common, seen)
    else:
        found = Asked(**common)
    return replace(found, marks=seen.in_order())


class Part:
    """One of the mails in a thread, with its labels read."""

    def __init__(self, section: MailSection) -> None:
        self.section = section
        self.labelled = values(section.lines)
        self.values = self.labelled.values
        self.rest = "\n".join(self.labelled.rest)
        self.starts = section.starts

    def signature(self) -> Part:
        """For a mail that begins with its farewell: what only a request's field is called counts there too."""
        lines = self.section.lines
        part = Part(MailSection(self.section.signature, [], self.starts[len(lines) :]))
        part.values = [value for value in part.values if value.strong]
        part.labelled = Labelled(part.values, [], [])
        part.rest = ""
        return part


def _kind(subject: str, parts: Sequence[Part]) -> Ticket.Kind:
    """By the subject, or by that of a mail that was forwarded; else by what its text asks for."""
    known = [subjects.kind_of(each) for each in (subject, *(part.section.subject for part in parts))]
    if kind := next(filter(None, known), None):
        return kind
    for part in parts:
        told = {value.label for value in part.values if value.strong and value.text}
        if Label.NEW_NUMBER in told and not told.isdisjoint({Label.PERSON, Label.USERNAME}):
            return Kind.PHONE
    if any(value.label == Label.RECIPIENTS and value.strong and "@" in value.text for value in parts[0].values):
        return Kind.RECIPIENTS
    if _asks_for_number(parts[0], of_daily_mail=subjects.is_of_daily_mail(subject)):
        return Kind.PHONE
    first = next((line for part in parts for line in part.section.lines if line.strip()), "")
    return subjects.kind_of(first) if _is_title(first) else Kind.OTHER  # type: ignore[return-value]


def _asks_for_number(part: Part, *, of_daily_mail: bool) -> bool:
    """Whether the newest mail of a thread asks for a number to be linked: to an account, or to whom it answers for."""
    about_account = bool(fields.accounts_in(part.section.text))
    loose = "\n".join(part.labelled.loose)
    cues = {each.cue for each in telephones.in_sentences(loose)}
    labelled = any(value.label in (Label.PERSON, Label.USERNAME) and value.text for value in part.values)
    return (
        (Cue.LINK in cues and (about_account or of_daily_mail))
        or (Cue.NEW in cues and about_account)
        or (labelled and bool(number(part.labelled).value))
        or (about_account and telephones.asks_to_link(loose))
    )


def _is_title(line: str) -> bool:
    """Whether somebody wrote the subject into the mail."""
    kind = subjects.kind_of(line)
    return kind is not None and len(line) <= 80 and not any(character in line for character in "?!@0")  # noqa: PLR2004


def _orderer(parts: Sequence[Part], seen: Marks) -> tuple[str, str]:
    """By the newest mail that has labels: what an older one says of itself is about that one."""
    for part in parts:
        name, company = fields.orderer(part.values)
        if name.value or company.value or any(value.strong and value.text for value in part.values):
            seen.add("orderer_name", name, part.starts)
            seen.add("company_name", company, part.starts)
            return name.value, company.value
    return "", ""


_OF_PHONE = ("employee_name", "employee_username", "new_number")


def _phone(parts: Sequence[Part], common: dict[str, Any], seen: Marks, *, of_daily_mail: bool) -> Asked:
    found = dict.fromkeys(_OF_PHONE, fields.NOTHING)
    doubts: set[str] = set()
    for part in parts:
        name, username = _person(part)
        if _is_about_others(found, name, username, part, of_daily_mail=of_daily_mail):
            continue
        first = not any(each.value for each in found.values())
        _add(found, part, seen, name, username, number(part.labelled, username.value, common["orderer_name"]))
        if first:
            doubts = _said_besides(found, part)
    if all(each.is_missing for each in found.values()):
        for part in (each.signature() for each in parts):
            _add(found, part, seen, *fields.person(part.values), number(part.labelled))
    unread = {name: each.why.value for name, each in found.items() if each.why}
    told: dict[str, Any] = {name: each.value for name, each in found.items()}
    return Asked(**common, **told, unread=unread, doubts=tuple(sorted(doubts)))


def _person(part: Part) -> tuple[FieldFound, FieldFound]:
    name, username = fields.person(part.values)
    # A name that stands beside an account belongs to it, and to no other one.
    loose_name, loose_username = fields.unlabelled_person(part.rest)
    if username.value in ("", loose_username.value):
        name = loose_name if name.is_missing else name
        username = loose_username if username.is_missing else username
    return name, username


def _is_about_others(
    found: dict[str, FieldFound], name: FieldFound, username: FieldFound, part: Part, *, of_daily_mail: bool
) -> bool:
    """Whether an older mail is about somebody else than the newer one: then nothing of it is meant.

    The daily mail lists everybody whose password runs out, so it tells nothing of whom its answer is about.
    """
    told = any(each.value for each in found.values())
    if told and (of_daily_mail or username.why == Why.SEVERAL):
        return True
    known = found["employee_username"].value
    if known:
        named = fields.accounts_in(part.section.text) | ({username.value} if username.value else set())
        return bool(named) and known not in named
    asked = found["employee_name"].value
    return bool(asked and name.value) and not names_agree(asked, name.value)


def _said_besides(found: dict[str, FieldFound], part: Part) -> set[str]:
    """Which fields are filled in though the same mail names more than that, and not as something else."""
    something_else = (Label.STALE, Label.ORDERER, Label.COMPANY, Label.NOISE)
    explained = "\n".join(value.text for value in part.values if value.label in something_else)
    callable_at = {
        each.value for each in telephones.in_sentences("\n".join(part.labelled.loose)) if each.cue == Cue.CALL
    }
    text = part.section.text
    others = {*telephones.all_in(explained), *callable_at, found["new_number"].value}
    besides = {
        "new_number": set(telephones.all_in(text)) - others,
        "employee_username": fields.accounts_in(text) - {found["employee_username"].value},
    }
    return {name for name, others in besides.items() if others and found[name].value}


def _add(found: dict[str, FieldFound], part: Part, seen: Marks, *more: FieldFound) -> None:
    """What a newer part told stays, also that it was not clear."""
    for name, each in zip(_OF_PHONE, more, strict=True):
        if found[name].is_missing:
            found[name] = each
            seen.add(name, each, part.starts)


def _of_recipients(parts: Sequence[Part], sender: str, common: dict[str, Any], seen: Marks) -> Asked:
    for part in parts:
        found, why = addresses.recipients(part.values, part.rest, sender)
        if why == Why.MISSING:
            continue
        all_there = {each.lower() for each in addresses.addresses_in(part.section.text)[0]}
        besides = all_there - {each.lower() for each in found} - {sender.lower()}
        doubts = ("recipients",) if found and besides else ()
        unread = {"recipients": why.value} if why else {}
        begin = _of_label(part)
        for each in found:
            seen.add_words("recipients", each, begin)
        return Asked(**common, recipients=tuple(found), unread=unread, doubts=doubts)
    return Asked(**common, unread={"recipients": Why.MISSING.value})


def _of_label(part: Part) -> int:
    """Where in the text the recipients of a part stand: after their label, or anywhere in it."""
    line = next((value.first for value in part.values if value.label == Label.RECIPIENTS and value.strong), 0)
    return part.starts[line] if part.starts else 0


def _as_name(text: str) -> tuple[str, str]:
    """Of a From header: the name and, in brackets behind it, the company. No address."""
    name, _, company = text.strip(" '\"").partition("(")
    return ("" if "@" in name else name.strip()[:200], company.strip(" )")[:200])
