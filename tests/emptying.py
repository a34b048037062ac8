"""Empties the database quickly after a test that commits.

Django's own way truncates every table and then makes content types and permissions anew, which on PostgreSQL took as
long as the tests themselves. Here the rows are deleted, in one transaction. Content types and permissions stay as the
migrations left them.

The connection stays, too: a new one has to log in, and PostgreSQL begins it with empty caches.

The suite runs as the role of web and workers, which may not delete the trail (security.md L3). So what empties tables,
or makes events older, does so as their owner, past the trail's triggers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg
from django.db import connection, transaction

from deploy.local.databases import PORTAL, USER

KEPT = {"django_content_type", "auth_permission", "django_migrations"}


def delete_all_rows(*_: Any) -> None:
    if connection.errors_occurred:
        connection.close()
    past_the_guard(*(f"DELETE FROM {connection.ops.quote_name(table)}" for table in _tables()))


def past_the_guard(*statements: str) -> None:
    """In one transaction. On PostgreSQL in another connection: what the test has not committed is not seen."""
    if connection.vendor == "postgresql":
        _owner().execute("; ".join(statements))
        return
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for statement in (
            *(f"DROP TRIGGER {name}" for name, _ in triggers),
            *statements,
            *(sql for _, sql in triggers),
        ):
            cursor.execute(statement)


@contextmanager
def as_owner() -> Iterator[None]:
    """For migrations: the portal's connections are those of the role that owns the tables."""
    if connection.settings_dict["USER"] != PORTAL:
        yield
        return
    _log_in_as(USER)
    try:
        yield
    finally:
        _log_in_as(PORTAL)


def become_the_portal() -> None:
    """Where the server has that role (``tests/servers/postgres.py``)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [PORTAL])
            found = cursor.rowcount
        if found:
            _log_in_as(PORTAL)


def become_the_owner() -> None:
    """Who can remove the database, to which nobody else is connected then."""
    while _owners:
        _owners.pop().close()
    if connection.settings_dict["USER"] == PORTAL:
        _log_in_as(USER)


def _log_in_as(role: str) -> None:
    connection.close()
    connection.settings_dict["USER"] = role


def keep_connections(*_: Any) -> bool:
    """In the place of TransactionTestCase._should_reload_connections."""
    return False


_owners: list[psycopg.Connection[Any]] = []


def _owner() -> psycopg.Connection[Any]:
    """A connection of the owner, kept, to which triggers and foreign keys are nothing."""
    if not _owners or _owners[0].closed:
        place = connection.settings_dict
        user = USER if place["USER"] == PORTAL else place["USER"]
        who = {"user": user, "password": place["PASSWORD"], "host": place["HOST"], "port": place["PORT"]}
        options = "-c session_replication_role=replica -c lock_timeout=30000"
        _owners[:] = [psycopg.connect(dbname=place["NAME"], **who, options=options, autocommit=True)]
    return _owners[0]


@cache
def _tables() -> list[str]:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return sorted(set(names) - KEPT)
