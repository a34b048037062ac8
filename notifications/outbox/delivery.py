"""Delivers a message: claims it, sends it outside of any transaction, and settles it in the process that claimed it."""

import logging
import random
import time
import uuid
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from accounts import companies
from idportal.channels import sms as gateways
from idportal.runtime.logs import masked
from idportal.text import one_line
from notifications.models import Message
from notifications.outbox import smtp as relay
from notifications.outbox import statements

log = logging.getLogger("idportal.outbox")

DATABASE_DOWN = (OperationalError, InterfaceError)
LONGEST_PAUSE = 3600  # seconds between two tries
MOST_UNCERTAIN = 2  # SMS to one receiver that may or may not have gone out
NOTING_TIMEOUT = 30.0  # seconds to wait for a database that restarts, to note what was sent

Status, Channel, Topic = Message.Status, Message.Channel, Message.Topic

TOGETHER = 4  # messages at most that have a task together

# By topic, what is asked before each try: None, if the receiver may have the message. Else it expires, and what is
# given is called in the same transaction, to enqueue what goes out in its place.
redirections: dict[str, Callable[[Message], Callable[[], object] | None]] = {}
REDIRECTED = "the receiver is no longer a recipient of the company; it goes to the present ones, or to the helpdesk"


def deliver(*message_ids: int) -> set[int]:
    """Sends the messages that are due and that no other worker has, one after the other, and notes the results.

    Returns the ids of those that are not settled. Call it outside of any transaction, since a server may take its time.
    Raises OperationalError or InterfaceError if the database is down. A message that was claimed by then may be tried
    again when the lease is over.
    """
    return set(message_ids) - {message.pk for message in _claim(*message_ids) if _deliver(message)}


def _deliver(message: Message) -> bool:
    """Returns whether it settled the message."""
    if message.useful_until <= timezone.now():
        log.error("message %d (%s) was not sent in its useful life", message.pk, message.purpose)
        return _settle(message, Status.EXPIRED, message.error)
    if _sent_often_enough(message):
        return _refuse(message, "nobody knows whether it went out, twice")
    return _try(message)


def _claim(*message_ids: int) -> list[Message]:
    """Those that are this caller's to send, of TOGETHER at most, SMS first. Of many callers at once one gets each."""
    now, claim = timezone.now(), uuid.uuid4()
    lease = now + timedelta(seconds=settings.OUTBOX_LEASE)
    claimed = statements.claim(message_ids, claim, now, lease)
    return sorted(claimed, key=lambda message: (message.kind != Channel.SMS, message.pk))


def _sent_often_enough(message: Message) -> bool:
    return message.kind == Channel.SMS and message.perhaps_sent >= MOST_UNCERTAIN


def _try(message: Message) -> bool:
    try:
        ask = redirections.get(message.purpose)
        if ask and (redirect := ask(message)):
            log.warning(
                "message %d (%s) is no longer for its receiver, and goes to others", message.pk, message.purpose
            )
            return _settle(message, Status.EXPIRED, REDIRECTED, also=redirect)
        if message.kind == Channel.MAIL:
            relay.send(message)
        elif gateways.fits(message.text):
            gateways.send(message.to, message.text)
        else:
            return _refuse(message, "it is no SMS of one segment")
    except (relay.MailError, gateways.SmsError) as error:
        return _failed(message, error)
    except Exception as error:  # unforeseen: noted by its type alone, since its words could hold anything
        log.error("message %d (%s) failed: %s", message.pk, message.purpose, type(error).__name__)
        return _later(message, type(error).__name__)
    return _settle(message, Status.SENT)


def _failed(message: Message, error: relay.MailError | gateways.SmsError) -> bool:
    if isinstance(error, gateways.SmsError) and error.perhaps_sent:
        message.perhaps_sent += 1
    if error.retry and not _sent_often_enough(message):
        level = logging.ERROR if isinstance(error, relay.SenderRefused) else logging.WARNING
        log.log(level, "message %d (%s) is tried again later: %s", message.pk, message.purpose, _words(error))
        return _later(message, error)
    return _refuse(message, error, bounced=isinstance(error, relay.Bounced))


def _later(message: Message, why: object) -> bool:
    """Back to the queue after a pause that doubles, and is up to a quarter shorter so that not all come at once."""
    doubled = max(1, settings.OUTBOX_RETRY_AFTER) * 2 ** min(message.attempts - 1, 12)
    pause = min(LONGEST_PAUSE, doubled) * random.uniform(0.75, 1)  # noqa: S311  spreads load, keeps no secret
    message.next_try_at = timezone.now() + timedelta(seconds=pause)
    _note(message, Status.WAITING, why)
    return False


def _refuse(message: Message, why: object, *, bounced: bool = False) -> bool:
    log.error("message %d (%s) was refused: %s", message.pk, message.purpose, _words(why))
    of_a_digest = message.purpose in (Topic.DIGEST, Topic.DIGEST_TO_HELPDESK)
    bounce = partial(companies.note_bounce, message.to, _words(why)) if bounced and of_a_digest else None
    return _settle(message, Status.REFUSED, why, also=bounce)


def _settle(
    message: Message, state: Message.Status, why: object = "", *, also: Callable[[], object] | None = None
) -> bool:
    message.settled_at = timezone.now()
    return _note(message, state, why, also)


def _note(message: Message, state: Message.Status, why: object, also: Callable[[], object] | None = None) -> bool:
    """Writes the result of a try, and calls ``also`` in the same transaction; returns False, and writes nothing, if
    another worker has taken the message over.

    Waits for a database that restarts, within the lease: a message that went out and isn't noted would go out twice.
    """
    message.state, message.error = state, _words(why)
    until = time.monotonic() + min(NOTING_TIMEOUT, settings.OUTBOX_LEASE / 2)
    pause = 0.1
    while True:
        try:
            with transaction.atomic() if also else nullcontext():
                done = statements.note(message)
                if done and also:
                    also()
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
            return done


def _words(why: object) -> str:
    """A server's words as the row and the log keep them: on one short line, without addresses and numbers."""
    return masked(one_line(str(why)))[:300]
