"""From the outbox to the queue: a task for each message, and which messages have one."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, When
from django.db.models.expressions import CombinedExpression
from django.utils import timezone
from kombu.exceptions import OperationalError as QueueDown

from notifications.models import Message

log = logging.getLogger("idportal.outbox")

CHUNK = 500  # rows in one query
# How long a task is worth something from the moment on for which it was handed over: a worker drops what is older, and
# the sweep hands the row over anew. So a row has about one task, however long a server is silent.
TASK_USEFUL = timedelta(hours=1)

State, Purpose = Message.Status, Message.Topic

# In the queue, 0 is first. Whoever has just done something waits for its notice, nobody for a digest.
_NOTICE_PRIORITY, _DIGEST_PRIORITY = 3, 6
_NOBODY_WAITS = (Purpose.DIGEST, Purpose.DIGEST_TO_HELPDESK, Purpose.EXPIRY_REMINDER)


class QueuedMessage(NamedTuple):
    """What a task is made of. ``at``: from when on the message may be tried."""

    pk: int
    at: datetime
    purpose: str
    state: str


def lease_ends() -> CombinedExpression:
    """When a message that is being sent may be taken over."""
    return F("claimed_at") + timedelta(seconds=settings.OUTBOX_LEASE)


def rows_of(messages: QuerySet[Message]) -> Iterator[QueuedMessage]:
    """Each with the moment from which it may be tried: what is being sent, if it still is when the lease is over."""
    at = Case(When(state=State.SENDING, then=lease_ends()), default=F("next_try_at"))
    return map(QueuedMessage._make, messages.annotate(at=at).values_list("pk", "at", "purpose", "state"))


def without_task(now: datetime) -> Q:
    """What has no task in the queue, as far as is known: none was handed over, or it is of no more use by now.

    ``queued_at`` is None from the moment on in which a worker claims the message: its task has been used up.
    """
    old = now - TASK_USEFUL
    for_then = Q(state=State.WAITING, next_try_at__lte=old)
    for_then |= Q(state=State.SENDING, claimed_at__lte=old - timedelta(seconds=settings.OUTBOX_LEASE))
    return Q(queued_at=None) | Q(for_then, queued_at__lte=old)


def enqueue_tasks(rows: Iterable[QueuedMessage]) -> int:
    """Puts a task for each into the queue, for the moment from which it may be tried; returns how many it took.

    Without a queue what lies ahead has nothing to wait in: it is the next sweep's.
    """
    left, count = iter(rows), 0
    while some := list(islice(left, CHUNK)):
        taken = _put(some)
        count += len(taken)
        if not settings.CELERY_TASK_ALWAYS_EAGER:
            _note_handed_over(taken)
        if len(taken) < len(some):
            break
    return count


def _put(rows: list[QueuedMessage]) -> list[QueuedMessage]:
    """Those that the queue took: all, or as many as it did before it was down."""
    from notifications.tasks import deliver

    now = timezone.now()
    for place, row in enumerate(rows):
        later: dict[str, Any] = {"eta": row.at} if row.at > now else {}
        useful = max(row.at, now) + TASK_USEFUL
        try:
            if not (later and settings.CELERY_TASK_ALWAYS_EAGER):
                priority = _DIGEST_PRIORITY if row.purpose in _NOBODY_WAITS else _NOTICE_PRIORITY
                deliver.apply_async((row.pk,), priority=priority, expires=useful, **later)
        except QueueDown as error:
            log.error("the queue is down (%s): messages wait for the sweep", type(error).__name__)
            return rows[:place]
    return rows


def _note_handed_over(rows: list[QueuedMessage]) -> None:
    """But for those that a worker has taken up meanwhile: their tasks are done with. It holds what it is at locked."""
    for state in {row.state for row in rows}:
        ours = Message.objects.filter(pk__in=[row.pk for row in rows if row.state == state], state=state)
        with transaction.atomic():
            free = list(ours.select_for_update(skip_locked=True).values_list("pk", flat=True))
            Message.objects.filter(pk__in=free).update(queued_at=timezone.now())
