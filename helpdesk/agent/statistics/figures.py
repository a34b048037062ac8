"""The overview's figures for one month, and for the one before: page, tables and file are all made from them.

Days are days in Stockholm; a month is its first day. No employee's name is among the figures.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import chain, pairwise
from typing import NamedTuple

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, Subquery
from django.utils import timezone

from helpdesk.agent.statistics import day_counts
from helpdesk.agent.statistics.company_counts import FRESH
from helpdesk.agent.statistics.day_counts import ONE_DAY
from helpdesk.models import OPEN, CompanyCount, Ticket

# Where one age of open tickets ends and the next begins. The last age has no end.
AGES = (timedelta(hours=4), timedelta(hours=24), timedelta(days=7))
SOON, WITHIN_A_DAY = AGES[:2]

State = Ticket.State
# A number that an agent removed leaves a ticket that was closed as it was opened. Nobody waited for a decision.
_TICKETS = Ticket.objects.exclude(source=Ticket.Source.PORTAL, decided_at__lt=F("created_at") + timedelta(seconds=1))


class TicketKind(NamedTuple):
    """How long the tickets of one kind that were decided in the month had waited. Nights count too."""

    kind: Ticket.Kind
    decided: int
    median: timedelta
    longest: timedelta
    within_4_hours: int
    within_24_hours: int


@dataclass(slots=True)
class Figures:
    """The figures of a month, and of each of its days up to ``read_at``.

    Of a day: ``received``, ``decided`` (approved or rejected) and ``withdrawn`` tickets; password ``resets``;
    ``registrations``: numbers registered, changed or linked; ``sms_sent`` and ``sms_failed``: codes and notices.
    ``open``: the open tickets of each age, the youngest first; empty for an earlier month.
    ``waits``: how long the decided tickets of each kind had waited, the shortest first.
    ``companies``: as they stood on ``counted_on``, the smallest share of numbers first.
    ``before``: the same days of the month before, of which nothing is open now.
    """

    month: date
    read_at: datetime
    days: dict[date, Counter[str]]
    open: list[int] = field(default_factory=list)
    waits: dict[str, list[timedelta]] = field(default_factory=dict)
    companies: list[CompanyCount] = field(default_factory=list)
    before: Figures | None = None

    def total(self, name: str) -> int:
        return sum(day[name] for day in self.days.values())

    @property
    def counted_on(self) -> date | None:
        return self.companies[0].day if self.companies else None

    @property
    def kinds(self) -> list[TicketKind]:
        return [
            TicketKind(
                kind,
                len(lengths),
                median(lengths),
                lengths[-1],
                bisect(lengths, SOON),
                bisect(lengths, WITHIN_A_DAY),
            )
            for kind in Ticket.Kind
            if (lengths := self.waits.get(kind))
        ]


def median(lengths: list[timedelta]) -> timedelta:
    """Of some lengths in order."""
    return (lengths[(len(lengths) - 1) // 2] + lengths[len(lengths) // 2]) / 2


def next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def previous_month(month: date) -> date:
    return (month - ONE_DAY).replace(day=1)


def for_month(month: date) -> Figures:
    """The month's figures; of the present month, up to now."""
    now = timezone.now()
    today = timezone.localdate(now)
    last = min(today, next_month(month) - ONE_DAY)
    # A month that is not over is compared with as many days.
    ends = min(month, previous_month(month) + (last - month) + ONE_DAY) if last == today else month
    before = Figures(previous_month(month), now, _days(previous_month(month), ends - ONE_DAY))
    found = Figures(month, now, _days(month, last), before=before)
    _add(before, found)
    if month == today.replace(day=1):
        found.open = _open(now)
    # Before the first count of a month, yesterday's serves.
    spans = (month - FRESH, next_month(month)), (before.month, ends)
    found.companies, before.companies = _companies(*spans)
    return found


def earliest() -> date:
    """The first month with figures. Each ticket is in the trail, which is kept for longer than tickets."""
    return day_counts.first_day().replace(day=1)


def _days(first: date, last: date) -> dict[date, Counter[str]]:
    return {first + nth * ONE_DAY: Counter() for nth in range((last - first).days + 1)}


def _add(before: Figures, found: Figures) -> None:
    """Both months' figures of each day, and the waits, by one query each. Other days are left out."""
    begins, ends = before.month, next_month(found.month)
    days = before.days | found.days
    for day, name, number in chain(_tickets(begins, ends), day_counts.by_day(begins, min(ends, max(days) + ONE_DAY))):
        if day in days:
            days[day][name] += number
    for day, kind, length in _waits(begins, ends):
        for each in (before, found):
            if day in each.days:
                each.waits.setdefault(kind, []).append(length)


def _tickets(begins: date, ends: date) -> Iterator[tuple[date, str, int]]:
    for day, count in day_counts.each_day(_TICKETS, "created_at", begins, ends):
        yield day, "received", count
    closed = _TICKETS.exclude(state__in=OPEN)
    for day, state, count in day_counts.each_day(closed, "decided_at", begins, ends, "state"):
        yield day, "withdrawn" if state == State.WITHDRAWN else "decided", count


def _open(now: datetime) -> list[int]:
    older = {f"older_{place}": Count("pk", filter=Q(created_at__lte=now - age)) for place, age in enumerate(AGES)}
    found = [*Ticket.objects.filter(state__in=OPEN).aggregate(all=Count("pk"), **older).values(), 0]
    return [count - older for count, older in pairwise(found)]


def _waits(begins: date, ends: date) -> Iterable[tuple[date, str, timedelta]]:
    """The day of each decision, its kind, and how long the ticket had waited; the shortest first."""
    decided = _TICKETS.filter(state__in=(State.DONE, State.REJECTED))
    waited = ExpressionWrapper(F("decided_at") - F("created_at"), DurationField())
    rows = day_counts.within(decided, "decided_at", begins, ends).annotate(waited=waited).order_by("waited")
    for at, kind, length in rows.values_list("decided_at", "kind", "waited"):
        yield timezone.localdate(at), kind, length


def _companies(*spans: tuple[date, date]) -> list[list[CompanyCount]]:
    """For each span of days, by the newest count of it."""
    found = [CompanyCount.objects.filter(day__gte=begins, day__lt=ends).order_by("-day") for begins, ends in spans]
    newest = Q(*(Q(day=Subquery(counts.values("day")[:1])) for counts in found), _connector=Q.OR)
    either = CompanyCount.objects.filter(newest).select_related("company")
    rows = sorted(either, key=lambda each: (each.share, -each.accounts, each.company.name.casefold()))
    days = [max((each.day for each in rows if begins <= each.day < ends), default=None) for begins, ends in spans]
    return [[each for each in rows if each.day == day] for day in days]
