"""The trail: security.md L1."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client

from accounts import audit, directory
from accounts.models import AuditEvent, Event
from deploy.local.cast import KARL, STEFAN
from tests.accounts.helpers import NEW_NUMBER_TYPED, NEW_PASSWORD, last, trail, wrong_for
from tests.conftest import Inbox, Walker, has_number

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("server")]


def event() -> AuditEvent:
    audit.record(Event.LOGIN_DONE, result="as it was")
    return AuditEvent.objects.get()


def test_l1_rows_can_not_be_changed() -> None:
    """L1: append-only, by whatever way the code might take."""
    row = event()
    row.result = "forged"
    ways = (
        row.save,
        row.delete,
        lambda: AuditEvent.objects.update(result="forged"),
        lambda: AuditEvent.objects.filter(pk=row.pk).update(result="forged"),
        lambda: AuditEvent.objects.all().delete(),
        lambda: AuditEvent.objects.bulk_update([row], ["result"]),
        lambda: AuditEvent.objects.update_or_create(pk=row.pk, defaults={"result": "forged"}),
    )
    for way in ways:
        with pytest.raises(TypeError, match="append-only"):
            way()
    assert AuditEvent.objects.get().result == "as it was"


def test_a_row_made_anew_with_the_same_id_overwrites_none() -> None:
    """L1: Django's save would update a row whose key exists already."""
    row = event()
    with pytest.raises(Exception, match=r"append-only|UNIQUE|unique"):
        AuditEvent(pk=row.pk, event=Event.LOGIN_DONE, result="forged").save()
    assert AuditEvent.objects.get().result == "as it was"


def test_l1_requested_attempted_and_done_are_apart(walker: Walker) -> None:
    """L1: for codes and for passwords; what was attempted and refused is not done."""
    has_number(STEFAN)
    walker.ask(STEFAN.username)
    walker.enter_code(wrong_for(walker.sms.code()))
    walker.enter_code()
    walker.choose("kort")
    walker.choose(STEFAN.password)
    walker.choose(NEW_PASSWORD)
    assert trail() == [
        *(Event.CODE_REQUESTED, Event.CODE_ATTEMPTED, Event.CODE_SENT, Event.CODE_REFUSED, Event.CODE_ACCEPTED),
        Event.PASSWORD_REFUSED,
        *(Event.PASSWORD_ATTEMPTED, Event.PASSWORD_REFUSED),
        *(Event.PASSWORD_ATTEMPTED, Event.SESSIONS_ENDED, Event.PASSWORD_DONE),
    ]
    results = list(AuditEvent.objects.filter(event=Event.PASSWORD_REFUSED).values_list("result", flat=True))
    assert results == ["broken rules, length, kinds", "in history"]


def test_each_row_says_who_whom_where_and_when(walker: Walker, sms: Inbox) -> None:
    """L1: UTC time, actor, subject, company, what, result, address."""
    account = directory.connect().find(KARL.username)
    assert account
    began = datetime.now(UTC)
    there = Walker(Client(REMOTE_ADDR="192.0.2.77"), sms)
    there.register(KARL, NEW_NUMBER_TYPED)
    for kind in (Event.LOGIN_DONE, Event.PHONE_REGISTERED):
        row = last(kind)
        assert (row.actor, row.subject, row.subject_name) == (account.id, account.id, KARL.username)
        assert (row.company, row.address) == (KARL.company, "192.0.2.77")
        assert row.at.tzinfo is UTC
        assert began <= row.at <= datetime.now(UTC)
    for kind in (Event.LOGIN_ATTEMPTED, Event.CODE_REQUESTED, Event.CODE_ACCEPTED):
        assert (last(kind).subject, last(kind).address) == (account.id, "192.0.2.77")
    there.ask(KARL.username)
    assert last(Event.CODE_REQUESTED).actor == "", "nobody has proved to be anyone"
    assert last(Event.CODE_ATTEMPTED).subject == account.id


def test_a_failed_log_in_is_attempted_and_refused(walker: Walker) -> None:
    """L1: with the account it was aimed at; the actor is nobody known."""
    walker.log_in(KARL, "fel")
    assert trail() == [Event.LOGIN_ATTEMPTED, Event.LOGIN_REFUSED]
    row = last(Event.LOGIN_REFUSED)
    assert (row.actor, row.subject_name, row.company, row.result) == ("", KARL.username, KARL.company, "wrong")


@pytest.mark.parametrize("typed", ["lovfinnsej1", "Hemligt-Losen-1", "någon@hemma.example"])
def test_what_was_typed_as_an_unknown_name_is_kept_nowhere(walker: Walker, typed: str) -> None:
    """L1, L2: people type passwords there. Not in the trail, not in any other row."""
    walker.ask(typed)
    walker.client.post("/registrera/", {"username": typed, "password": "fel"})
    assert trail() == [
        *(Event.CODE_REQUESTED, Event.CODE_WITHHELD),
        *(Event.LOGIN_ATTEMPTED, Event.LOGIN_REFUSED),
    ]
    for table in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{table}"')
            assert typed not in str(cursor.fetchall()), table


def test_the_trail_and_what_it_tells_come_together(walker: Walker) -> None:
    """style.md: a change, its row and its notice are one; an error in telling undoes all three."""
    from accounts.models import Phone
    from accounts.signals import phone_registered

    def fail(**_: object) -> None:
        raise RuntimeError("the outbox is full")

    walker.log_in(KARL)
    walker.give_number(NEW_NUMBER_TYPED)
    walker.client.raise_request_exception = False
    phone_registered.connect(fail)
    try:
        assert walker.enter_register_code().status_code == 500
    finally:
        phone_registered.disconnect(fail)
    assert (Phone.objects.count(), trail(Event.PHONE_REGISTERED, Event.CODE_ACCEPTED)) == (0, [])
    assert walker.enter_register_code()["Location"] == "/registrera/klart/", "the code was not lost"
