"""Short words with a colour, in a table or beside a heading: templates/helpdesk/tags.html."""

from __future__ import annotations

from typing import NamedTuple


class Tag(NamedTuple):
    """``tone``: "bad": it stops something; "now": soon; "ok"; or ""."""

    word: str
    tone: str = ""
