"""From rows to the two parts of a mail, plain text and HTML, which say the same in the same order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from idportal.hosts import journey_url
from notifications.digests import words
from notifications.digests.rows import Row
from notifications.names import inert


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under a heading, in the order of the mail. A company's own mail has one group and no heading."""

    rows: Sequence[Row]
    heading: str = ""
    reason: words.Reason | None = None


@dataclass(frozen=True, slots=True)
class Composed:
    """A mail without its receiver."""

    subject: str
    text: str
    html: str


class Composer:
    """Composes the mails of one day, in the language that is active then and when it is made.

    What all of them have in common is rendered once, the pattern of a line too: there are thousands of lines, and
    ``str.format`` fills one in in a twentieth of the time that a loop of a template takes.
    """

    def __init__(self) -> None:
        register = journey_url("REGISTER_HOST", "" if settings.REGISTER_HOST else "/registrera/")
        reset = journey_url("RESET_HOST", "" if settings.RESET_HOST else "/aterstall/")
        helpdesk = settings.HELPDESK_EMAIL
        subject = quote(words.request_subject())
        self._common: dict[str, object] = {
            "columns": [{"name": name, "place": f"{{{place}}}"} for place, name in enumerate(words.columns())],
            "advice_heading": words.advice_heading(),
            "closing": words.closing(settings.MUNICIPALITY_NAME),
        }
        self._ran_out = words.ran_out()
        self._number = {registered: words.number(registered=registered) for registered in (True, False)}
        self._text = _Text({"register": register, "reset": reset, "helpdesk": helpdesk}, self._common)
        self._html = _Html(
            {
                "register": format_html('<a href="{0}">{0}</a>', register),
                "reset": format_html('<a href="{0}">{0}</a>', reset),
                "helpdesk": format_html('<a href="mailto:{0}?subject={1}">{0}</a>', helpdesk, subject),
            },
            self._common,
        )

    def to_recipients(self, rows: Sequence[Row]) -> Composed:
        """What the recipients of a company get."""
        return self._compose(words.subject(), words.opening(), [Group(rows)])

    def to_helpdesk(self, groups: Sequence[Group]) -> Composed:
        """What the helpdesk gets of those of whom nobody else is told."""
        return self._compose(words.subject_to_helpdesk(), words.opening_to_helpdesk(), groups)

    def _compose(self, subject: str, opening: Sequence[str], groups: Sequence[Group]) -> Composed:
        advice = words.advice([row for group in groups for row in group.rows])
        cells = [[self._cells(row) for row in group.rows] for group in groups]
        parts = []
        for part in (self._text, self._html):
            context = {
                "subject": subject,
                "opening": [part.sentence(each) for each in opening],
                "groups": [
                    {"heading": group.heading, "reason": group.reason, "lines": part.lines(rows)}
                    for group, rows in zip(groups, cells, strict=True)
                ],
                "advice": [
                    {"case": each.case, "sentence": part.sentence(each.sentence), "fields": each.fields}
                    for each in advice
                ],
            }
            parts.append(render_to_string(part.template, {**self._common, **context}))
        return Composed(subject, *parts)

    def _cells(self, row: Row) -> tuple[str, ...]:
        """In the order of ``words.columns``."""
        account = row.account
        return (
            inert(account.given_name),
            inert(account.surname),
            inert(account.username),
            row.expires_on.isoformat(),
            str(row.days_left) if row.days_left >= 0 else self._ran_out,
            self._number[row.registered],
        )


class _Text:
    """The plain part: how a sentence with addresses in it, and the lines of a table, are written."""

    template = "mail/digest.txt"

    def __init__(self, addresses: Mapping[str, str], common: Mapping[str, object]) -> None:
        self._addresses = addresses
        self._line = render_to_string("mail/digest_row.txt", dict(common))

    def sentence(self, words: str) -> str:
        return words.format(**self._addresses)

    def lines(self, rows: list[tuple[str, ...]]) -> str:
        return "".join([self._line.format(*cells) for cells in rows])


class _Html:
    """The same as HTML, in which nothing that came from the directory is markup."""

    template = "mail/digest.html"

    def __init__(self, links: Mapping[str, str], common: Mapping[str, object]) -> None:
        self._links = links
        self._line = render_to_string("mail/digest_row.html", dict(common))

    def sentence(self, words: str) -> str:
        return format_html(words, **self._links)

    def lines(self, rows: list[tuple[str, ...]]) -> str:
        escaped = [self._line.format(*map(escape, cells)) for cells in rows]
        return mark_safe("".join(escaped))  # noqa: S308
