"""The outbox: a row in the transaction of its cause, delivered after commit, settled once.

A message goes out at least once: only a crash between the server's yes and the row's update makes a double, and a
mail's Message-ID, the same at each try, lets the receiver see that it is one. An SMS has none, so of those of which
nobody knows whether they went out, a second one is the last.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Case, F, Q, When
from django.db.models.expressions import CombinedExpression
from django.utils import timezone
from kombu.exceptions import OperationalError as QueueDown

from accounts.encryption import digest
from accounts.models import Company
from notifications.models import Message

log = logging.getLogger("idportal.outbox")

DATABASE_DOWN = (OperationalError, InterfaceError)

BATCH = 1000  # rows that one sweep takes on; the next one follows in a minute
CHUNK = 500  # rows in one query

State, Kind, Purpose = Message.State, Message.Kind, Message.Purpose
OPEN = (State.WAITING, State.SENDING)

# In the queue, 0 is first: a person waits for a code, one who just did something for a notice, nobody for a digest.
_PRIORITY = {Purpose.PHONE_REGISTERED: 3, Purpose.PHONE_REPLACED: 3, Purpose.PASSWORD_RESET: 3}
_LAST_PRIORITY = 6

Row = tuple[int, datetime, str]  # pk, when it may be tried, purpose


def mail(
    *,
    purpose: Message.Purpose,
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
    purpose: Message.Purpose,
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


def _message(kind: Message.Kind, to: str, begins: datetime, useful: timedelta, key: str) -> Message:
    made = Message(kind=kind, to=to, to_digest=receiver(kind, to), next_try_at=begins, useful_until=begins + useful)
    if key:
        made.key = key
    return made


def receiver(kind: str, to: str) -> str:
    """The digest by which all messages to one receiver are found; that of a number is the one of ``Phone``."""
    return digest(to, "number") if kind == Kind.SMS else digest(to.lower(), "mail address")


def queue(messages: Iterable[Message]) -> int:
    """Adds messages in the caller's transaction and delivers them after its commit; returns how many are new.

    What has a key that is there already is left out. A queue that is down undoes nothing: the sweep sends it later.
    Raises TransactionManagementError outside of a transaction: a message belongs to its cause.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A message is queued in the transaction of its cause.")
    # In the order of the keys: two that queue the same messages wait for each other, but not in a circle.
    rows = sorted(messages, key=lambda message: message.key)
    Message.objects.bulk_create(rows, batch_size=CHUNK, ignore_conflicts=True)
    new: list[Row] = []
    for begin in range(0, len(rows), CHUNK):
        ours = Message.objects.filter(uid__in=[row.uid for row in rows[begin : begin + CHUNK]])
        new += ours.order_by("pk").values_list("pk", "next_try_at", "purpose")
    if new:
        transaction.on_commit(lambda: _hand_over(new), robust=True)
    return len(new)


def _hand_over(rows: Iterable[Row]) -> int:
    """Puts a task for each into the queue, for the moment from which it may be tried; returns how many it took.

    Without a queue what lies ahead has nothing to wait in: it is the next sweep's.
    """
    from notifications.tasks import deliver

    now, count = timezone.now(), 0
    for message_id, at, purpose in rows:
        later: dict[str, Any] = {"eta": at} if at > now else {}
        try:
            if not (later and settings.CELERY_TASK_ALWAYS_EAGER):
                deliver.apply_async((message_id,), priority=_PRIORITY.get(Purpose(purpose), _LAST_PRIORITY), **later)
        except QueueDown as error:
            log.error("the queue is down (%s): messages wait for the sweep", type(error).__name__)
            break
        count += 1
    return count


def try_again(message: Message, at: datetime) -> None:
    """Asks for a message that waits to be tried at this time."""
    _hand_over([(message.pk, at, message.purpose)])


def look_again(message_id: int) -> None:
    """If somebody is at it, asks once more when the lease is over: it may be dead, or have lost its database."""
    at_it = Message.objects.filter(pk=message_id, state=State.SENDING)
    _hand_over(at_it.values_list("pk", lease_ends(), "purpose"))


def deliver(message_id: int) -> None:
    """Sends a message if it is due and nobody else is at it; see ``notifications.delivery``, which does it."""
    from notifications import delivery

    delivery.deliver(message_id)


def left_behind(now: datetime) -> Q:
    """What a worker claimed that has not been heard of since."""
    return Q(state=State.SENDING, claimed_at__lte=now - timedelta(seconds=settings.OUTBOX_LEASE))


def ready(now: datetime) -> Q:
    """What may be tried."""
    return Q(state=State.WAITING, next_try_at__lte=now) | left_behind(now)


def lease_ends() -> CombinedExpression:
    """When a message that is being sent may be taken over."""
    return F("claimed_at") + timedelta(seconds=settings.OUTBOX_LEASE)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found: messages to be sent, how many of them the queue took, and those it was too late for."""

    found: int
    queued: int
    expired: int


def sweep(*, everything: bool = False) -> Swept:
    """Queues what is due, and what a dead worker left; settles what is past its life. Two at once do no harm.

    Takes the BATCH that has waited longest. With ``everything``, all that is not settled, each for the moment when it
    may be tried: for a worker that has just found its queue, which may have been emptied.
    """
    now = timezone.now()
    late = Message.objects.filter(Q(state=State.WAITING) | left_behind(now), useful_until__lte=now)
    expired = late.update(state=State.EXPIRED, settled_at=now, claim=None, claimed_at=None)
    if expired:
        log.error("%d messages were not sent in their useful life", expired)
    rows = Message.objects.filter(state__in=OPEN) if everything else Message.objects.filter(ready(now))
    rows = rows.annotate(at=Case(When(state=State.SENDING, then=lease_ends()), default=F("next_try_at")))
    rows = rows.order_by("next_try_at", "pk")[: None if everything else BATCH]
    found = list(rows.values_list("pk", "at", "purpose"))
    return Swept(found=len(found), queued=_hand_over(found), expired=expired)


def one_line(text: str) -> str:
    """Without what could end a header or upset a database."""
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())
