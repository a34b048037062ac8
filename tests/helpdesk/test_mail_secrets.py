"""Some write a password into a mail: it is in no log, in no column in clear, and in nothing that the portal sends."""

import logging

import pytest
from django.db import connection

from helpdesk import retention
from helpdesk.models import Ticket
from notifications.models import Message
from tests.helpdesk.conftest import Register
from tests.helpdesk.mailing import FIELDS, a_mail, ticket_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server")]

CANARY = "Kanariefagel-4713!"


def everything() -> str:
    """All rows of all tables, as the database has them."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            found += [repr(row) for row in cursor.fetchall()]
    return "\n".join(found)


def test_what_a_mail_says_is_in_no_log_and_in_no_row_in_clear(
    register: Register, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    text = f"{FIELDS}\nHennes lösenord är {CANARY}"
    one = ticket_of(a_mail(text, subject=f"Koppla nytt mobil nr {CANARY}", sender=f'"{CANARY}" <x@example.net>'))
    ticket_of(a_mail(CANARY, subject=f"SV: {one.number} {CANARY}"))
    ticket_of(a_mail(CANARY, subject=CANARY))
    assert one.mails.first()
    assert CANARY in one.mails.get(outcome="opened").text, "an agent may read it"
    assert CANARY not in caplog.text
    assert CANARY not in everything()
    assert not any(CANARY in each.text + each.subject + each.html for each in Message.objects.all())
    assert "070-174 06 90" not in everything()


def test_new_keys_open_old_mails(register: Register) -> None:
    one = ticket_of(a_mail())
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM helpdesk_incomingmail")
        sealed = cursor.fetchone()
        retention.renew_keys()
        cursor.execute("SELECT text FROM helpdesk_incomingmail")
        assert cursor.fetchone() != sealed
    assert Ticket.objects.get(pk=one.pk).mails.get().text.startswith("Behörig beställare")
