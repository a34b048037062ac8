"""The outbox: a row in the transaction of its cause, delivered after commit, settled once.

A message goes out at least once: only a crash between the server's yes and the row's update makes a double, and a
mail's Message-ID, the same at each try, lets the receiver see that it is one. An SMS has none, so of those of which
nobody knows whether they went out, a second one is the last.
"""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Case, F, Q, When
from django.db.models.expressions import CombinedExpression
from django.utils import timezone
from kombu.exceptions import OperationalError as QueueDown

from accounts import companies
from accounts.encryption import digest
from accounts.models import Company
from idportal import sms as gateways
from idportal.logs import masked
from notifications import mail as relay
from notifications.models import Message

log = logging.getLogger("idportal.outbox")

DATABASE_DOWN = (OperationalError, InterfaceError)

LONGEST_PAUSE = 3600  # seconds between two tries
MOST_UNCERTAIN = 2  # SMS to one receiver that may have gone out, and nobody knows
BATCH = 1000  # rows that one sweep takes on; the next one follows in a minute
CHUNK = 500  # rows in one query
NOTING_TIMEOUT = 30.0  # seconds for which a restart of the database is waited out, to note what was sent

State, Kind, Purpose = Message.State, Message.Kind, Message.Purpose
OPEN = (State.WAITING, State.SENDING)

# In the queue, 0 is first: a person waits for a code, one who just did something for a notice, nobody for a digest.
_PRIORITY = {Purpose.PHONE_REGISTERED: 3, Purpose.PHONE_REPLACED: 3, Purpose.PASSWORD_RESET: 3}
_LAST_PRIORITY = 6

Row = tuple[int, datetime, str]  # pk, when it may be tried, purpose


class Unsendable(Exception):
    """What the message is stands against it, now and later."""

    retry = False


class Failure(Protocol):
    """An error that knows whether another try makes sense."""

    retry: bool


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
    made.subject = _one_line(subject)[:200]
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


# --- Delivery ------------------------------------------------------------------------------------


def deliver(message_id: int) -> None:
    """Sends a message if it is due and nobody else is at it, and notes what became of it.

    Outside of any transaction, since a server may take its time. Raises OperationalError or InterfaceError if the
    database is down; what was claimed by then is tried again when the lease is over.
    """
    message = _claim(message_id)
    if message is None:
        _look_again(message_id)
        return
    if message.useful_until <= timezone.now():
        log.error("message %d (%s) was not sent in its useful life", message.pk, message.purpose)
        _settle(message, State.EXPIRED, message.error)
    elif _sent_often_enough(message):
        _refuse(message, "nobody knows whether it went out, twice")
    else:
        _try(message)


def _left_behind(now: datetime) -> Q:
    """What a worker claimed that has not been heard of since."""
    return Q(state=State.SENDING, claimed_at__lte=now - timedelta(seconds=settings.OUTBOX_LEASE))


def _ready(now: datetime) -> Q:
    """What may be tried."""
    return Q(state=State.WAITING, next_try_at__lte=now) | _left_behind(now)


def _claim(message_id: int) -> Message | None:
    """The message, if it is this caller's to send: of many at the same time one gets it. Its body is not read yet."""
    now, claim = timezone.now(), uuid.uuid4()
    with transaction.atomic(durable=True):
        Message.objects.filter(_ready(now), pk=message_id).update(
            state=State.SENDING,
            claim=claim,
            claimed_at=now,
            attempts=F("attempts") + 1,
            perhaps_sent=F("perhaps_sent") + Case(When(state=State.SENDING, then=1), default=0),
        )
    return Message.objects.defer("to", "text", "html").filter(pk=message_id, claim=claim).first()


def _look_again(message_id: int) -> None:
    """If somebody is at it, asks once more when the lease is over: it may be dead, or have lost its database."""
    at_it = Message.objects.filter(pk=message_id, state=State.SENDING)
    _hand_over(at_it.values_list("pk", _lease_ends(), "purpose"))


def _lease_ends() -> CombinedExpression:
    return F("claimed_at") + timedelta(seconds=settings.OUTBOX_LEASE)


def _sent_often_enough(message: Message) -> bool:
    return message.kind == Kind.SMS and message.perhaps_sent >= MOST_UNCERTAIN


def _try(message: Message) -> None:
    try:
        message.refresh_from_db(fields=["to", "text", "html"])
        _send(message)
    except (relay.MailError, gateways.SmsError, Unsendable) as error:
        _failed(message, error)
    except Exception as error:  # of which nobody thought: by its type alone, since its words could hold anything
        log.error("message %d (%s) failed: %s", message.pk, message.purpose, type(error).__name__)
        _later(message, type(error).__name__)
    else:
        _settle(message, State.SENT)


def _send(message: Message) -> None:
    if message.kind == Kind.MAIL:
        relay.send(message)
        return
    try:
        gateways.send(message.to, message.text)
    except ValueError:
        raise Unsendable("it is no SMS of one segment") from None


def _failed(message: Message, error: relay.MailError | gateways.SmsError | Unsendable) -> None:
    if isinstance(error, gateways.SmsError) and error.perhaps_sent:
        message.perhaps_sent += 1
    if error.retry and not _sent_often_enough(message):
        log.warning("message %d (%s) is tried again later: %s", message.pk, message.purpose, _told(error))
        _later(message, str(error))
    else:
        _refuse(message, str(error), bounced=isinstance(error, relay.Bounced))


def _later(message: Message, why: str) -> None:
    """Back to the queue, after a pause that doubles; up to a quarter less, so that not all come back at once."""
    doubled = max(1, settings.OUTBOX_RETRY_AFTER) * 2 ** min(message.attempts - 1, 12)
    pause = min(LONGEST_PAUSE, doubled) * random.uniform(0.75, 1)  # noqa: S311  spreads load, keeps no secret
    at = timezone.now() + timedelta(seconds=pause)
    if _note(message, state=State.WAITING, next_try_at=at, error=_told(why)):
        _hand_over([(message.pk, at, message.purpose)])


def _refuse(message: Message, why: str, *, bounced: bool = False) -> None:
    log.error("message %d (%s) was refused: %s", message.pk, message.purpose, _told(why))
    digests = (Purpose.DIGEST, Purpose.DIGEST_TO_HELPDESK)
    bounces = message.to if bounced and message.purpose in digests else ""
    _settle(message, State.REFUSED, why, bounces=bounces)


def _settle(message: Message, state: Message.State, why: str = "", *, bounces: str = "") -> None:
    _note(message, bounces=bounces, state=state, settled_at=timezone.now(), error=_told(why))


def _note(message: Message, *, bounces: str = "", **changes: Any) -> bool:
    """Writes what became of a try, if nobody else has taken the message over meanwhile; says whether it did.

    A database that restarts is waited for, within the lease: what went out and isn't noted would go out twice.
    """
    until = time.monotonic() + min(NOTING_TIMEOUT, settings.OUTBOX_LEASE / 2)
    pause = 0.1
    while True:
        try:
            with transaction.atomic():
                own = Message.objects.filter(pk=message.pk, state=State.SENDING, claim=message.claim)
                done = own.update(claim=None, claimed_at=None, perhaps_sent=message.perhaps_sent, **changes)
                if done and bounces:
                    companies.note_bounce(bounces, changes["error"])
        except DATABASE_DOWN as error:
            if time.monotonic() + pause > until:
                log.error("what became of message %d is not noted: %s", message.pk, type(error).__name__)
                raise
            connection.close()
            time.sleep(pause)
            pause *= 2
        else:
            if not done:
                log.warning("message %d was taken over by another while it was being sent", message.pk)
            return bool(done)


def _told(why: object) -> str:
    """The words of a server as they are kept: on one line, without addresses and numbers, and not for ever."""
    return masked(_one_line(str(why)))[:300]


def _one_line(text: str) -> str:
    """Without what could end a header or upset a database."""
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())


# --- What was left behind ------------------------------------------------------------------------


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
    late = Message.objects.filter(Q(state=State.WAITING) | _left_behind(now), useful_until__lte=now)
    expired = late.update(state=State.EXPIRED, settled_at=now, claim=None, claimed_at=None)
    if expired:
        log.error("%d messages were not sent in their useful life", expired)
    rows = Message.objects.filter(state__in=OPEN) if everything else Message.objects.filter(_ready(now))
    rows = rows.annotate(at=Case(When(state=State.SENDING, then=_lease_ends()), default=F("next_try_at")))
    rows = rows.order_by("next_try_at", "pk")[: None if everything else BATCH]
    found = list(rows.values_list("pk", "at", "purpose"))
    return Swept(found=len(found), queued=_hand_over(found), expired=expired)
