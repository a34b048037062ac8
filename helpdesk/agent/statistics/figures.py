"""The overview's figures for one month: the plots, the tables and the file are all made from them.

Days are days in Stockholm. The database counts everything; it returns as many rows as the month has days, and there
are kinds of tickets and companies. No employee's name is among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, DurationField, ExpressionWrapper, F, Max, Min, Q, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber, TruncDate
from django.utils import timezone

from accounts.models import AuditEvent, Event
from helpdesk.agent.statistics.company_counts import FRESH
from helpdesk.agent.statistics.months import Month
from helpdesk.models import OPEN, CompanyCount, Ticket
from notifications.models import Message

# Where one age of open tickets ends and the next begins. The last age has no end.
AGES = (timedelta(hours=4), timedelta(hours=24), timedelta(days=7))
SOON, WITHIN_A_DAY = AGES[:2]

State = Ticket.State
_SMS = Message.objects.filter(kind=Message.Channel.SMS)
_FAILED = (Message.Status.REFUSED, Message.Status.EXPIRED)
# A number that an agent removed leaves a ticket that was closed as it was opened. Nobody waited for a decision.
_TICKETS = Ticket.objects.exclude(source=Ticket.Source.PORTAL, decided_at__lt=F("created_at") + timedelta(seconds=1))

# The figure of a day that an event of the trail counts for.
_EVENTS = {
    Event.PASSWORD_DONE: "resets",
    Event.PHONE_REGISTERED: "registrations",
    Event.PHONE_REPLACED: "registrations",
    Event.PHONE_LINKED: "registrations",
    Event.CODE_SENT: "sms_sent",
    Event.CODE_NOT_SENT: "sms_failed",
}


@dataclass(slots=True)
class Day:
    """The figures of one day. ``decided``: approved or rejected tickets; ``registrations``: numbers registered, changed
    or linked; ``sms_…``: codes and notices."""

    day: date
    received: int = 0
    decided: int = 0
    withdrawn: int = 0
    resets: int = 0
    registrations: int = 0
    sms_sent: int = 0
    sms_failed: int = 0


class TicketKind(NamedTuple):
    """How long the tickets of one kind that were decided in the month had waited. Nights count too."""

    kind: Ticket.Kind
    decided: int
    median: timedelta
    longest: timedelta
    within_4_hours: int
    within_24_hours: int


class CompanyFigures(NamedTuple):
    """A company's employees on the day of the count."""

    name: str
    accounts: int
    with_number: int
    expired: int

    @property
    def share(self) -> float:
        """The share of accounts with a number, 0 to 1. A company without accounts lacks none: 1."""
        return self.with_number / self.accounts if self.accounts else 1.0


@dataclass(slots=True)
class Figures:
    """The figures of a month. ``open``: the open tickets of each age, the youngest first; empty for an earlier month.

    ``companies``: as they stood on ``counted_on``, the smallest share of numbers first.
    """

    month: Month
    read_at: datetime
    days: list[Day]
    open: list[int] = field(default_factory=list)
    kinds: list[TicketKind] = field(default_factory=list)
    counted_on: date | None = None
    companies: list[CompanyFigures] = field(default_factory=list)

    def total(self, name: str) -> int:
        """The month's total of one of :class:`Day`'s figures."""
        return sum(getattr(day, name) for day in self.days)


def for_month(month: Month) -> Figures:
    """The month's figures; of the present month, up to now."""
    now = timezone.now()
    figures = Figures(month, now, [Day(day) for day in month.days(timezone.localdate(now))])
    by_day = {day.day: day for day in figures.days}
    for day, name, number in _by_day(month):
        if day in by_day:  # not a day that began after ``now``
            setattr(by_day[day], name, getattr(by_day[day], name) + number)
    if month == Month.of(timezone.localdate(now)):
        figures.open = _open(now)
    figures.kinds = _kinds(month)
    figures.counted_on, figures.companies = _companies(month)
    return figures


def earliest() -> Month:
    """The first month with figures. Each ticket is in the trail, which is kept for longer than tickets."""
    first = AuditEvent.objects.aggregate(first=Min("at"))["first"]
    return Month.of(timezone.localdate(first))


def _by_day(month: Month) -> Iterator[tuple[date, str, int]]:
    """The figures of each day, in parts that add up."""
    for day, count in _counted(_TICKETS, "created_at", month):
        yield day, "received", count
    for day, state, count in _counted(_TICKETS.exclude(state__in=OPEN), "decided_at", month, "state"):
        yield day, "withdrawn" if state == State.WITHDRAWN else "decided", count
    for day, event, count in _counted(AuditEvent.objects.filter(event__in=list(_EVENTS)), "at", month, "event"):
        yield day, _EVENTS[Event(event)], count
    settled = _SMS.filter(state__in=(Message.Status.SENT, *_FAILED))
    for day, state, count in _counted(settled, "settled_at", month, "state"):
        yield day, "sms_failed" if state in _FAILED else "sms_sent", count


def _counted(rows: QuerySet[Any], at: str, month: Month, *by: str) -> QuerySet[Any]:
    """The number of the month's rows for each day, and for each value of the other columns."""
    within = rows.filter(**{f"{at}__gte": month.begins, f"{at}__lt": month.next.begins}).order_by()
    with_day = within.annotate(day=TruncDate(at, tzinfo=timezone.get_default_timezone()))
    counted: QuerySet[Any] = with_day.values_list("day", *by).annotate(Count("pk"))
    return counted


def _open(now: datetime) -> list[int]:
    ends = [now - age for age in AGES]
    found = Ticket.objects.filter(state__in=OPEN).aggregate(
        a=Count("pk", filter=Q(created_at__gt=ends[0])),
        b=Count("pk", filter=Q(created_at__lte=ends[0], created_at__gt=ends[1])),
        c=Count("pk", filter=Q(created_at__lte=ends[1], created_at__gt=ends[2])),
        d=Count("pk", filter=Q(created_at__lte=ends[2])),
    )
    return list(found.values())


def _kinds(month: Month) -> list[TicketKind]:
    """The kinds that had a ticket decided. Sorted by waiting time, only the middle rows are read, for the median."""
    decided = _TICKETS.filter(
        state__in=(State.DONE, State.REJECTED), decided_at__gte=month.begins, decided_at__lt=month.next.begins
    )
    waited = ExpressionWrapper(F("decided_at") - F("created_at"), output_field=DurationField())
    of_a_kind = F("kind")
    middle = (
        decided.order_by()
        .annotate(waited=waited)
        .annotate(
            place=Window(RowNumber(), partition_by=of_a_kind, order_by=["waited", "pk"]),
            count=Window(Count("pk"), partition_by=of_a_kind),
            longest=Window(Max("waited"), partition_by=of_a_kind),
            soon=Window(Count("pk", filter=Q(waited__lte=SOON)), partition_by=of_a_kind),
            in_a_day=Window(Count("pk", filter=Q(waited__lte=WITHIN_A_DAY)), partition_by=of_a_kind),
        )
        .filter(place__gte=F("count") / 2, place__lte=F("count") / 2 + 1)
        .values_list("kind", "count", "longest", "soon", "in_a_day", "place", "waited")
    )
    rows = list(middle)
    return [found for kind in Ticket.Kind if (found := _kind(kind, [row for row in rows if row[0] == kind]))]


def _kind(kind: Ticket.Kind, rows: Sequence[tuple[Any, ...]]) -> TicketKind | None:
    if not rows:
        return None
    _, count, longest, soon, in_a_day, _, _ = rows[0]
    # The places are count / 2, rounded down, and the next one. For an odd count, only the second is in the middle.
    times = [waited for *_, place, waited in rows if count % 2 == 0 or place == count // 2 + 1]
    return TicketKind(kind, count, sum(times, timedelta()) / len(times), longest, soon, in_a_day)


def _companies(month: Month) -> tuple[date | None, list[CompanyFigures]]:
    """From the newest count of the month. Before the first count of a month, yesterday's serves."""
    counts = CompanyCount.objects.filter(day__gte=month.first - FRESH, day__lt=month.next.first)
    newest = counts.order_by("-day").values("day")[:1]
    rows = list(
        counts.filter(day=Subquery(newest)).values_list("day", "company__name", "accounts", "with_number", "expired")
    )
    companies = [CompanyFigures(*row[1:]) for row in rows]
    companies.sort(key=lambda company: (company.share, -company.accounts, company.name.casefold()))
    return (rows[0][0] if rows else None), companies
