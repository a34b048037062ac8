"""The overview's figures for a month: one look at the database, which plots, tables and the file are all made from.

Days are those of Stockholm, whatever the clock changes. All is counted by the database; what comes back is as long as
the month has days, there are kinds of requests, and companies. No person's name is ever among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, Max, Min, Q, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber, TruncDate
from django.utils import timezone

from accounts.models import AuditEvent, Event
from helpdesk.agent.statistics.company_counts import FRESH
from helpdesk.agent.statistics.months import STOCKHOLM, Month, today
from helpdesk.models import OPEN, CompanyCount, Ticket
from notifications.models import Message

# Where one age of open requests ends and the next begins; the last is all that is older.
AGES = (timedelta(hours=4), timedelta(hours=24), timedelta(days=7))
SOON, WITHIN_A_DAY = AGES[:2]

State = Ticket.State
_SMS = Message.objects.filter(kind=Message.Channel.SMS)
_FAILED = (Message.Status.REFUSED, Message.Status.EXPIRED)

# Which figure of a day an event of the trail counts for.
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
    """What happened on one day. ``decided``: approved and carried out, or rejected; ``registrations``: numbers
    registered, changed or linked; ``sms_…``: codes and notices."""

    day: date
    received: int = 0
    decided: int = 0
    withdrawn: int = 0
    resets: int = 0
    registrations: int = 0
    sms_sent: int = 0
    sms_failed: int = 0


@dataclass(frozen=True, slots=True)
class TicketKind:
    """How long the requests of one kind that were decided in the month had waited, day and night counted."""

    kind: Ticket.Kind
    decided: int
    median: timedelta
    longest: timedelta
    within_4_hours: int
    within_24_hours: int


@dataclass(frozen=True, slots=True)
class CompanyFigures:
    """A company's staff on the day of the count."""

    name: str
    accounts: int
    with_number: int
    expired: int

    @property
    def share(self) -> float:
        """Of the accounts, those with a number: 0 to 1. One that has no accounts lacks no number."""
        return self.with_number / self.accounts if self.accounts else 1.0


@dataclass(slots=True)
class Figures:
    """All of a month. ``open``: how many requests are of each age now, the youngest first; empty for a month that is
    over. ``companies``: those with the smallest share of numbers first, as they stood on ``counted_on``."""

    month: Month
    read_at: datetime
    days: list[Day]
    open: list[int] = field(default_factory=list)
    kinds: list[TicketKind] = field(default_factory=list)
    counted_on: date | None = None
    companies: list[CompanyFigures] = field(default_factory=list)

    def total(self, name: str) -> int:
        """Of one of :class:`Day`'s figures, over the month."""
        return sum(getattr(day, name) for day in self.days)


def for_month(month: Month) -> Figures:
    """The month's figures, up to now if it is this one."""
    now = timezone.now()
    figures = Figures(month, now, [Day(day) for day in month.days(today())])
    by_day = {day.day: day for day in figures.days}
    for day, name, number in _by_day(month):
        # A day that began since this did is the next look's.
        if day in by_day:
            setattr(by_day[day], name, getattr(by_day[day], name) + number)
    if month == Month.of(today()):
        figures.open = _open(now)
    figures.kinds = _kinds(month)
    figures.counted_on, figures.companies = _companies(month)
    return figures


# Not what was closed as it was opened: the record of a number that an agent took away. Nobody waited for that.
_ASKED = Ticket.objects.exclude(source=Ticket.Source.PORTAL, decided_at__lt=F("created_at") + timedelta(seconds=1))


def earliest() -> Month:
    """The first month that there is anything to tell of. Each request is in the trail, which is kept for longer."""
    first = AuditEvent.objects.aggregate(first=Min("at"))["first"]
    return Month.of(first.astimezone(STOCKHOLM).date() if first else today())


def _by_day(month: Month) -> Iterator[tuple[date, str, int]]:
    """Each figure of each day, in parts that are to be added."""
    received = _in(_ASKED, "created_at", month)
    yield from ((day, "received", count) for day, count in received.values_list("day").annotate(Count("pk")))
    closed = _in(_ASKED.exclude(state__in=OPEN), "decided_at", month)
    for day, state, count in closed.values_list("day", "state").annotate(Count("pk")):
        yield day, "withdrawn" if state == State.WITHDRAWN else "decided", count
    events = _in(AuditEvent.objects.filter(event__in=list(_EVENTS)), "at", month)
    for day, event, count in events.values_list("day", "event").annotate(Count("pk")):
        yield day, _EVENTS[Event(event)], count
    settled = _in(_SMS.filter(state__in=(Message.Status.SENT, *_FAILED)), "settled_at", month)
    for day, state, count in settled.values_list("day", "state").annotate(Count("pk")):
        yield day, "sms_failed" if state in _FAILED else "sms_sent", count


def _in(rows: QuerySet[Any], field: str, month: Month) -> QuerySet[Any]:
    """The rows of the month, with their ``day``, in no order."""
    within = rows.filter(**{f"{field}__gte": month.begins, f"{field}__lt": month.next.begins}).order_by()
    with_day: QuerySet[Any] = within.annotate(day=TruncDate(field, tzinfo=STOCKHOLM))
    return with_day


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
    """Each kind of which any was decided. Of its rows, sorted by time, only the one or two in the middle come."""
    decided = _ASKED.filter(
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
    return [kind for each in Ticket.Kind if (kind := _kind(each, [row for row in rows if row[0] == each]))]


def _kind(kind: Ticket.Kind, rows: Sequence[tuple[Any, ...]]) -> TicketKind | None:
    if not rows:
        return None
    _, count, longest, soon, in_a_day, _, _ = rows[0]
    # The places are count / 2 and the one after, rounded down: for an odd number, the second is the one in the middle.
    times = [waited for *_, place, waited in rows if count % 2 == 0 or place == count // 2 + 1]
    return TicketKind(kind, count, sum(times, timedelta()) / len(times), longest, soon, in_a_day)


def _companies(month: Month) -> tuple[date | None, list[CompanyFigures]]:
    """From the newest count of the month; on its first day, yesterday's until the morning."""
    counts = CompanyCount.objects.filter(day__gte=month.first - FRESH, day__lt=month.next.first)
    newest = counts.order_by("-day").values("day")[:1]
    rows = list(
        counts.filter(day=Subquery(newest)).values_list("day", "company__name", "accounts", "with_number", "expired")
    )
    companies = [CompanyFigures(*row[1:]) for row in rows]
    companies.sort(key=lambda each: (each.share, -each.accounts, each.name.casefold()))  # most to do first
    return (rows[0][0] if rows else None), companies
