"""Which tickets the queue shows and in what order, as the query string says."""

import enum
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from django.urls import reverse

from helpdesk.models import Ticket

_PAGE_NUMBER = re.compile(r"\d{1,6}", re.ASCII)


class Tab(enum.StrEnum):
    """The tabs, as the address calls them."""

    NEW = "nya"
    MINE = "mina"
    WAITING = "vantar"
    CLOSED = "klara"


# What each column is sorted by. The longest wait is the oldest ticket.
COLUMNS = {
    "nummer": "number",
    "typ": "kind",
    "foretag": "company_name",
    "bestallare": "orderer_name",
    "galler": "employee_username",
    "vantetid": "created_at",
    "ansvarig": "agent__username",
    "avgjordes": "decided_at",
}
BACKWARDS = "vantetid"
WORDS = ("flik", "typ", "foretag", "ordning")  # of an address, in its order
# Of closed tickets there may be many: they are sorted by what has an index.
SORTED_OPEN = tuple(name for name in COLUMNS if name != "avgjordes")
SORTED_CLOSED = ("nummer", "avgjordes")


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """``kind`` "" and ``company`` None: any; ``text``: the search; ``order``: a column, with "-" from the last on."""

    tab: Tab = Tab.NEW
    kind: str = ""
    company: int | None = None
    text: str = ""
    page: str = ""
    order: str = ""

    @classmethod
    def read(cls, words: Mapping[str, str], companies: Collection[int], text: str = "") -> Self:
        """The filter of an address. Unknown words and ids in it are ignored."""
        tab, kind, order = words.get("flik", ""), words.get("typ", ""), words.get("ordning", "")
        asked = cls(
            tab=next((there for there in Tab if there == tab), Tab.NEW),
            kind=kind if kind in Ticket.Kind else "",
            company=next((there for there in companies if str(there) == words.get("foretag", "")), None),
            text=text,
            page=words.get("sida", ""),
        )
        return replace(asked, order=order if order.removeprefix("-") in asked.sortable else "")

    @property
    def sortable(self) -> tuple[str, ...]:
        return SORTED_CLOSED if self.tab == Tab.CLOSED else SORTED_OPEN

    @property
    def sorting(self) -> str:
        """``order``, or what it is by itself: open tickets the oldest first, closed ones the newest."""
        return self.order or ("-avgjordes" if self.tab == Tab.CLOSED else f"-{BACKWARDS}")

    @property
    def columns(self) -> list[str]:
        """For ``order_by``."""
        name = self.sorting.removeprefix("-")
        sign = "-" if (name != self.sorting) != (name == BACKWARDS) else ""
        last = [] if COLUMNS[name].endswith("_at") else ["created_at"]
        return [f"{sign}{COLUMNS[name]}", *last, f"{'' if last else sign}pk"]

    @property
    def page_number(self) -> int:
        # Django shows the last page for one below the first.
        return max(1, int(self.page)) if _PAGE_NUMBER.fullmatch(self.page) else 1

    @property
    def words(self) -> dict[str, str]:
        """As the address has them, without the page. The search stands in no address (X1)."""
        pairs = {"flik": str(self.tab), "typ": self.kind, "foretag": str(self.company or ""), "ordning": self.order}
        return {name: value for name, value in pairs.items() if value}

    def address(self, view: str = "helpdesk-queue", **other: Any) -> str:
        """Of this page, or of one with another ``tab``, ``order`` or ``page``."""
        changed = replace(self, **{"page": "", **other})
        return reverse(view, query=changed.words | ({"sida": changed.page} if changed.page_number > 1 else {}))

    def sorted_by(self, name: str) -> tuple[str, str]:
        """``aria-sort`` of a column, and the address that sorts by it; each "" if there is none."""
        if name not in self.sortable:
            return "", ""
        if name == self.sorting.removeprefix("-"):
            up = name == self.sorting
            return "ascending" if up else "descending", self.address(order=f"-{name}" if up else name)
        return "", self.address(order=f"-{name}" if name in (BACKWARDS, "avgjordes") else name)
