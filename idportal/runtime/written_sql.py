"""SQL that is written out, for what every reset does: Django takes longer to build a statement than to send it.

Works on PostgreSQL and SQLite, through Django's cursor. Plain querysets are right everywhere else.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import DateField, DateTimeField, Field, JSONField, Model, UUIDField

Row = TypeVar("Row", bound=Model)

# What SQLite has no type for; a field knows how it is written there.
_WRITTEN_AS: "dict[type, Field[Any, Any]]" = {
    datetime: DateTimeField(),
    date: DateField(),
    UUID: UUIDField(),
    list: JSONField(),
}


def rows(sql: str, values: Iterable[Any]) -> list[Any]:
    """The rows that a statement reads or returns."""
    with _asked(sql, values) as cursor:
        return list(cursor.fetchall())


def change(sql: str, values: Iterable[Any]) -> int:
    """How many rows the statement changed."""
    with _asked(sql, values) as cursor:
        return int(cursor.rowcount)


def _asked(sql: str, values: Iterable[Any]) -> Any:
    database = connections[DEFAULT_DB_ALIAS]
    written = [
        field.get_db_prep_value(value, database) if (field := _WRITTEN_AS.get(type(value))) else value
        for value in values
    ]
    cursor = database.cursor()
    cursor.execute(sql, written)
    return cursor


def for_update(*tables: str) -> str:
    """The end of a SELECT whose rows of these tables others wait for. SQLite locks the whole database instead."""
    locks = connections[DEFAULT_DB_ALIAS].features.has_select_for_update
    return f" FOR UPDATE OF {', '.join(tables)}" if locks else ""


def add(*added: Model) -> None:
    """Adds rows of one model in one statement, as ``bulk_create``: no ``save`` is called, and no signal is sent."""
    database, model = connections[DEFAULT_DB_ALIAS], type(added[0])
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    marks = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * len(added))
    values = [field.get_db_prep_save(field.pre_save(row, True), database) for row in added for field in fields]
    sql = f'INSERT INTO {model._meta.db_table} ({columns}) VALUES {marks} RETURNING "id"'  # noqa: S608  of names alone
    for row, [key] in zip(added, rows(sql, values), strict=True):
        row.pk = key


class Shape(Generic[Row]):
    """The columns of a model as a SELECT names them, and the objects that are made of them."""

    def __init__(self, model: type[Row], without: Sequence[str] = ()) -> None:
        """``without``: fields that are read when somebody looks at them."""
        fields = [field for field in model._meta.concrete_fields if field.name not in without]
        self._model, self._fields = model, fields
        self._names = [field.attname for field in fields]
        self.columns = ", ".join(f'{model._meta.db_table}."{field.column}"' for field in fields)
        self._conversions: dict[str, list[tuple[int, list[Any]]]] = {}  # by the kind of database

    def of(self, row: Sequence[Any]) -> tuple[Row | None, Sequence[Any]]:
        """The object of the first columns of a row, None if a join found none; and the columns that are left."""
        mine, others = list(row[: len(self._fields)]), row[len(self._fields) :]
        if mine[0] is None:  # the key
            return None, others
        database = connections[DEFAULT_DB_ALIAS]
        if database.vendor not in self._conversions:
            self._conversions[database.vendor] = self._conversions_of(database)
        for place, conversions in self._conversions[database.vendor]:
            for convert in conversions:
                mine[place] = convert(mine[place], None, database)
        return self._model.from_db(DEFAULT_DB_ALIAS, self._names, mine), others

    def _conversions_of(self, database: Any) -> list[tuple[int, list[Any]]]:
        table = self._model._meta.db_table
        found = [
            (place, database.ops.get_db_converters(field.get_col(table)) + field.get_db_converters(database))
            for place, field in enumerate(self._fields)
        ]
        return [(place, conversions) for place, conversions in found if conversions]
