"""Turns rows into the two parts of a mail, plain text and HTML, which say the same in the same order.

The words are in ``templates/mail/digest*.txt``. Source: manual-sv.md, "Påminnelse om när lösenordets giltighetstid…"
and "Support".
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from idportal.channels import message_templates
from idportal.channels.message_templates import Written
from idportal.text import inert
from notifications.digests.rows import DigestRow


class Group(NamedTuple):
    """Rows of the helpdesk's mail under one heading. ``why``: the case by which no recipient gets them."""

    rows: Sequence[DigestRow]
    heading: str
    why: str


_ROWS = mark_safe("<!-- rows -->")


class Composer:
    """Composes the mails of one day, in the active language.

    The common parts and the patterns of a line are rendered once: of thousands of lines, ``str.format`` fills each one
    in in a twentieth of the time that a template takes.
    """

    def __init__(self) -> None:
        self._text, self._html = {}, {}
        for kind in [(ran_out, registered) for ran_out in (True, False) for registered in (True, False)]:
            line = message_templates.part("digest_row.txt", {"ran_out": kind[0], "registered": kind[1]})
            cells = [cell.partition(": ")[::2] for cell in line.strip().splitlines()]
            self._text[kind] = line
            self._html[kind] = message_templates.part("digest_row.html", {"cells": cells}, html=True)
        self._columns = [label for label, _value in cells]
        self._frames: dict[tuple[bool, ...], Written] = {}
        self._last: tuple[Sequence[DigestRow], Written] | None = None

    def to_recipients(self, rows: Sequence[DigestRow], registered: Sequence[str] = ()) -> Written:
        """The mail to the recipients of a company. Composed once if it is asked for again at once, for the next one.

        ``registered``: the lines about first numbers (G6).
        """
        if not self._last or self._last[0] is not rows:
            self._last = rows, self._compose(rows, registered)
        return self._last[1]

    def _compose(self, rows: Sequence[DigestRow], registered: Sequence[str]) -> Written:
        cases = _cases(rows)
        frame = None if registered else self._frames.get(cases)
        if frame is None:
            frame = self._render("digest", [{"lines": _ROWS, "html_lines": _ROWS}], cases, registered)
            if not registered:
                self._frames[cases] = frame
        subject, text, html = frame
        lines, html_lines = self._lines(rows)
        return Written(subject, text.replace(_ROWS, lines.strip()), html.replace(_ROWS, html_lines))

    def to_helpdesk(self, groups: Sequence[Group]) -> Written:
        """The mail to the helpdesk, of the accounts that nobody else is told of."""
        filled = []
        for group in groups:
            lines, html_lines = self._lines(group.rows)
            filled.append({"heading": group.heading, "why": group.why, "lines": lines, "html_lines": html_lines})
        return self._render("digest_to_helpdesk", filled, _cases([row for group in groups for row in group.rows]))

    def _render(
        self, event: str, groups: Sequence[Mapping[str, str]], cases: tuple[bool, ...], registered: Sequence[str] = ()
    ) -> Written:
        occurring = dict(zip(("without_number", "with_number", "ran_out"), cases, strict=True))
        # The orderer's pages are the way on for a company. The helpdesk has none to them.
        link = message_templates.everywhere()["orderers"] if event == "digest" else ""
        context = {"columns": self._columns, "groups": groups, "cases": occurring, "registered": registered}
        context["link"] = link
        return message_templates.mail(event, get_language(), context, layout="digest", links=_links())

    def _lines(self, rows: Sequence[DigestRow]) -> tuple[str, SafeString]:
        """The rows in plain text and in HTML, where nothing from the directory is markup."""
        lines = [((row.days_left < 0, row.registered), _cells(row)) for row in rows]
        html = "".join([self._html[kind].format(*map(escape, cells)) for kind, cells in lines])
        return "".join([self._text[kind].format(*cells) for kind, cells in lines]), mark_safe(html)  # noqa: S308


def _cases(rows: Sequence[DigestRow]) -> tuple[bool, ...]:
    """The cases that occur: without number, with number, ran out. The mail says for each what to do."""
    return (
        any(not row.registered and row.days_left >= 0 for row in rows),
        any(row.registered for row in rows),
        any(row.days_left < 0 for row in rows),
    )


def _cells(row: DigestRow) -> tuple[str, ...]:
    """The values of a line, in the order of the columns."""
    account = row.account
    names = inert(account.given_name), inert(account.surname), inert(account.username)
    return *names, row.expires_on.isoformat(), str(row.days_left)


def _links() -> dict[str, str]:
    """The addresses as links, for the HTML."""
    mailto = format_html('<a href="mailto:{0}">{0}</a>', settings.HELPDESK_EMAIL)
    here = message_templates.everywhere()
    return {
        "helpdesk": mailto,
        **{name: format_html('<a href="{0}">{0}</a>', here[name]) for name in ("register", "reset")},
    }
