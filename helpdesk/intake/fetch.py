"""The helpdesk's mailbox, emptied into the queue: each mail is read, taken in, and only then moved (security.md M3).

A crash between two of these reads the same message again, and ``receive`` knows it. Two who fetch at once do no harm.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from helpdesk.intake import mime
from helpdesk.intake.receive import receive, unreadable
from helpdesk.models import MailboxRead
from idportal.mailbox import Fetched, Mailbox, MailboxError, open_mailbox

log = logging.getLogger("idportal.intake")

HANDLED, UNREADABLE = "Handled", "Unreadable"
BATCH = 500  # messages that are listed at a time
# Seconds after which a run leaves the rest to the next one, which beat starts each minute: so no two overlap, and the
# worker has time for what it delivers.
RUN = 45.0
MOST_TRIES = 3  # at reading one message: it may end the process each time, and be made to
MOST_IN_VAIN = 2  # messages of a run that the server would not show or move: with one more it is the server
MAILS_KEPT = timedelta(days=90)  # in the mailbox and in the database (security.md Q1)


@dataclass(frozen=True, slots=True)
class Fetch:
    """What a run did: mails taken in, those of them that nothing could read, and whether some are left for the next."""

    handled: int = 0
    unreadable: int = 0
    more: bool = False


def run(seconds: float = RUN) -> Fetch:
    """Takes in what lies in the mailbox, oldest first, for about so long.

    What could not be done with before comes last, so that it holds up nothing. Raises MailboxError, and
    OperationalError or InterfaceError if the database is down: what was not taken in lies where it lay. Without
    HELPDESK_MAILBOX there is nothing to do.
    """
    if not settings.HELPDESK_MAILBOX:
        return Fetch()
    until = time.monotonic() + seconds
    handled = odd = 0
    in_vain: list[MailboxError] = []
    with open_mailbox() as mailbox:
        failed = _failed()
        waiting = mailbox.waiting(BATCH + len(failed))
        for uid in sorted(waiting, key=lambda uid: (failed.get(str(uid), 0), uid)):
            if time.monotonic() > until:
                return Fetch(handled, odd, more=True)
            try:
                good = _take_up(mailbox, uid)
            except MailboxError as error:
                log.error("a message of the helpdesk's mailbox was not taken in: %s", error)
                in_vain.append(error)
                if len(in_vain) > MOST_IN_VAIN:  # it is not the message
                    raise
                continue
            if good is not None:
                handled, odd = handled + 1, odd + (not good)
    if in_vain:
        raise in_vain[0]
    _note(at=timezone.now(), failed={})
    return Fetch(handled, odd, more=len(waiting) >= BATCH)


def _failed() -> dict[str, int]:
    """How many times each message was taken up and not done with."""
    stand = MailboxRead.objects.filter(pk=1).first()
    return dict(stand.failed) if stand else {}


def _note(**how: object) -> None:
    MailboxRead.objects.update_or_create(pk=1, defaults=how)


def _take_up(mailbox: Mailbox, uid: int) -> bool | None:
    """Whether the message could be read; None if somebody else has it. It counts as failed until it is done with."""
    failed = _failed()
    tries = failed.get(str(uid), 0) + 1
    _note(failed={**failed, str(uid): tries})
    fetched = mailbox.read(uid, mime.MOST_BYTES)
    good = _take_in(mailbox, fetched, may_be_read=tries <= MOST_TRIES) if fetched else None
    _note(failed={key: count for key, count in _failed().items() if key != str(uid)})
    return good


def _take_in(mailbox: Mailbox, fetched: Fetched, *, may_be_read: bool) -> bool:
    """Whether it could be read. Its row is committed when it is moved."""
    good = may_be_read
    try:
        if may_be_read:
            good = not receive(fetched.raw, whole=fetched.size <= len(fetched.raw)).unreadable
        else:
            log.error("a mail was taken up %d times in vain: it becomes a request for somebody to look at", MOST_TRIES)
            unreadable(fetched.raw)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # a fault of ours must not stop the mails behind this one; its words may quote the mail
        log.error("a mail was not taken in as what it is: %s", type(error).__name__)
        unreadable(fetched.raw)
        good = False
    mailbox.move(fetched.uid, HANDLED if good else UNREADABLE)
    return good


def forget(now: datetime) -> int:
    """Deletes from the mailbox what was taken in so long ago that it is not kept; returns how many mails.

    A mailbox that does not answer is tried again the next day.
    """
    if not settings.HELPDESK_MAILBOX:
        return 0
    try:
        with open_mailbox() as mailbox:
            return sum(mailbox.forget(folder, now - MAILS_KEPT) for folder in (HANDLED, UNREADABLE))
    except MailboxError as error:
        log.error("old mails are still in the helpdesk's mailbox: %s", error)
        return 0
