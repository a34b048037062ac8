"""Admin lists of tables that grow for 18 months: no page reads a whole table to count its rows or offer its dates."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cached_property, partial
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Max, Min, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.timezone import localdate

from accounts.admin.base import ReadOnlyAdmin

COUNTED = 10_000  # rows: to look beyond 200 pages, people take a filter or a day

_UNITS: dict[str, dict[str, int]] = {"year": {"month": 1, "day": 1}, "month": {"day": 1}, "day": {}}


class LongPaginator(Paginator):  # type: ignore[type-arg]  # not subscriptable at run time
    """Counts, and shows, COUNTED rows at the most. ``cut``: there are more."""

    cut = False

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        found: int = rows.order_by().values("pk")[: COUNTED + 1].count()
        self.cut = found > COUNTED
        return min(found, COUNTED)


class LongList(ChangeList):
    """Offers each year, month or day from the first row to the last, though a filter may leave none of some of them."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        # Django's tag for the dates asks the rows for them, and PostgreSQL would read every one.
        self.queryset.datetimes = partial(_between_ends, self.queryset)


def _between_ends(rows: QuerySet[Any], field: str, unit: str) -> Iterator[date]:
    ends = rows.aggregate(first=Min(field), last=Max(field))
    if ends["first"] is None:
        return
    first, last = localdate(ends["first"]), localdate(ends["last"])
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    yield from dict.fromkeys(day.replace(**_UNITS[unit]) for day in days)


@contextmanager
def planned_anew() -> Iterator[None]:
    """PostgreSQL plans each statement for its values: for any value at all, a search would read the whole table."""
    connection.ensure_connection()
    raw: Any = connection.connection
    before = getattr(raw, "prepare_threshold", None)
    if before is None:  # not PostgreSQL
        yield
        return
    raw.prepare_threshold = None
    try:
        yield
    finally:
        raw.prepare_threshold = before


class LongListAdmin(ReadOnlyAdmin):
    paginator = LongPaginator

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        with planned_anew():
            answer = super().changelist_view(request, extra_context)
            return answer.render() if isinstance(answer, TemplateResponse) else answer

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LongList
