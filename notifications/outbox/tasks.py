"""The outbox's task, one for each message that is to be tried, and how messages get theirs."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from celery import shared_task
from celery.utils.functional import chunks
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError as QueueDown

from notifications.models import Message
from notifications.outbox import delivery
from notifications.outbox.messages import OPEN

log = logging.getLogger("idportal.outbox")

CHUNK = 500  # rows in one query
# A worker drops a task this long after the message could be tried, and the sweep then makes a new one. So a message has
# about one task, however long a server is silent.
TASK_USEFUL = timedelta(hours=1)
# For one message. The time limits of single answers don't bound a server that answers a little each second.
DEADLINE = 30  # seconds

# A task waits in the queue for a database that restarts. Without a queue there is nothing to wait in.
WAIT_FOR = () if settings.CELERY_TASK_ALWAYS_EAGER else delivery.DATABASE_DOWN

# In the queue, 0 is first. A person who has just done something waits for the notice; nobody waits for a digest.
_NOTICE_PRIORITY, _DIGEST_PRIORITY = 3, 6
_NOT_WAITED_FOR = (Message.Topic.DIGEST, Message.Topic.DIGEST_TO_HELPDESK, Message.Topic.EXPIRY_REMINDER)


class QueuedMessage(NamedTuple):
    """What a task is made of. ``at``: from when on the message may be tried."""

    pk: int
    at: datetime
    purpose: str


@shared_task(
    name="notifications.tasks.deliver",
    autoretry_for=WAIT_FOR,
    max_retries=None,
    retry_backoff=2,
    retry_backoff_max=300,
    soft_time_limit=DEADLINE,
)
def deliver(message_id: int) -> None:
    """Sends one message of the outbox. At DEADLINE it is interrupted (SoftTimeLimitExceeded) and tried again later."""
    if not delivery.deliver(message_id):
        # It waits for another try. Or another worker has it, which may be dead: then the try is at the lease's end.
        enqueue_tasks(queued(Message.objects.filter(pk=message_id, state__in=OPEN, queued_at=None)))


def queued(messages: QuerySet[Message]) -> Iterator[QueuedMessage]:
    """The messages as ``enqueue_tasks`` takes them."""
    return map(QueuedMessage._make, messages.values_list("pk", "next_try_at", "purpose"))


def without_task(now: datetime) -> Q:
    """The messages that have no task in the queue: they got none, a worker took it, or it is TASK_USEFUL old."""
    old = now - TASK_USEFUL
    return Q(queued_at=None) | Q(queued_at__lte=old, next_try_at__lte=old)


def enqueue_tasks(rows: Iterable[QueuedMessage]) -> int:
    """Makes a task for each message, for the moment at which it may be tried; returns how many the queue took.

    Without a queue, a message that may not be tried yet is left to the next sweep.
    """
    count = 0
    for batch in chunks(iter(rows), CHUNK):
        taken = _put(batch)
        count += len(taken)
        if not settings.CELERY_TASK_ALWAYS_EAGER:
            _note_queued(taken)
        if len(taken) < len(batch):
            break
    return count


def _put(rows: list[QueuedMessage]) -> list[QueuedMessage]:
    """Returns those that the queue took before it was down."""
    now = timezone.now()
    for place, row in enumerate(rows):
        later: dict[str, Any] = {"eta": row.at} if row.at > now else {}
        if later and settings.CELERY_TASK_ALWAYS_EAGER:
            continue
        priority = _DIGEST_PRIORITY if row.purpose in _NOT_WAITED_FOR else _NOTICE_PRIORITY
        try:
            deliver.apply_async((row.pk,), priority=priority, expires=max(row.at, now) + TASK_USEFUL, **later)
        except QueueDown as error:
            log.error("the queue is down (%s): messages wait for the sweep", type(error).__name__)
            return rows[:place]
    return rows


def _note_queued(rows: list[QueuedMessage]) -> None:
    """Notes that these have a task, except for those that a worker has claimed meanwhile: it has used theirs up."""
    with transaction.atomic():
        # A worker holds the row locked while it claims it, and a claim moves the next try.
        free = Message.objects.select_for_update(skip_locked=True).filter(pk__in=[row.pk for row in rows])
        next_try = dict(free.values_list("pk", "next_try_at"))
        unchanged = [row.pk for row in rows if next_try.get(row.pk) == row.at]
        Message.objects.filter(pk__in=unchanged).update(queued_at=timezone.now())
