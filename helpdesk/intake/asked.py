"""What a mail asks for, from all mails of its thread. The newest counts first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from accounts.models.recipients import Recipients
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
    """The fields of a ticket, as a mail gives them.

    ``unread``: for each blank field of its kind, why it is blank. ``doubts``: fields with a value though the newest
    mail gives another one too. ``marks``: the words that the fields were read from, in the order of the text.
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
    names_orderer: bool = False  # the text names the orderer, not only the From header
    marks: tuple[Mark, ...] = ()


def asked_in(text: str, subject: str, sender_name: str, sender: str, kind: Ticket.Kind | None = None) -> Asked:
    """The fields in a mail's text. ``kind``: the kind of ticket, if an agent chose it."""
    parts = [ThreadPart(section) for section in sections(text)]
    kind = kind or _kind(subject, parts)
    marks = Marks(text)
    name, company = _orderer(parts, marks)
    from_name, from_company = _name_and_company(sender_name)
    common: dict[str, Any] = {
        "kind": kind,
        "orderer_name": name or from_name,
        "company_name": company or from_company,
        "names_orderer": bool(name),
    }
    if kind == Kind.PHONE:
        found = _phone(parts, common, marks, of_daily_mail=subjects.is_of_daily_mail(subject))
    elif kind == Kind.RECIPIENTS:
        found = _recipients(parts, sender, common, marks)
    else:
        found = Asked(**common)
    return replace(found, marks=marks.in_order())


class ThreadPart:
    """One of the mails in a thread, with its labelled values."""

    def __init__(self, section: MailSection) -> None:
        self.section = section
        self.labelled = values(section.lines)
        self.values = self.labelled.values
        self.rest = "\n".join(self.labelled.rest)
        self.loose = "\n".join(self.labelled.loose)
        self.starts = section.starts

    def signature(self) -> ThreadPart:
        """The signature as a part, with strong labels only: some mails begin with their farewell."""
        lines = self.section.lines
        part = ThreadPart(MailSection(self.section.signature, [], self.starts[len(lines) :]))
        part.values = [value for value in part.values if value.strong]
        part.labelled = Labelled(part.values, [], [])
        part.rest = part.loose = ""
        return part


def _kind(subject: str, parts: Sequence[ThreadPart]) -> Ticket.Kind:
    """By the subject, or that of a forwarded mail; else by what the text asks for."""
    kinds = [subjects.kind_of(each) for each in (subject, *(part.section.subject for part in parts))]
    if kind := next(filter(None, kinds), None):
        return kind
    for part in parts:
        labels = {value.label for value in part.values if value.strong and value.text}
        if Label.NEW_NUMBER in labels and not labels.isdisjoint((Label.PERSON, Label.USERNAME)):
            return Kind.PHONE
    if any(value.label == Label.RECIPIENTS and value.strong and "@" in value.text for value in parts[0].values):
        return Kind.RECIPIENTS
    if _asks_for_number(parts[0], of_daily_mail=subjects.is_of_daily_mail(subject)):
        return Kind.PHONE
    first = next((line for part in parts for line in part.section.lines if line.strip()), "")
    return subjects.kind_of(first) if _is_title(first) else Kind.OTHER  # type: ignore[return-value]


def _asks_for_number(part: ThreadPart, *, of_daily_mail: bool) -> bool:
    """Whether a part asks to link a number: to an account that it names, or to one in the daily mail below it."""
    about_account = bool(fields.accounts_in(part.section.text))
    cues = {each.cue for each in telephones.in_sentences(part.loose)}
    labelled = any(value.label in (Label.PERSON, Label.USERNAME) and value.text for value in part.values)
    return (
        (Cue.LINK in cues and (about_account or of_daily_mail))
        or (Cue.NEW in cues and about_account)
        or (labelled and bool(number(part.labelled).value))
        or (about_account and telephones.asks_to_link(part.loose))
    )


def _is_title(line: str) -> bool:
    """Whether the line is a subject that stands in the text."""
    kind = subjects.kind_of(line)
    return kind is not None and len(line) <= 80 and not any(character in line for character in "?!@0")  # noqa: PLR2004


def _orderer(parts: Sequence[ThreadPart], marks: Marks) -> tuple[str, str]:
    """Name and company from the newest mail that has labels. Those of an older mail are about that mail."""
    for part in parts:
        name, company = fields.orderer(part.values)
        if name.value or company.value or any(value.strong and value.text for value in part.values):
            marks.add("orderer_name", name, part.starts)
            marks.add("company_name", company, part.starts)
            return name.value, company.value
    return "", ""


_PHONE_FIELDS = ("employee_name", "employee_username", "new_number")


def _phone(parts: Sequence[ThreadPart], common: dict[str, Any], marks: Marks, *, of_daily_mail: bool) -> Asked:
    found = dict.fromkeys(_PHONE_FIELDS, fields.NOTHING)
    doubts: set[str] = set()
    for part in parts:
        name, username = _person(part)
        if _is_about_others(found, name, username, part, of_daily_mail=of_daily_mail):
            continue
        is_first = not any(each.value for each in found.values())
        _add(found, part, marks, name, username, number(part.labelled, username.value, common["orderer_name"]))
        if is_first:
            doubts = _doubtful(found, part)
    if all(each.is_missing for each in found.values()):
        for part in (each.signature() for each in parts):
            _add(found, part, marks, *fields.person(part.values), number(part.labelled))
    unread = {name: each.why.value for name, each in found.items() if each.why}
    values_found: dict[str, Any] = {name: each.value for name, each in found.items()}
    return Asked(**common, **values_found, unread=unread, doubts=tuple(sorted(doubts)))


def _person(part: ThreadPart) -> tuple[FieldFound, FieldFound]:
    name, username = fields.person(part.values)
    # A name beside an account belongs to that account only.
    loose_name, loose_username = fields.unlabelled_person(part.rest)
    if username.value in ("", loose_username.value):
        name = loose_name if name.is_missing else name
        username = loose_username if username.is_missing else username
    return name, username


def _is_about_others(
    found: dict[str, FieldFound], name: FieldFound, username: FieldFound, part: ThreadPart, *, of_daily_mail: bool
) -> bool:
    """Whether an older mail is about another employee than the newer one, so that it does not count.

    The daily mail lists many employees, so it does not say which of them its answer is about.
    """
    if any(each.value for each in found.values()) and (of_daily_mail or username.why == Why.SEVERAL):
        return True
    newer_username = found["employee_username"].value
    if newer_username:
        accounts = fields.accounts_in(part.section.text) | ({username.value} if username.value else set())
        return bool(accounts) and newer_username not in accounts
    newer_name = found["employee_name"].value
    return bool(newer_name and name.value) and not names_agree(newer_name, name.value)


def _doubtful(found: dict[str, FieldFound], part: ThreadPart) -> set[str]:
    """Fields that have a value though the same mail names another one, not labelled as something else."""
    something_else = (Label.STALE, Label.ORDERER, Label.COMPANY, Label.NOISE)
    explained = "\n".join(value.text for value in part.values if value.label in something_else)
    callable_at = {each.value for each in telephones.in_sentences(part.loose) if each.cue == Cue.CALL}
    text = part.section.text
    clear = {*telephones.all_in(explained), *callable_at, found["new_number"].value}
    others = {
        "new_number": set(telephones.all_in(text)) - clear,
        "employee_username": fields.accounts_in(text) - {found["employee_username"].value},
    }
    return {name for name, values_besides in others.items() if values_besides and found[name].value}


def _add(found: dict[str, FieldFound], part: ThreadPart, marks: Marks, *more: FieldFound) -> None:
    """Adds the fields that no newer part mentions; a field that a newer part left unclear stays unclear."""
    for name, each in zip(_PHONE_FIELDS, more, strict=True):
        if found[name].is_missing:
            found[name] = each
            marks.add(name, each, part.starts)


def _recipients(parts: Sequence[ThreadPart], sender: str, common: dict[str, Any], marks: Marks) -> Asked:
    for part in parts:
        found, why = addresses.recipients(part.values, part.rest, sender)
        if why == Why.MISSING:
            continue
        others = Recipients(addresses.addresses_in(part.section.text)[0]) - Recipients([*found, sender])
        doubts = ("recipients",) if found and others else ()
        unread = {"recipients": why.value} if why else {}
        begin = _begin_of_recipients(part)
        for each in found:
            marks.add_words("recipients", each, begin)
        return Asked(**common, recipients=tuple(found), unread=unread, doubts=doubts)
    return Asked(**common, unread={"recipients": Why.MISSING.value})


def _begin_of_recipients(part: ThreadPart) -> int:
    """The place in the text from which the recipients are looked for: their label, else the part's begin."""
    line = next((value.first for value in part.values if value.label == Label.RECIPIENTS and value.strong), 0)
    return part.starts[line] if part.starts else 0


def _name_and_company(text: str) -> tuple[str, str]:
    """The name in a From header and the company in brackets behind it, without an address."""
    name, _, company = text.strip(" '\"").partition("(")
    return ("" if "@" in name else name.strip()[:200], company.strip(" )")[:200])
