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
MAILS_KEPT = timedelta(days=90)  # in the mailbox and in the database (security.md Q1)


@dataclass(frozen=True, slots=True)
class Fetch:
    """What a run did: mails taken in, those of them that nothing could read, and whether some are left for the next."""

    handled: int = 0
    unreadable: int = 0
    more: bool = False


def run(seconds: float = RUN) -> Fetch:
    """Takes in what lies in the mailbox, oldest first, for about so long.

    Raises MailboxError, and OperationalError or InterfaceError if the database is down: what was not taken in lies
    where it lay. Without HELPDESK_MAILBOX there is nothing to do.
    """
    if not settings.HELPDESK_MAILBOX:
        return Fetch()
    until = time.monotonic() + seconds
    handled = odd = 0
    with open_mailbox() as mailbox:
        waiting = mailbox.waiting(BATCH)
        for uid in waiting:
            if time.monotonic() > until:
                return Fetch(handled, odd, more=True)
            fetched = mailbox.read(uid, mime.MOST_BYTES)
            if fetched is None:
                continue  # somebody else has it
            good = _take_in(mailbox, fetched)
            handled, odd = handled + 1, odd + (not good)
    MailboxRead.objects.update_or_create(pk=1, defaults={"at": timezone.now()})
    return Fetch(handled, odd, more=len(waiting) == BATCH)


def _take_in(mailbox: Mailbox, fetched: Fetched) -> bool:
    """Whether it could be read. Its row is committed when it is moved."""
    good = True
    try:
        mail = receive(fetched.raw, whole=fetched.size <= len(fetched.raw))
        good = not mail.unreadable
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # a fault of ours must not stop the mails behind this one; its words may quote the mail
        log.exception("a mail was not taken in as what it is: %s", type(error).__name__, exc_info=False)
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
