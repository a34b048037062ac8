"""Puts messages into the outbox, and a task for each due one into the queue."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from celery import shared_task
from celery.utils.functional import chunks
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError as QueueDown

from accounts import audit
from accounts.models import Event, User
from idportal.runtime import written_sql
from notifications.models import OPEN, Message
from notifications.outbox import delivery

log = logging.getLogger("idportal.outbox")

CHUNK = 500  # rows in one query
BATCH = 1000  # rows of one sweep; the next sweep follows in a minute
# A worker drops a task this long after the message could be tried, and the sweep then makes a new one. So a message has
# about one task, however long a server is silent.
TASK_USEFUL = timedelta(hours=1)
RESENT_USEFUL = timedelta(days=1)

# A task waits in the queue for a database that restarts. Without a queue there is nothing to wait in.
WAIT: dict[str, Any] = {"max_retries": None, "retry_backoff": 2, "retry_backoff_max": 300}
WAIT["autoretry_for"] = () if settings.CELERY_TASK_ALWAYS_EAGER else delivery.DATABASE_DOWN

# In the queue, 0 is first. A person who has just done something waits for the notice; nobody waits for a digest.
_NOTICE_PRIORITY, _DIGEST_PRIORITY = 3, 6
_NOT_WAITED_FOR = (Message.Topic.DIGEST, Message.Topic.DIGEST_TO_HELPDESK, Message.Topic.EXPIRY_REMINDER)

Status = Message.Status


class Swept(NamedTuple):
    """The result of a sweep: messages to be sent, how many of them the queue took, and how many expired."""

    found: int
    queued: int
    expired: int


def enqueue(messages: Iterable[Message]) -> int:
    """Adds messages in the caller's transaction and delivers them after its commit; returns how many are new.

    A message whose key is in the outbox already is left out. A queue that is down undoes nothing: the sweep sends them.
    Raises TransactionManagementError outside of a transaction: a message belongs to its cause.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A message is queued in the transaction of its cause.")
    rows = list(messages)
    new = [row for row in rows if row.key is None]
    for row in new:
        row.queued_at = None if settings.CELERY_TASK_ALWAYS_EAGER else timezone.now()
    if 0 < len(new) <= delivery.TOGETHER:
        written_sql.add(*new)
    else:
        Message.objects.bulk_create(new, batch_size=CHUNK)
    # In the order of the keys: two that queue the same messages wait for each other, but not in a circle.
    once = sorted((row for row in rows if row.key is not None), key=lambda row: str(row.key))
    Message.objects.bulk_create(once, batch_size=CHUNK, ignore_conflicts=True)
    first: list[Message] = []
    for batch in chunks(iter(once), CHUNK):
        first += queued(Message.objects.filter(uid__in=[row.uid for row in batch]).order_by("pk"))

    def put() -> None:
        enqueue_tasks(first)
        without_task = [row.pk for row in new[enqueue_tasks(new, noted=True) :]]
        if without_task:
            Message.objects.filter(pk__in=without_task).update(queued_at=None)

    transaction.on_commit(put, robust=True)
    return len(new) + len(first)


def resend(ids: Collection[int], *, actor: User, address: str | None = None) -> int:
    """Sends the messages that were refused or expired again, each with its event in the trail; returns how many.

    They go out after the commit, with the same Message-ID, and are tried for RESENT_USEFUL. A message that was sent, is
    not settled or has no body any more stays as it is.
    """
    now = timezone.now()
    with transaction.atomic():
        found = Message.objects.select_for_update(of=("self",)).select_related("company").defer("to", "text", "html")
        # In the order of the keys, as all who lock several: two who do so wait for each other, but not in a circle.
        without_success = found.filter(pk__in=ids, state__in=(Status.REFUSED, Status.EXPIRED), blanked_at=None)
        rows = list(without_success.order_by("key", "pk"))
        people = {user.directory_id: user for user in User.objects.filter(directory_id__in={row.about for row in rows})}
        resent = Message.objects.filter(pk__in=[row.pk for row in rows])
        resent.update(
            state=Status.WAITING,
            attempts=0,
            perhaps_sent=0,
            next_try_at=now,
            queued_at=None,
            useful_until=now + RESENT_USEFUL,
            settled_at=None,
        )
        for row in rows:
            about = row.company or people.get(row.about)
            audit.record(Event.MESSAGE_SENT_AGAIN, about, actor=actor, result=f"message {row.pk}", address=address)
        transaction.on_commit(lambda: enqueue_tasks(queued(resent)), robust=True)
    return len(rows)


def sweep(*, everything: bool = False) -> Swept:
    """Enqueues what is due and has no task, the BATCH that has waited longest; settles what is past its life.

    Two sweeps at once do no harm.

    ``everything``: enqueues all that is open, whether it has a task or not. A worker that finds its queue asks for it,
    since the queue may have been emptied. That is done once in OUTBOX_RETRY_AFTER seconds. A worker that asks sooner,
    because the queue comes and goes, makes no task count any more: this sweep and the next ones enqueue all anew.
    """
    now = timezone.now()
    messages, due = Message.objects.filter(state__in=OPEN), Q(next_try_at__lte=now)
    late = messages.filter(Q(state=Status.WAITING) | due, useful_until__lte=now)
    if expired := late.update(state=Status.EXPIRED, settled_at=now, claim=None):
        log.error("%d messages were not sent in their useful life", expired)
    if everything:
        if settings.CELERY_TASK_ALWAYS_EAGER or _pause(cache.add, 1):
            return Swept(found=messages.count(), queued=enqueue_tasks(_all(messages, now)), expired=expired)
        messages.filter(queued_at__isnull=False).update(queued_at=None)
    # They got no task, a worker took it, or it is TASK_USEFUL old.
    old = now - TASK_USEFUL
    without_task = Q(queued_at=None) | Q(queued_at__lte=old, next_try_at__lte=old)
    rows = list(queued(messages.filter(due, without_task).order_by("next_try_at", "pk")[:BATCH]))
    return Swept(found=len(rows), queued=enqueue_tasks(rows), expired=expired)


def _all(messages: QuerySet[Message], now: datetime) -> Iterator[Message]:
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
    from redis import RedisError  # not by every process: it takes a tenth of a second

    try:
        return how("outbox-everything", *value, timeout=max(1, settings.OUTBOX_RETRY_AFTER))
    except RedisError as error:
        log.warning("the cache does not keep when the outbox was last handed over: %s", type(error).__name__)
        return True


@shared_task(name="notifications.tasks.deliver", **WAIT)
def deliver(*message_ids: int) -> None:
    """Sends messages of the outbox."""
    if left := delivery.deliver(*message_ids):
        # They wait for another try. Or another worker has them, which may be dead: the try is at the lease's end.
        enqueue_tasks(queued(Message.objects.filter(pk__in=left, state__in=OPEN, queued_at=None)))


def queued(messages: QuerySet[Message]) -> QuerySet[Message]:
    """With what a task is made of, as ``enqueue_tasks`` takes them."""
    return messages.only("next_try_at", "purpose", "attempts")


def enqueue_tasks(rows: Iterable[Message], *, noted: bool = False) -> int:
    """Makes a task for each message, for the moment at which it may be tried; returns how many messages the queue took.

    That they have one is noted with each, unless it is already.

    A few that may be tried now, as those about one change, have one task together.

    Without a queue, a message that may not be tried yet is left to the next sweep.
    """
    count = 0
    for batch in chunks(iter(rows), CHUNK):
        taken = _put(batch)
        count += len(taken)
        if not noted and not settings.CELERY_TASK_ALWAYS_EAGER:
            _note_queued(taken)
        if len(taken) < len(batch):
            break
    return count


def _put(rows: list[Message]) -> list[Message]:
    """Returns those that the queue took before it was down."""
    now = timezone.now()
    together = len(rows) <= delivery.TOGETHER and all(row.next_try_at <= now and _is_waited_for(row) for row in rows)
    taken: list[Message] = []
    for group in [rows] if together else [[row] for row in rows]:
        may_begin = group[0].next_try_at
        later: dict[str, Any] = {"eta": may_begin} if may_begin > now else {}
        if later and settings.CELERY_TASK_ALWAYS_EAGER:
            continue
        priority = _NOTICE_PRIORITY if _is_waited_for(group[0]) else _DIGEST_PRIORITY
        expires = max(may_begin, now) + TASK_USEFUL
        try:
            deliver.apply_async(tuple(row.pk for row in group), priority=priority, expires=expires, **later)
        except QueueDown as error:
            log.error("the queue is down (%s): messages wait for the sweep", type(error).__name__)
            return taken
        taken += group
    return rows


def _is_waited_for(row: Message) -> bool:
    return row.purpose not in _NOT_WAITED_FOR


def _note_queued(rows: list[Message]) -> None:
    """Notes that these have a task, except for those that a worker has claimed meanwhile: it has used theirs up."""
    now = timezone.now()
    for attempts in {row.attempts for row in rows}:  # a claim counts one more
        unchanged = [row.pk for row in rows if row.attempts == attempts]
        Message.objects.filter(pk__in=unchanged, attempts=attempts).update(queued_at=now)
