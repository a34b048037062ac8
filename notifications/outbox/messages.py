"""The outbox: a row in the transaction of its cause, delivered after commit, settled once.

What is settled stays so, unless an administrator has it sent again (``notifications.outbox.resending``).

A message goes out at least once: only a crash between the server's yes and the row's update makes a double, and a
mail's Message-ID, the same at each try, lets the receiver see that it is one. An SMS has none, so of those of which
nobody knows whether they went out, a second one is the last.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from redis import RedisError

from accounts.encryption import digest
from accounts.models import Company
from notifications.models import Message
from notifications.outbox.enqueueing import QueuedMessage, enqueue_tasks, rows_of, without_task

log = logging.getLogger("idportal.outbox")

DATABASE_DOWN = (OperationalError, InterfaceError)

BATCH = 1000  # rows that one sweep takes on; the next one follows in a minute
CHUNK = 500  # rows in one query
State, Kind, Purpose = Message.Status, Message.Channel, Message.Topic
OPEN = (State.WAITING, State.SENDING)


def mail(
    *,
    purpose: Message.Topic,
    to: str,
    subject: str,
    text: str,
    html: str = "",
    useful: timedelta,
    key: str = "",
    company: Company | None = None,
    about: str = "",
) -> Message:
    """A mail to one address, not yet saved. ``useful`` from now on: after that it is not sent any more.

    ``key`` names what it is about, of which there is to be one mail only; "": it is about nothing else than itself.
    ``about`` is the directory id of the one person it is about.
    """
    made = _message(Kind.MAIL, to, timezone.now(), useful, key)
    made.purpose, made.text, made.html, made.company, made.about = purpose, text, html, company, about
    made.subject = one_line(subject)[:200]
    return made


def sms(
    *,
    purpose: Message.Topic,
    to: str,
    text: str,
    useful: timedelta,
    key: str = "",
    about: str = "",
    not_before: datetime | None = None,
) -> Message:
    """An SMS to a number (E.164), not yet saved. It waits until ``not_before``, and is useful so long from then on."""
    now = timezone.now()
    made = _message(Kind.SMS, to, max(now, not_before or now), useful, key)
    made.purpose, made.text, made.about = purpose, text, about
    return made


def _message(kind: Message.Channel, to: str, begins: datetime, useful: timedelta, key: str) -> Message:
    made = Message(kind=kind, to=to, to_digest=receiver(kind, to), next_try_at=begins, useful_until=begins + useful)
    if key:
        made.key = key
    return made


def receiver(kind: str, to: str) -> str:
    """The digest by which all messages to one receiver are found; that of a number is the one of ``Phone``."""
    return digest(to, "number") if kind == Kind.SMS else digest(to.lower(), "mail address")


def enqueue(messages: Iterable[Message]) -> int:
    """Adds messages in the caller's transaction and delivers them after its commit; returns how many are new.

    What has a key that is there already is left out. A queue that is down undoes nothing: the sweep sends it later.
    Raises TransactionManagementError outside of a transaction: a message belongs to its cause.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A message is queued in the transaction of its cause.")
    # In the order of the keys: two that queue the same messages wait for each other, but not in a circle.
    rows = sorted(messages, key=lambda message: message.key)
    Message.objects.bulk_create(rows, batch_size=CHUNK, ignore_conflicts=True)
    new: list[QueuedMessage] = []
    for begin in range(0, len(rows), CHUNK):
        ours = Message.objects.filter(uid__in=[row.uid for row in rows[begin : begin + CHUNK]])
        new += rows_of(ours.order_by("pk"))
    if new:
        transaction.on_commit(lambda: enqueue_tasks(new), robust=True)
    return len(new)


def retry(message: Message, at: datetime) -> None:
    """Asks for a message that waits to be tried at this time."""
    enqueue_tasks([QueuedMessage(message.pk, at, message.purpose, State.WAITING)])


def recheck(message_id: int) -> None:
    """If somebody is at it, asks once more when the lease is over: it may be dead, or have lost its database."""
    enqueue_tasks(rows_of(Message.objects.filter(pk=message_id, state=State.SENDING, queued_at=None)))


def deliver(message_id: int) -> None:
    """Sends a message if it is due and nobody else is at it; see ``notifications.outbox.delivery``, which does it."""
    from notifications.outbox import delivery

    delivery.deliver(message_id)


def left_behind(now: datetime) -> Q:
    """What a worker claimed that has not been heard of since."""
    return Q(state=State.SENDING, claimed_at__lte=now - timedelta(seconds=settings.OUTBOX_LEASE))


def ready(now: datetime) -> Q:
    """What may be tried."""
    return Q(state=State.WAITING, next_try_at__lte=now) | left_behind(now)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found: messages to be sent, how many of them the queue took, and those it was too late for."""

    found: int
    queued: int
    expired: int


def sweep(*, everything: bool = False) -> Swept:
    """Queues what is due, and what a dead worker left; settles what is past its life. Two at once do no harm.

    Takes the BATCH that has waited longest of those that have no task in the queue: the next sweep takes the next.

    With ``everything``, all that is not settled, each for the moment when it may be tried, whether it has a task or
    not: for a worker that has just found its queue, which may have been emptied. Between two of that kind
    OUTBOX_RETRY_AFTER (a minute) passes, however often the queue comes and goes: for whoever asks sooner nothing counts
    as queued any more, and it is this sweep and those of the next minutes that take it up.
    """
    now = timezone.now()
    late = Message.objects.filter(Q(state=State.WAITING) | left_behind(now), useful_until__lte=now)
    expired = late.update(state=State.EXPIRED, settled_at=now, claim=None, claimed_at=None)
    if expired:
        log.error("%d messages were not sent in their useful life", expired)
    open_ = Message.objects.filter(state__in=OPEN)
    if everything and _may_hand_over_everything():
        return Swept(found=open_.count(), queued=enqueue_tasks(_all_of(open_, now)), expired=expired)
    if everything:
        open_.filter(queued_at__isnull=False).update(queued_at=None)
    due = Message.objects.filter(ready(now), without_task(now)).order_by("next_try_at", "pk")
    rows = list(rows_of(due[:BATCH]))
    return Swept(found=len(rows), queued=enqueue_tasks(rows), expired=expired)


def _all_of(messages: QuerySet[Message], now: datetime) -> Iterator[QueuedMessage]:
    """A CHUNK at a time, without what others have handed over since ``now``."""
    messages, last = messages.filter(Q(queued_at=None) | Q(queued_at__lte=now)).order_by("pk"), 0
    while some := list(rows_of(messages.filter(pk__gt=last)[:CHUNK])):
        yield from some
        last = some[-1].pk
        _remember(cache.touch)


def _may_hand_over_everything() -> bool:
    """Whether nobody is at it, or has just been. A cache that was emptied with the queue does not stand in the way."""
    return settings.CELERY_TASK_ALWAYS_EAGER or _remember(cache.add, 1)


def _remember(how: Callable[..., bool], *value: int) -> bool:
    """Keeps in mind for a pause that everything was handed over. True if the cache is down: nothing is held back."""
    try:
        return how("outbox-everything", *value, timeout=max(1, settings.OUTBOX_RETRY_AFTER))
    except RedisError as error:
        log.warning("the cache does not keep when the outbox was last handed over: %s", type(error).__name__)
        return True


def one_line(text: str) -> str:
    """Without what could end a header or upset a database."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable())
