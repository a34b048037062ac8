"""Delivery of the outbox: a message is claimed, sent outside of any transaction, and settled by whoever claimed it."""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Case, F, When
from django.utils import timezone

from accounts import companies
from idportal import sms as gateways
from idportal.logs import masked
from notifications import outbox
from notifications.digests.receivers import for_others, is_to_nobody
from notifications.models import Message
from notifications.outbox import smtp as relay

log = logging.getLogger("idportal.outbox")

LONGEST_PAUSE = 3600  # seconds between two tries
MOST_UNCERTAIN = 2  # SMS to one receiver that may have gone out, and nobody knows
NOTING_TIMEOUT = 30.0  # seconds for which a restart of the database is waited out, to note what was sent

State, Kind, Purpose = Message.Status, Message.Channel, Message.Topic


class Unsendable(Exception):
    """What the message is stands against it, now and later."""

    retry = False


def deliver(message_id: int) -> None:
    """Sends a message if it is due and nobody else is at it, and notes what became of it.

    Outside of any transaction, since a server may take its time. Raises OperationalError or InterfaceError if the
    database is down; what was claimed by then is tried again when the lease is over.
    """
    message = _claim(message_id)
    if message is None:
        outbox.recheck(message_id)
        return
    if message.useful_until <= timezone.now():
        log.error("message %d (%s) was not sent in its useful life", message.pk, message.purpose)
        _settle(message, State.EXPIRED, message.error)
    elif _sent_often_enough(message):
        _refuse(message, "nobody knows whether it went out, twice")
    else:
        _try(message)


def _claim(message_id: int) -> Message | None:
    """The message, if it is this caller's to send: of many at the same time one gets it. Its body is not read yet."""
    now, claim = timezone.now(), uuid.uuid4()
    with transaction.atomic(durable=True):
        Message.objects.filter(outbox.ready(now), pk=message_id).update(
            state=State.SENDING,
            claim=claim,
            claimed_at=now,
            queued_at=None,
            attempts=F("attempts") + 1,
            perhaps_sent=F("perhaps_sent") + Case(When(state=State.SENDING, then=1), default=0),
        )
    return Message.objects.defer("to", "text", "html").filter(pk=message_id, claim=claim).first()


def _sent_often_enough(message: Message) -> bool:
    return message.kind == Kind.SMS and message.perhaps_sent >= MOST_UNCERTAIN


def _try(message: Message) -> None:
    try:
        message.refresh_from_db(fields=["to", "text", "html"])
        astray = is_to_nobody(message)
        if not astray:
            _send(message)
    except (relay.MailError, gateways.SmsError, Unsendable) as error:
        _failed(message, error)
    except Exception as error:  # of which nobody thought: by its type alone, since its words could hold anything
        log.error("message %d (%s) failed: %s", message.pk, message.purpose, type(error).__name__)
        _later(message, type(error).__name__)
    else:
        if astray:
            _to_others(message)
        else:
            _settle(message, State.SENT)


def _to_others(message: Message) -> None:
    """Instead of a digest to somebody who is no recipient any more: the same to those who are, or to the helpdesk."""
    log.warning("message %d (%s) is no longer for its receiver, and goes to others", message.pk, message.purpose)
    why = "the receiver is no longer a recipient of the company; it goes to the present ones, or to the helpdesk"
    _settle(message, State.EXPIRED, why, also=lambda: outbox.enqueue(for_others(message)))


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
        level = logging.ERROR if isinstance(error, relay.SenderRefused) else logging.WARNING
        log.log(level, "message %d (%s) is tried again later: %s", message.pk, message.purpose, _told(error))
        _later(message, str(error))
    else:
        _refuse(message, str(error), bounced=isinstance(error, relay.Bounced))


def _later(message: Message, why: str) -> None:
    """Back to the queue, after a pause that doubles; up to a quarter less, so that not all come back at once."""
    doubled = max(1, settings.OUTBOX_RETRY_AFTER) * 2 ** min(message.attempts - 1, 12)
    pause = min(LONGEST_PAUSE, doubled) * random.uniform(0.75, 1)  # noqa: S311  spreads load, keeps no secret
    at = timezone.now() + timedelta(seconds=pause)
    if _note(message, state=State.WAITING, next_try_at=at, error=_told(why)):
        outbox.retry(message, at)


def _refuse(message: Message, why: str, *, bounced: bool = False) -> None:
    log.error("message %d (%s) was refused: %s", message.pk, message.purpose, _told(why))
    of_a_digest = message.purpose in (Purpose.DIGEST, Purpose.DIGEST_TO_HELPDESK)
    bounce = partial(companies.note_bounce, message.to, _told(why)) if bounced and of_a_digest else None
    _settle(message, State.REFUSED, why, also=bounce)


def _settle(
    message: Message, state: Message.Status, why: str = "", *, also: Callable[[], object] | None = None
) -> None:
    _note(message, also, state=state, settled_at=timezone.now(), error=_told(why))


def _note(message: Message, also: Callable[[], object] | None = None, **changes: Any) -> bool:
    """Writes what became of a try, if nobody else has taken the message over meanwhile; says whether it did.

    What is to be done ``also`` is done in the same transaction. A database that restarts is waited for, within the
    lease: what went out and isn't noted would go out twice.
    """
    until = time.monotonic() + min(NOTING_TIMEOUT, settings.OUTBOX_LEASE / 2)
    pause = 0.1
    while True:
        try:
            with transaction.atomic():
                own = Message.objects.filter(pk=message.pk, state=State.SENDING, claim=message.claim)
                done = own.update(
                    claim=None, claimed_at=None, queued_at=None, perhaps_sent=message.perhaps_sent, **changes
                )
                if done and also:
                    also()
        except outbox.DATABASE_DOWN as error:
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
    return masked(outbox.one_line(str(why)))[:300]
