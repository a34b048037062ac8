"""Queries of the hot path, whose SQL Django builds once, and not anew for each reset.

To build a query takes some five times as long as to send it. ``Select`` and ``Count`` take a queryset with named values
in it and keep what Django makes of it, for SQLite and PostgreSQL alike. Plain querysets are right wherever a reset does
not come past, and for what changes rows: there the difference is small.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Count as CountRows
from django.db.models import Expression, Model, QuerySet
from django.db.models.query import ModelIterable

Row = TypeVar("Row", bound=Model)


class Named(Expression):
    """A value that each call gives, in the form that the field has in the database."""

    def __init__(self, name: str, field: Any) -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        return "%s", [self]

    def value(self, values: dict[str, Any]) -> Any:
        return self.output_field.get_db_prep_save(values[self.name], connection=connection)


class _Query:
    """``build`` gets each of ``fields`` as a value that is named alike. A call gives the values by these names."""

    def __init__(self, build: Callable[..., QuerySet[Any]], **fields: Any) -> None:
        self._build = build
        self._named = {name: Named(name, field) for name, field in fields.items()}
        self._made: dict[str, tuple[Any, str, tuple[Any, ...]]] = {}  # by the kind of database

    def _ask(self, values: dict[str, Any]) -> tuple[Any, list[Any]]:
        """What Django made of the queryset, and the rows as they came."""
        if connection.vendor not in self._made:
            compiler = self._query(self._build(**self._named)).get_compiler(connection.alias)
            self._made[connection.vendor] = compiler, *compiler.as_sql()
        compiler, sql, parameters = self._made[connection.vendor]
        filled = [each.value(values) if isinstance(each, Named) else each for each in parameters]
        with connection.cursor() as cursor:
            cursor.execute(sql, filled)
            return compiler, cursor.fetchall()

    def _query(self, built: QuerySet[Any]) -> Any:
        return built.query


class _Read:
    """A queryset that was asked already, as far as Django's maker of objects looks at one."""

    _known_related_objects: dict[Any, Any] = {}

    def __init__(self, compiler: Any, rows: list[Any]) -> None:
        self.query, self.db, self._rows = self, connection.alias, [rows]
        self.select, self.klass_info = compiler.select, compiler.klass_info
        self.annotation_col_map: dict[str, int] = {}
        self.results_iter = compiler.results_iter

    def get_compiler(self, using: str) -> "_Read":
        return self

    def execute_sql(self, **how: Any) -> list[Any]:
        return self._rows


class Select(_Query, Generic[Row]):
    """``build`` returns a queryset of whole objects, with those of ``select_related``, that finds one or none."""

    def __call__(self, **values: Any) -> Row | None:
        """In a queryset with a lock, call it in a transaction."""
        read: Any = _Read(*self._ask(values))
        found: Row | None = next(iter(ModelIterable(read)), None)
        return found


class Count(_Query):
    """``build`` returns a queryset."""

    def __call__(self, **values: Any) -> int:
        _compiler, [[count]] = self._ask(values)
        return int(count)

    def _query(self, built: QuerySet[Any]) -> Any:
        counted = built.order_by().values(count=CountRows("*")).query
        counted.group_by = None
        return counted
