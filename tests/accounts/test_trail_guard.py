"""The trail is append-only for the database user of web and workers, and each event is a line of the log (L3)."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts import audit, limits
from accounts.management.erasing import ANYBODYS
from accounts.models import AuditEvent, Event, User
from deploy.local.databases import PORTAL
from idportal.runtime.logs import JsonFormatter

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite]

TABLE = "accounts_auditevent"


def at_age(age: timedelta, event: Event = Event.LOGIN_DONE, actor: str = "somebody") -> AuditEvent:
    return AuditEvent.objects.create(event=event, at=timezone.now() - age, actor=actor)


def refused(statement: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError:
        return True
    return False


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {TABLE} SET result = 'forged'",
        f"UPDATE {TABLE} SET at = '2020-01-01T00:00:00Z'",
        f"DELETE FROM {TABLE}",
        f"INSERT INTO {TABLE} SELECT * FROM {TABLE} WHERE true ON CONFLICT (id) DO UPDATE SET result = 'forged'",
    ],
)
def test_l3_no_statement_changes_or_deletes_an_event(statement: str) -> None:
    """Past the ORM, as the user that web and workers have."""
    at_age(timedelta())
    before = AuditEvent.objects.values().get()
    assert refused(statement)
    assert AuditEvent.objects.values().get() == before


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "statement",
    [
        f"TRUNCATE {TABLE}",
        f"DROP TRIGGER append_only ON {TABLE}",
        f"ALTER TABLE {TABLE} DISABLE TRIGGER ALL",
        f"ALTER TABLE {TABLE} ADD extra int",
        f"DROP TABLE {TABLE}",
        f"CREATE RULE nothing AS ON INSERT TO {TABLE} DO INSTEAD NOTHING",
        "CREATE OR REPLACE FUNCTION accounts_auditevent_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN END $$",
        "DROP FUNCTION accounts_auditevent_guard() CASCADE",
        "SET session_replication_role = replica",
        "CREATE TABLE of_ones_own (id int)",
        f"GRANT ALL ON {TABLE} TO {PORTAL}; UPDATE {TABLE} SET result = 'forged'",
    ],
)
def test_l3_the_portals_role_can_not_lift_the_guard(statement: str) -> None:
    at_age(timedelta())
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == (PORTAL,), "the suite runs as the lesser role"
    assert refused(statement)
    assert refused(f"DELETE FROM {TABLE}")
    assert AuditEvent.objects.get().result == ""


def deleted(row: AuditEvent) -> bool:
    return not refused(f"DELETE FROM {TABLE} WHERE id = {row.pk}")


def test_l3_what_retention_deletes_may_go_and_nothing_younger() -> None:
    day = timedelta(days=1)
    assert deleted(at_age(limits.AUDIT_KEPT))
    assert not deleted(at_age(limits.AUDIT_KEPT - 2 * day))
    for event in ANYBODYS:
        assert deleted(at_age(limits.NOBODYS_KEPT, event, actor=""))
        assert not deleted(at_age(limits.NOBODYS_KEPT - 2 * day, event, actor=""))
        assert not deleted(at_age(limits.NOBODYS_KEPT, event))
    for event in set(Event) - set(ANYBODYS):
        assert not deleted(at_age(limits.NOBODYS_KEPT + day, event, actor=""))


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the log is told, as it is written."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


def events_in(lines: io.StringIO) -> list[dict[str, object]]:
    found = [json.loads(line) for line in lines.getvalue().splitlines()]
    return [line for line in found if line["logger"] == "idportal.audit"]


def test_l3_each_committed_event_is_one_line_of_the_log(lines: io.StringIO) -> None:
    user = User.objects.create(directory_id="7f0c1a52-0469-4c30-8f6e-000000000001", username="lovstlin32")
    with transaction.atomic():
        audit.record(Event.LOGIN_DONE, user, actor=user, result="a@example.com 0701740605", address="192.0.2.7")
        assert events_in(lines) == [], "nothing is told of what may be taken back"
    row = AuditEvent.objects.get()
    [line] = events_in(lines)
    assert (line["message"], line["event"], line["actor"]) == ("login done", row.pk, user.directory_id)
    assert (line["subject"], line["company"], line["address"]) == (user.directory_id, "", "192.0.2.7")
    assert line["result"] == "<address> <number>"
    assert "lovstlin32" not in lines.getvalue()


def test_l3_what_is_taken_back_is_no_line(lines: io.StringIO) -> None:
    with transaction.atomic():
        audit.record(Event.LOGIN_DONE)
        transaction.set_rollback(True)
    assert (events_in(lines), AuditEvent.objects.count()) == ([], 0)
