"""How many passwords, numbers and SMS each day had: kept once the day is over, so that a page counts today's alone."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Min, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import AuditEvent, Event
from helpdesk.models import DayCount
from notifications.models import Message

ONE_DAY = timedelta(days=1)
SETTLES = timedelta(hours=1)  # after midnight: what began the day before is in its tables by then
FIGURES = ("resets", "registrations", "sms_sent", "sms_failed")

_SMS = Message.objects.filter(kind=Message.Channel.SMS)
_FAILED = (Message.Status.REFUSED, Message.Status.EXPIRED)

# The figure of a day that an event of the trail counts for.
_EVENTS = {
    Event.PASSWORD_DONE: "resets",
    Event.PHONE_REGISTERED: "registrations",
    Event.PHONE_REPLACED: "registrations",
    Event.PHONE_LINKED: "registrations",
    Event.CODE_SENT: "sms_sent",
    Event.CODE_NOT_SENT: "sms_failed",
}


def first_day() -> date:
    """The day of the first event of the trail."""
    return timezone.localdate(AuditEvent.objects.aggregate(first=Min("at"))["first"])


def keep() -> None:
    """Keeps the figures of all days that are over, from the one after the last that is kept."""
    newest = DayCount.objects.order_by("-day").values_list("day", flat=True).first()
    begins, ends = newest + ONE_DAY if newest else first_day(), timezone.localdate(timezone.now() - SETTLES)
    found: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for day, name, count in _count(begins, ends):
        found[day][name] += count
    days = (begins + nth * ONE_DAY for nth in range((ends - begins).days))
    DayCount.objects.bulk_create((DayCount(day=day, **found[day]) for day in days), ignore_conflicts=True)


def by_day(begins: date, ends: date) -> Iterator[tuple[date, str, int]]:
    """The figures of each day before ``ends``, in parts that add up: those that are kept, and the others counted."""
    kept = list(DayCount.objects.filter(day__gte=begins, day__lt=ends).order_by("day"))
    for row in kept:
        yield from ((row.day, name, getattr(row, name)) for name in FIGURES)
    first, after = (kept[0].day, kept[-1].day + ONE_DAY) if kept else (ends, ends)
    yield from _count(begins, first)
    yield from _count(after, ends)


def _count(begins: date, ends: date) -> Iterator[tuple[date, str, int]]:
    if begins >= ends:
        return
    for day, event, count in each_day(AuditEvent.objects.filter(event__in=list(_EVENTS)), "at", begins, ends, "event"):
        yield day, _EVENTS[Event(event)], count
    settled = _SMS.filter(state__in=(Message.Status.SENT, *_FAILED))
    for day, state, count in each_day(settled, "settled_at", begins, ends, "state"):
        yield day, "sms_failed" if state in _FAILED else "sms_sent", count


def each_day(rows: QuerySet[Any], at: str, begins: date, ends: date, *by: str) -> QuerySet[Any]:
    """The number of rows for each day, and for each value of the other columns."""
    with_day = within(rows, at, begins, ends).annotate(day=TruncDate(at, tzinfo=timezone.get_default_timezone()))
    counted: QuerySet[Any] = with_day.values_list("day", *by).annotate(count=Count("*"))  # by an index alone
    return counted


def within(rows: QuerySet[Any], at: str, begins: date, ends: date) -> QuerySet[Any]:
    """Those whose ``at`` lies on a day of Stockholm's, from ``begins`` up to ``ends``, which is not in it."""
    first, end = (timezone.make_aware(datetime.combine(each, time())) for each in (begins, ends))
    return rows.filter(**{f"{at}__gte": first, f"{at}__lt": end}).order_by()
