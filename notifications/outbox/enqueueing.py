"""Adding messages to the outbox, and sweeping up those that have no task."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from celery.utils.functional import chunks
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from redis import RedisError

from notifications.models import Message
from notifications.outbox.messages import OPEN
from notifications.outbox.tasks import CHUNK, QueuedMessage, enqueue_tasks, queued, without_task

log = logging.getLogger("idportal.outbox")

BATCH = 1000  # rows of one sweep; the next sweep follows in a minute


def enqueue(messages: Iterable[Message]) -> int:
    """Adds messages in the caller's transaction and delivers them after its commit; returns how many are new.

    A message whose key is in the outbox already is left out. A queue that is down undoes nothing: the sweep sends them.
    Raises TransactionManagementError outside of a transaction: a message belongs to its cause.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A message is queued in the transaction of its cause.")
    # In the order of the keys: two that queue the same messages wait for each other, but not in a circle.
    rows = sorted(messages, key=lambda message: message.key)
    Message.objects.bulk_create(rows, batch_size=CHUNK, ignore_conflicts=True)
    new: list[QueuedMessage] = []
    for batch in chunks(iter(rows), CHUNK):
        ours = Message.objects.filter(uid__in=[row.uid for row in batch])
        new += queued(ours.order_by("pk"))
    if new:
        transaction.on_commit(lambda: enqueue_tasks(new), robust=True)
    return len(new)


@dataclass(frozen=True, slots=True)
class Swept:
    """The result of a sweep: messages to be sent, how many of them the queue took, and how many expired."""

    found: int
    queued: int
    expired: int


def sweep(*, everything: bool = False) -> Swept:
    """Enqueues what is due and has no task, the BATCH that has waited longest; settles what is past its life.

    Two sweeps at once do no harm.

    ``everything``: enqueues all that is open, whether it has a task or not. A worker that finds its queue asks for it,
    since the queue may have been emptied. That is done once in OUTBOX_RETRY_AFTER seconds. A worker that asks sooner,
    because the queue comes and goes, makes no task count any more: this sweep and the next ones enqueue all anew.
    """
    now = timezone.now()
    messages, due = Message.objects.filter(state__in=OPEN), Q(next_try_at__lte=now)
    late = messages.filter(Q(state=Message.Status.WAITING) | due, useful_until__lte=now)
    if expired := late.update(state=Message.Status.EXPIRED, settled_at=now, claim=None):
        log.error("%d messages were not sent in their useful life", expired)
    if everything:
        if settings.CELERY_TASK_ALWAYS_EAGER or _pause(cache.add, 1):
            return Swept(found=messages.count(), queued=enqueue_tasks(_all(messages, now)), expired=expired)
        messages.filter(queued_at__isnull=False).update(queued_at=None)
    rows = list(queued(messages.filter(due, without_task(now)).order_by("next_try_at", "pk")[:BATCH]))
    return Swept(found=len(rows), queued=enqueue_tasks(rows), expired=expired)


def _all(messages: QuerySet[Message], now: datetime) -> Iterator[QueuedMessage]:
    """The messages without those that another process has enqueued since ``now``; reads a CHUNK at a time."""
    messages, last = messages.filter(Q(queued_at=None) | Q(queued_at__lte=now)).order_by("pk"), 0
    while batch := list(queued(messages.filter(pk__gt=last)[:CHUNK])):
        yield from batch
        last = batch[-1].pk
        _pause(cache.touch)  # the pause begins when the last is enqueued


def _pause(how: Callable[..., bool], *value: int) -> bool:
    """Begins (``cache.add``) or prolongs (``cache.touch``) the pause after a sweep of everything; False: it lasts.

    True if the cache is down: then nothing is held back.
    """
    try:
        return how("outbox-everything", *value, timeout=max(1, settings.OUTBOX_RETRY_AFTER))
    except RedisError as error:
        log.warning("the cache does not keep when the outbox was last handed over: %s", type(error).__name__)
        return True
