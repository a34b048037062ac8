"""The database that the portal is made for, and the connections that are kept to it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from celery.fixups.django import DjangoWorkerFixup  # type: ignore[attr-defined]  # not in its stubs
from django.db import OperationalError, close_old_connections, connection, transaction
from django.db.backends.postgresql import base as django_base

from accounts.models import Company
from idportal.runtime.celery import app, look_after_connections
from idportal.runtime.postgresql import base

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The moments at which Django's own check, a statement, was made."""
    moments: list[float] = []
    own = django_base.DatabaseWrapper.is_usable

    def noted(self: django_base.DatabaseWrapper) -> bool:
        moments.append(time.monotonic())
        return own(self)

    monkeypatch.setattr(django_base.DatabaseWrapper, "is_usable", noted)
    return moments


def request() -> int:
    """What Django does around a request, with a query in it; returns which process of the server answered."""
    close_old_connections()
    Company.objects.exists()
    return wire().info.backend_pid


def wire() -> psycopg.Connection[object]:
    assert connection.connection is not None
    kept: psycopg.Connection[object] = connection.connection
    return kept


def end(process: int) -> None:
    """As a server that restarts: the connection is closed from there."""
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [process])


def test_a_database_that_loses_its_power_is_not_waited_for() -> None:
    """It sends no goodbye; the kernel gives up on a kept connection after so many milliseconds without an answer."""
    connection.ensure_connection()
    parameters = wire().info.get_parameters()
    assert (parameters["connect_timeout"], parameters["tcp_user_timeout"]) == ("3", "5000")
    # So that this is noticed while an answer is waited for, too: then nothing is sent that could lack one.
    assert (parameters["keepalives_idle"], parameters["keepalives_interval"]) == ("10", "5")


def test_a_row_that_another_holds_is_not_waited_for_without_an_end() -> None:
    """No thread of web or of a worker can be freed of such a wait from outside."""
    company = Company.objects.create(name="Hemtjänst Ett AB")
    holder = psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor})
    with holder, connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("30s",)
        holder.execute("SELECT 1 FROM accounts_company FOR UPDATE")
        cursor.execute("SET lock_timeout = 100")
        with pytest.raises(OperationalError, match="lock timeout"):
            company.save()
    connection.close()


def test_a_statement_without_an_end_is_ended_by_the_server() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("1min",)
        cursor.execute("SET statement_timeout = 100")
        with pytest.raises(OperationalError, match="statement timeout"):
            cursor.execute("SELECT pg_sleep(30)")
    connection.close()


@pytest.mark.parametrize("inside", [False, True])
def test_a_server_that_falls_silent_is_left(monkeypatch: pytest.MonkeyPatch, inside: bool) -> None:
    """As one that is frozen: its machine answers keepalives, and nothing ends the statement."""
    first = request()
    monkeypatch.setattr(base, "ANSWER_TIMEOUT", 0.5)
    begun = time.monotonic()
    with (
        pytest.raises(OperationalError, match="silent"),
        transaction.atomic() if inside else nullcontext(),
        frozen(first),
    ):
        Company.objects.exists()
    assert 0.5 < time.monotonic() - begun < 5
    assert request() != first, "the next request has a connection that works"


@contextmanager
def frozen(process: int) -> Iterator[None]:
    """The server's process for one connection, stopped as it stands."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def test_a_connection_that_was_just_used_is_asked_nothing(asked: list[float]) -> None:
    first = request()
    asked.clear()
    assert [request() for _again in range(3)] == [first] * 3
    assert asked == []


def test_after_a_pause_it_is_asked(asked: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    first = request()
    asked.clear()
    monkeypatch.setattr(base, "TRUSTED_FOR", -1.0)
    assert request() == first
    assert len(asked) == 1


def test_one_that_the_server_closed_is_replaced_before_a_person_meets_it() -> None:
    first = request()
    end(first)
    time.sleep(0.2)  # until the goodbye is here
    assert request() != first


def test_one_that_broke_in_the_middle_is_replaced_at_the_next_request() -> None:
    first = request()
    end(first)
    with pytest.raises(OperationalError):
        Company.objects.exists()
    assert request() != first


def test_one_on_which_the_server_says_something_else_is_kept(asked: list[float]) -> None:
    """As after a reload of its settings: what it says is no goodbye."""
    first = request()
    asked.clear()
    with connection.cursor() as cursor:
        cursor.execute("LISTEN said")
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as other:
        other.execute("NOTIFY said")
    time.sleep(0.2)
    assert request() == first
    assert len(asked) == 1


def test_a_task_leaves_its_connection_to_the_next() -> None:
    """Celery does not close it (CELERY_DB_REUSE_MAX). One that is too old goes, as after a request."""
    first = request()
    task: Any = SimpleNamespace(request=SimpleNamespace(is_eager=False))
    DjangoWorkerFixup(app).close_database()
    look_after_connections(task)
    assert wire().info.backend_pid == first
    connection.close_at = time.monotonic() - 1
    look_after_connections(task)
    assert connection.connection is None
