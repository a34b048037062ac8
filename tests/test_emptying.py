"""After a test that commits, its rows are gone, whatever refers to them, and what the migrations left is there."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from accounts.models import AuditEvent, User
from helpdesk.models import Ticket
from tests.emptying import KEPT, delete_all_rows
from tests.helpdesk.asked import an_agent, ask_for_number, taken
from tests.helpdesk.conftest import Register, register

__all__ = ["register"]  # a fixture of another folder

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite]


def test_all_rows_go_and_the_migrations_own_stay(register: Register) -> None:
    taken(ask_for_number(register), an_agent())
    assert Ticket.objects.exists()
    assert AuditEvent.objects.exists()
    kept = (ContentType.objects.count(), Permission.objects.count())
    delete_all_rows()
    with connection.cursor() as cursor:
        for table in set(connection.introspection.table_names()) - KEPT:
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")
            assert cursor.fetchone() == (0,), table
    assert not User.objects.exists()
    assert (ContentType.objects.count(), Permission.objects.count()) == kept
    assert min(kept) > 0
