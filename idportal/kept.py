"""Statements of the hot path, whose SQL Django builds once, and not anew for each reset.

To build a statement takes some five times as long as to send it. Each class here takes a function that returns a
queryset; its parameters stand for values in it, and a call gives them by name. What Django makes of it is kept, for
SQLite and PostgreSQL alike. Plain querysets are right wherever a reset does not come past.
"""

import inspect
from collections.abc import Callable
from datetime import date, datetime
from functools import cached_property
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Count as CountRows
from django.db.models import Expression, Field, Model, QuerySet
from django.db.models.query import ModelIterable
from django.db.models.sql import DeleteQuery, UpdateQuery

Row = TypeVar("Row", bound=Model)


class Named(Expression):
    """A value that each call gives; ``target``: the field that gets it, if one does."""

    def __init__(self, name: str, target: "Field[Any, Any] | None" = None) -> None:
        super().__init__()
        self.name, self.target = name, target

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        return "%s", [self]

    def value(self, values: dict[str, Any], database: Any) -> Any:
        """In the form that the database takes."""
        given = values[self.name]
        if self.target:
            return self.target.get_db_prep_save(given, connection=database)
        if isinstance(given, UUID) and not database.features.has_native_uuid_field:
            return given.hex
        if isinstance(given, datetime):
            return database.ops.adapt_datetimefield_value(given)
        return database.ops.adapt_datefield_value(given) if isinstance(given, date) else given


def _database() -> Any:
    """This thread's connection itself: Django's own name for it looks it up anew for each attribute."""
    return connections[DEFAULT_DB_ALIAS]


def _cursor(database: Any) -> Any:
    """A cursor that stays with its connection: psycopg learns the types of values and columns anew for each one."""
    if database.queries_logged:
        return database.cursor()
    kept = getattr(database, "kept_cursor", None)
    if kept is None or kept.connection is not database.connection:
        kept = database.kept_cursor = database.cursor()
    return kept


class Insert(Generic[Row]):
    """Adds rows of a model in one statement, as ``bulk_create``: no ``save`` is called, and no signal is sent.

    ``unless_there``: of one row; it is not added if the database has one with the same unique fields.
    """

    def __init__(self, model: type[Row], *, unless_there: bool = False) -> None:
        self._model, self._conflict = model, " ON CONFLICT DO NOTHING" if unless_there else ""
        self._made: dict[tuple[str, int], str] = {}  # by the kind of database, and how many rows

    @cached_property
    def _fields(self) -> "list[Field[Any, Any]]":
        return [field for field in self._model._meta.concrete_fields if field is not self._model._meta.auto_field]

    def __call__(self, *rows: Row) -> bool:
        """Gives the rows their keys, and returns whether they were added."""
        database = _database()
        place = database.vendor, len(rows)
        if place not in self._made:
            self._made[place] = self._make(len(rows), database.ops.quote_name)
        values = [field.get_db_prep_save(field.pre_save(row, True), database) for row in rows for field in self._fields]
        cursor = _cursor(database)
        cursor.execute(self._made[place], values)
        keys = cursor.fetchall()
        if not keys:
            return False
        for row, [key] in zip(rows, keys, strict=True):
            row.pk, row._state.adding, row._state.db = key, False, database.alias
        return True

    def _make(self, count: int, quoted: Callable[[str], str]) -> str:
        meta = self._model._meta
        columns = ", ".join(quoted(str(field.column)) for field in self._fields)
        marks = ", ".join(["(" + ", ".join(["%s"] * len(self._fields)) + ")"] * count)
        table, key = quoted(meta.db_table), quoted(str(meta.pk.column))
        return f"INSERT INTO {table} ({columns}) VALUES {marks}{self._conflict} RETURNING {key}"  # noqa: S608  of names alone


class _Statement:
    def __init__(self, build: Callable[..., Any]) -> None:
        self._build = build
        self._named = {name: Named(name) for name in inspect.signature(build).parameters}
        self._made: dict[str, tuple[Any, str, tuple[Any, ...]]] = {}  # by the kind of database

    def _ask(self, values: dict[str, Any]) -> tuple[Any, int, list[Any]]:
        """What Django made of the queryset; how many rows it was about, and the rows as they came."""
        database = _database()
        if database.vendor not in self._made:
            self._made[database.vendor] = self._make(self._build(**self._named), database)
        compiler, sql, parameters = self._made[database.vendor]
        filled = [each.value(values, database) if isinstance(each, Named) else each for each in parameters]
        cursor = _cursor(database)
        cursor.execute(sql, filled)
        return compiler, cursor.rowcount, cursor.fetchall() if cursor.description else []

    def _make(self, built: Any, database: Any) -> tuple[Any, str, tuple[Any, ...]]:
        compiler = self._query(built).get_compiler(database.alias)
        return compiler, *compiler.as_sql()

    def _query(self, built: Any) -> Any:
        return built.query


def _objects(compiler: Any, rows: list[Any]) -> list[Any]:
    read: Any = _Read(compiler, rows)
    return list(ModelIterable(read))


class _Read:
    """A queryset that was asked already, as far as Django's maker of objects looks at one."""

    _known_related_objects: dict[Any, Any] = {}

    def __init__(self, compiler: Any, rows: list[Any]) -> None:
        self.query, self.db, self._rows = self, DEFAULT_DB_ALIAS, [rows]
        self.select, self.klass_info = compiler.select, compiler.klass_info
        self.annotation_col_map: dict[str, int] = {}
        self.results_iter = compiler.results_iter

    def get_compiler(self, using: str) -> "_Read":
        return self

    def execute_sql(self, **how: Any) -> list[Any]:
        return self._rows


class Select(_Statement, Generic[Row]):
    """``build`` returns a queryset of whole objects, with those of ``select_related``, that finds one or none."""

    def __call__(self, **values: Any) -> Row | None:
        """In a queryset with a lock, call it in a transaction."""
        compiler, _count, rows = self._ask(values)
        return next(iter(_objects(compiler, rows)), None)


class Count(_Statement):
    """``build`` returns a queryset."""

    def __call__(self, **values: Any) -> int:
        [[count]] = self._ask(values)[2]
        return int(count)

    def _query(self, built: QuerySet[Any]) -> Any:
        counted = built.order_by().values(count=CountRows("*")).query
        counted.group_by = None
        return counted


class Change(_Statement):
    """``build`` returns a queryset. Its rows get ``fields``, whose values a call gives, too, and always ``changes``."""

    def __init__(self, build: Callable[..., QuerySet[Any]], *fields: str, **changes: Any) -> None:
        super().__init__(build)
        self._fields, self._changes = fields, changes

    def __call__(self, **values: Any) -> int:
        """Returns how many rows it changed."""
        return self._ask(values)[1]

    def _query(self, built: QuerySet[Any]) -> Any:
        query: Any = built.query.chain(UpdateQuery)
        field = built.model._meta.get_field
        query.add_update_values({**{name: Named(name, field(name)) for name in self._fields}, **self._changes})
        return query


class Delete(_Statement):
    """``build`` returns a queryset of rows that no other row refers to."""

    def __call__(self, **values: Any) -> None:
        self._ask(values)

    def _query(self, built: QuerySet[Any]) -> Any:
        return built.query.chain(DeleteQuery)


class Claim(Change, Generic[Row]):
    """As ``Change``, and reads the rows with it."""

    def rows(self, **values: Any) -> list[Row]:
        """The rows that it changed, as they are then."""
        compiler, _count, rows = self._ask(values)
        return _objects(compiler, rows)

    def _make(self, built: QuerySet[Any], database: Any) -> tuple[Any, str, tuple[Any, ...]]:
        _change, sql, parameters = super()._make(built, database)
        reader = built.model._default_manager.order_by().query.get_compiler(database.alias)
        reader.as_sql()  # so that it knows its columns, which are those of the model
        columns = ", ".join(database.ops.quote_name(field.column) for field in built.model._meta.concrete_fields)
        return reader, f"{sql} RETURNING {columns}", parameters
