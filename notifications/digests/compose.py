"""From rows to the two parts of a mail, plain text and HTML, which say the same in the same order.

The words are those of ``templates/mail/digest*.txt``. Source: manual-sv.md, "Påminnelse om när lösenordets
giltighetstid…" and "Support".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from idportal import texts
from idportal.texts import Written
from notifications.digests.rows import Row
from notifications.names import inert


@dataclass(frozen=True, slots=True)
class Group:
    """Rows in the order of the mail. ``why`` the helpdesk is told of them; "" in a company's own mail."""

    rows: Sequence[Row]
    heading: str = ""
    why: str = ""


class Composer:
    """Composes the mails of one day, in the language that is active then and when it is made.

    The patterns of a line are rendered once: there are thousands of lines, and ``str.format`` fills one in in a
    twentieth of the time that a loop of a template takes.
    """

    def __init__(self) -> None:
        self._text, self._html = {}, {}
        for kind in [(ran_out, registered) for ran_out in (True, False) for registered in (True, False)]:
            line = texts.part("digest_row.txt", {"ran_out": kind[0], "registered": kind[1]})
            cells = [cell.partition(": ")[::2] for cell in line.strip().splitlines()]
            self._text[kind] = line
            self._html[kind] = texts.part("digest_row.html", {"cells": cells}, html=True)
        self._columns = [label for label, _value in cells]

    def to_recipients(self, rows: Sequence[Row]) -> Written:
        """What the recipients of a company get."""
        return self._compose("digest", [Group(rows)])

    def to_helpdesk(self, groups: Sequence[Group]) -> Written:
        """What the helpdesk gets of those of whom nobody else is told."""
        return self._compose("digest_to_helpdesk", groups)

    def _compose(self, event: str, groups: Sequence[Group]) -> Written:
        rows = [row for group in groups for row in group.rows]
        context = {
            "columns": self._columns,
            "groups": [self._filled_in(group) for group in groups],
            "cases": {
                "without_number": any(not row.registered and row.days_left >= 0 for row in rows),
                "with_number": any(row.registered for row in rows),
                "ran_out": any(row.days_left < 0 for row in rows),
            },
        }
        return texts.mail(event, get_language(), context, layout="digest", links=_links())

    def _filled_in(self, group: Group) -> dict[str, str]:
        lines = [((row.days_left < 0, row.registered), _cells(row)) for row in group.rows]
        return {
            "heading": group.heading,
            "why": group.why,
            "lines": "".join([self._text[kind].format(*cells) for kind, cells in lines]),
            "html_lines": mark_safe("".join([self._html[kind].format(*map(escape, cells)) for kind, cells in lines])),  # noqa: S308
        }


def _cells(row: Row) -> tuple[str, ...]:
    """In the order of the columns."""
    account = row.account
    names = inert(account.given_name), inert(account.surname), inert(account.username)
    return *names, row.expires_on.isoformat(), str(row.days_left)


def _links() -> dict[str, str]:
    """What the HTML has for the addresses. A mail to the helpdesk has the manual's subject."""
    subject = quote(_("Koppla nytt mobil nr"))
    mailto = format_html('<a href="mailto:{0}?subject={1}">{0}</a>', settings.HELPDESK_EMAIL, subject)
    here = texts.everywhere()
    return {
        "helpdesk": mailto,
        **{name: format_html('<a href="{0}">{0}</a>', here[name]) for name in ("register", "reset")},
    }
