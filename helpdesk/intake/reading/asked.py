"""What a mail asks for, from all mails of its thread. The newest counts first."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from accounts.models.recipients import Recipients
from helpdesk.intake.reading import fields, layout, telephones
from helpdesk.intake.reading.fields import FieldFound, Why
from helpdesk.intake.reading.labels import Label, Labelled, labelled_in
from helpdesk.intake.reading.layout import MailSection
from helpdesk.models import Ticket
from idportal.text import names_agree

Kind = Ticket.Kind


class Mark(NamedTuple):
    """A range of characters, and the field that was read from it."""

    begin: int
    end: int
    field: str


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
    parts, marks = layout.sections(text), _Marks(text)
    of_daily_mail = layout.plain(subject) == "utgaende losenord"  # the mail answers or forwards it
    kind = kind or _kind(subject, parts, of_daily_mail=of_daily_mail)
    name, company = _orderer(parts, marks)
    # In a From header the company may stand in brackets behind the name.
    from_name, _, from_company = sender_name.strip(" '\"").partition("(")
    from_name = "" if "@" in from_name else from_name.strip()[:200]
    more: dict[str, Any] = {}
    if kind == Kind.PHONE:
        more = _phone(parts, name or from_name, marks, of_daily_mail=of_daily_mail)
    elif kind == Kind.RECIPIENTS:
        more = _recipients(parts, sender, marks)
    return Asked(
        kind=kind,
        orderer_name=name or from_name,
        company_name=company or from_company.strip(" )")[:200],
        names_orderer=bool(name),
        marks=marks.in_order(),
        **more,
    )


class _Marks:
    """The marks of a text. A field whose words are not in the text gets none."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._marks: list[Mark] = []

    def add(self, name: str, words: str, part: MailSection) -> None:
        """Where the words stand first in this part of the mail."""
        found = re.compile(rf"(?<!\w){re.escape(words)}(?!\w)", re.IGNORECASE).search(self._text, part.begin)
        if words and found:
            self._marks.append(Mark(found.start(), found.end(), name))

    def in_order(self) -> tuple[Mark, ...]:
        """By place, without marks that overlap an earlier one."""
        kept: list[Mark] = []
        for mark in sorted(self._marks):
            if not kept or kept[-1].end <= mark.begin:
                kept.append(mark)
        return tuple(kept)


def _kind(subject: str, parts: Sequence[MailSection], *, of_daily_mail: bool) -> Ticket.Kind:
    """By the subject, or that of a forwarded mail; else by what the text asks for."""
    kinds = [layout.kind_of(each) for each in (subject, *(part.subject for part in parts))]
    if kind := next(filter(None, kinds), None):
        return kind
    for part in parts:
        labels = {value.label for value in part.values if value.strong and value.text}
        if Label.NEW_NUMBER in labels and not labels.isdisjoint((Label.PERSON, Label.USERNAME)):
            return Kind.PHONE
    if any(value.label == Label.RECIPIENTS and value.strong and "@" in value.text for value in parts[0].values):
        return Kind.RECIPIENTS
    if _asks_for_number(parts[0], of_daily_mail=of_daily_mail):
        return Kind.PHONE
    first = next((line for part in parts for line in part.lines if line.strip()), "")
    is_title = len(first) <= 80 and not any(character in first for character in "?!@0")  # noqa: PLR2004
    return (layout.kind_of(first) if is_title else None) or Kind.OTHER


def _asks_for_number(part: MailSection, *, of_daily_mail: bool) -> bool:
    """Whether a part asks to link a number: to an account that it names, or to one in the daily mail below it."""
    about_account = bool(fields.accounts_in(part.text))
    cues = {each.cue for each in telephones.in_sentences(part.labelled.loose)}
    labelled = any(value.label in (Label.PERSON, Label.USERNAME) and value.text for value in part.values)
    return (
        (telephones.Cue.LINK in cues and (about_account or of_daily_mail))
        or (telephones.Cue.NEW in cues and about_account)
        or (labelled and bool(telephones.new_number(part.labelled).value))
        or (about_account and telephones.asks_to_link(part.labelled.loose))
    )


def _orderer(parts: Sequence[MailSection], marks: _Marks) -> tuple[str, str]:
    """Name and company from the newest mail that has labels. Those of an older mail are about that mail."""
    for part in parts:
        name, company = fields.orderer(part.values)
        if name.value or company.value or any(value.strong and value.text for value in part.values):
            marks.add("orderer_name", name.value, part)
            marks.add("company_name", company.value, part)
            return name.value, company.value
    return "", ""


def _phone(parts: Sequence[MailSection], orderer: str, marks: _Marks, *, of_daily_mail: bool) -> dict[str, Any]:
    found = dict.fromkeys(("employee_name", "employee_username", "new_number"), fields.NOTHING)

    def add(part: MailSection, *more: FieldFound) -> None:
        """Adds the fields that no newer part mentions; a field that a newer part left unclear stays unclear."""
        for name, each in zip(list(found), more, strict=True):
            if found[name].is_missing:
                found[name] = each
                marks.add(name, each.words or each.value, part)

    doubts: set[str] = set()
    for part in parts:
        name, username = _person(part)
        is_first = not any(each.value for each in found.values())
        if not is_first and _is_about_others(found, name, username, part, of_daily_mail=of_daily_mail):
            continue
        add(part, name, username, telephones.new_number(part.labelled, username.value, orderer))
        if is_first:
            doubts = _doubtful(found, part)
    if all(each.is_missing for each in found.values()):
        for part in parts:  # some mails begin with their farewell
            strong = [value for value in labelled_in(part.signature).values if value.strong]
            add(part, *fields.person(strong), telephones.new_number(Labelled(strong, "", "")))
    return {
        **{name: each.value for name, each in found.items()},
        "unread": {name: each.why.value for name, each in found.items() if each.why},
        "doubts": tuple(sorted(doubts)),
    }


def _person(part: MailSection) -> tuple[FieldFound, FieldFound]:
    name, username = fields.person(part.values)
    # A name beside an account belongs to that account only.
    loose_name, loose_username = fields.unlabelled_person(part.labelled.rest)
    if username.value in ("", loose_username.value):
        name = loose_name if name.is_missing else name
        username = loose_username if username.is_missing else username
    return name, username


def _is_about_others(
    found: dict[str, FieldFound], name: FieldFound, username: FieldFound, part: MailSection, *, of_daily_mail: bool
) -> bool:
    """Whether an older mail is about another employee than the newer one, so that it does not count.

    The daily mail lists many employees, so it does not say which of them its answer is about.
    """
    if of_daily_mail or username.why == Why.SEVERAL:
        return True
    newer_username = found["employee_username"].value
    if newer_username:
        accounts = fields.accounts_in(part.text) | ({username.value} if username.value else set())
        return bool(accounts) and newer_username not in accounts
    newer_name = found["employee_name"].value
    return bool(newer_name and name.value) and not names_agree(newer_name, name.value)


def _doubtful(found: dict[str, FieldFound], part: MailSection) -> set[str]:
    """Fields that have a value though the same mail names another one, not labelled as something else."""
    something_else = (Label.STALE, Label.ORDERER, Label.COMPANY, Label.NOISE)
    explained = "\n".join(value.text for value in part.values if value.label in something_else)
    callable_at = {
        each.value for each in telephones.in_sentences(part.labelled.loose) if each.cue == telephones.Cue.CALL
    }
    clear = {*telephones.all_in(explained), *callable_at, found["new_number"].value}
    others = {
        "new_number": telephones.all_in(part.text) - clear,
        "employee_username": fields.accounts_in(part.text) - {found["employee_username"].value},
    }
    return {name for name, values_besides in others.items() if values_besides and found[name].value}


def _recipients(parts: Sequence[MailSection], sender: str, marks: _Marks) -> dict[str, Any]:
    for part in parts:
        found, why = fields.recipients(part.values, part.labelled.rest, sender)
        if why == Why.MISSING:
            continue
        others = Recipients(fields.addresses_in(part.text)[0]) - Recipients([*found, sender])
        for each in found:
            marks.add("recipients", each, part)
        return {
            "recipients": tuple(found),
            "unread": {"recipients": why.value} if why else {},
            "doubts": ("recipients",) if found and others else (),
        }
    return {"unread": {"recipients": Why.MISSING.value}}
