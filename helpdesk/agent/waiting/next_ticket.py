"""Which ticket an agent opens next: their own first, then unassigned ones in the order the queue last showed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from accounts.models import Company, User
from helpdesk.agent.waiting import queue
from helpdesk.agent.waiting.queue_filter import QueueFilter, Tab

KEPT = "queue_filter"  # the key of the session
FAR = 500  # tickets of a kind to look through: more than an agent passes over


def keep(session: Any, wanted: QueueFilter) -> None:
    """Notes what the agent looks at, without the search. Writes nothing if that is noted already."""
    words = {name: word for name, word in wanted.words.items() if name != "flik"}
    if session.get(KEPT, {}) != words:
        session[KEPT] = words


def number_after(number: str, agent: User, words: Mapping[str, str]) -> str:
    """The number of the ticket after this one, or of the first if it is none of them; "" if there is no other.

    ``words``: those that ``keep`` noted.
    """
    companies = list(Company.objects.values_list("pk", flat=True)) if words.get("foretag") else []
    new = QueueFilter.read(words, companies)
    mine = replace(new, tab=Tab.MINE, kind="", company=None, order="")
    found = [
        *queue.chosen(mine, agent).values_list("number", flat=True)[:FAR],
        *queue.chosen(new, agent).values_list("number", flat=True)[:FAR],
    ]
    at = found.index(number) + 1 if number in found else 0
    return next((each for each in [*found[at:], *found[:at]] if each != number), "")
