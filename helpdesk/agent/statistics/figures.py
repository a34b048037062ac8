"""The overview's figures for one month: the plots, the tables and the file are all made from them.

Days are days in Stockholm; a month is its first day. No employee's name is among the figures.
"""

from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from django.db.models import Count, DurationField, ExpressionWrapper, F, Min, Q, QuerySet, Subquery
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import AuditEvent, Event
from helpdesk.agent.statistics.company_counts import FRESH
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
    ``companies``: as they stood on ``counted_on``, the smallest share of numbers first.
    """

    month: date
    read_at: datetime
    days: dict[date, Counter[str]]
    open: list[int] = field(default_factory=list)
    kinds: list[TicketKind] = field(default_factory=list)
    counted_on: date | None = None
    companies: list[CompanyCount] = field(default_factory=list)

    def total(self, name: str) -> int:
        return sum(day[name] for day in self.days.values())


def next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def for_month(month: date) -> Figures:
    """The month's figures; of the present month, up to now."""
    now = timezone.now()
    today = timezone.localdate(now)
    last = min(today, next_month(month) - timedelta(days=1))
    days = {month + timedelta(days=nth): Counter[str]() for nth in range((last - month).days + 1)}
    for day, name, number in _by_day(month):
        if day in days:  # not a day that began after ``now``
            days[day][name] += number
    counts = CompanyCount.objects.filter(day__gte=month - FRESH, day__lt=next_month(month))
    # Before the first count of a month, yesterday's serves.
    newest = counts.filter(day=Subquery(counts.order_by("-day").values("day")[:1])).select_related("company")
    companies = sorted(newest, key=lambda each: (each.share, -each.accounts, each.company.name.casefold()))
    return Figures(
        month,
        now,
        days,
        open=_open(now) if month == today.replace(day=1) else [],
        kinds=_kinds(month),
        counted_on=companies[0].day if companies else None,
        companies=companies,
    )


def earliest() -> date:
    """The first month with figures. Each ticket is in the trail, which is kept for longer than tickets."""
    return timezone.localdate(AuditEvent.objects.aggregate(first=Min("at"))["first"]).replace(day=1)


def _by_day(month: date) -> Iterator[tuple[date, str, int]]:
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


def _counted(rows: QuerySet[Any], at: str, month: date, *by: str) -> QuerySet[Any]:
    """The number of the month's rows for each day, and for each value of the other columns."""
    with_day = _within(rows, at, month).annotate(day=TruncDate(at, tzinfo=timezone.get_default_timezone()))
    counted: QuerySet[Any] = with_day.values_list("day", *by).annotate(count=Count("*"))  # by an index alone
    return counted


def _within(rows: QuerySet[Any], at: str, month: date) -> QuerySet[Any]:
    begins, ends = (timezone.make_aware(datetime.combine(each, time())) for each in (month, next_month(month)))
    return rows.filter(**{f"{at}__gte": begins, f"{at}__lt": ends}).order_by()


def _open(now: datetime) -> list[int]:
    older = {f"older_{place}": Count("pk", filter=Q(created_at__lte=now - age)) for place, age in enumerate(AGES)}
    found = [*Ticket.objects.filter(state__in=OPEN).aggregate(all=Count("pk"), **older).values(), 0]
    return [count - older for count, older in pairwise(found)]


def _kinds(month: date) -> list[TicketKind]:
    decided = _within(_TICKETS.filter(state__in=(State.DONE, State.REJECTED)), "decided_at", month)
    waits: defaultdict[str, list[timedelta]] = defaultdict(list)
    waited = ExpressionWrapper(F("decided_at") - F("created_at"), DurationField())
    for kind, length in decided.annotate(waited=waited).order_by("waited").values_list("kind", "waited"):
        waits[kind].append(length)
    return [
        TicketKind(
            kind,
            len(lengths),
            (lengths[(len(lengths) - 1) // 2] + lengths[len(lengths) // 2]) / 2,
            lengths[-1],
            bisect(lengths, SOON),
            bisect(lengths, WITHIN_A_DAY),
        )
        for kind in Ticket.Kind
        if (lengths := waits[kind])
    ]
