"""Helpers for the tests of the outbox: messages, passing time, the only row."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from notifications import outbox
from notifications.models import Message
from notifications.outbox import delivery

CARIN = "carin@hemtjanst-ett.example"
NUMBER = "+46701740605"
DAY = timedelta(days=1)

State, Purpose = Message.Status, Message.Topic

_TIMES = ("created_at", "next_try_at", "queued_at", "useful_until", "settled_at")


def a_mail(**told: Any) -> Message:
    """A mail as anybody might send it; not in the outbox yet."""
    words: dict[str, Any] = {"purpose": Purpose.DIGEST, "to": CARIN, "subject": "Utgående lösenord", "text": "Hej!"}
    return outbox.mail(**{**words, "useful": DAY, **told})


def an_sms(**told: Any) -> Message:
    """An SMS as anybody might send it; not in the outbox yet."""
    words: dict[str, Any] = {"purpose": Purpose.EXPIRY_REMINDER, "to": NUMBER, "text": "Hej!", "useful": DAY}
    return outbox.sms(**{**words, **told})


def put(*messages: Message) -> int:
    """Queues them in a transaction of their own, which is committed; returns how many were new."""
    with transaction.atomic():
        return outbox.enqueue(messages)


def wait_in_the_outbox(messages: Iterable[Message]) -> list[int]:
    """Their ids, as after a commit with the queue down: nobody has been asked to send them."""
    return [row.pk for row in Message.objects.bulk_create(list(messages))]


def time_passes(**length: float) -> None:
    """Everything in the outbox becomes so much older. Arguments as timedelta's."""
    by = timedelta(**length)
    Message.objects.update(**{field: F(field) - by for field in _TIMES})


def only() -> Message:
    """The one row that there is."""
    return Message.objects.get()


def again() -> Message:
    """The one row, after another try at the time that was set for it."""
    message = only()
    assert message.state == State.WAITING, message.state
    time_passes(seconds=(message.next_try_at - message.created_at).total_seconds())
    delivery.deliver(message.pk)
    return only()


def in_clear() -> str:
    """All that somebody reads who has the database and not the keys."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM notifications_message")
        return str(cursor.fetchall())
