"""The helpdesk's mailbox, emptied into the queue: each mail is read, taken in, and only then moved (security.md M3).

A crash between two of these reads the same message again, and ``receive`` knows it. Two who fetch at once do no harm.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import F
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.encryption import token_digest
from accounts.limits import MAILS_KEPT
from helpdesk.intake import mime
from helpdesk.intake.receive import receive, unreadable
from helpdesk.models import MailboxRead, ReadAttempt
from helpdesk.tickets.creating import create_by_portal
from idportal.mailbox import Fetched, Mailbox, MailboxError, open_mailbox

log = logging.getLogger("idportal.intake")

HANDLED, UNREADABLE = "Handled", "Unreadable"
BATCH = 500  # messages that are listed at a time
# Seconds after which a run leaves the rest to the next one, which beat starts each minute: so no two overlap, and the
# worker has time for what it delivers.
RUN = 45.0
# At one message: it may end the process that reads it, and be made to; or the server may not give it away.
MOST_TRIES = 3
MOST_IN_VAIN = 2  # messages of a run that the server would not show or move: with one more it is the server


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
        before = {row.message: (row.died, row.refused) for row in ReadAttempt.objects.all()}
        most = BATCH + len(before)
        waiting = [(token_digest(mailbox.name_of(uid)), uid) for uid in mailbox.waiting(most)]
        # The oldest first, and last what was taken up before.
        for message, uid in sorted(waiting, key=lambda each: (before.get(each[0], (0, 0)), each[1])):
            if time.monotonic() > until:
                return Fetch(handled, odd, more=True)
            try:
                good = _take_up(mailbox, uid, message)
            except _Known:
                continue
            except MailboxError as error:
                in_vain.append(error)
                if len(in_vain) > MOST_IN_VAIN:  # it is not the message
                    raise
                continue
            if good is not None:
                handled, odd = handled + 1, odd + (not good)
    if in_vain:
        raise in_vain[0]
    more = len(waiting) >= most
    if not more:
        MailboxRead.objects.update_or_create(pk=1, defaults={"at": timezone.now()})
    return Fetch(handled, odd, more=more)


class _Known(Exception):
    """The server does not give a message away, and somebody has been told so."""


def _take_up(mailbox: Mailbox, uid: int, message: str) -> bool | None:
    """Whether the message could be read; None if somebody else has it. Raises as ``run``, and _Known."""
    row, _new = ReadAttempt.objects.get_or_create(message=message)
    mine = ReadAttempt.objects.filter(pk=row.pk)
    mine.update(died=F("died") + 1, at=timezone.now())  # committed: whoever ends here leaves it so
    try:
        fetched = mailbox.read(uid, mime.MOST_BYTES)
        good = _take_in(mailbox, fetched, may_be_read=row.died < MOST_TRIES) if fetched else None
    except MailboxError as error:
        log.error("a message of the helpdesk's mailbox was not taken in: %s", error)
        mine.update(died=row.died, refused=F("refused") + 1)
        if row.refused + 1 < MOST_TRIES:
            raise
        if row.refused + 1 == MOST_TRIES:
            _tell_of_refused()
        raise _Known from error
    except (OperationalError, InterfaceError):
        with suppress(OperationalError, InterfaceError):  # it is down still
            mine.update(died=row.died)
        raise
    mine.delete()
    return good


def _tell_of_refused() -> None:
    """A request of the portal's own: a mail must not be lost because no program gets at it."""
    with translation.override("sv"):
        text = _(
            "Ett mejl i helpdesks brevlåda går inte att hämta eller flytta. Det ligger kvar i inkorgen. Öppna "
            "brevlådan, läs det där, och flytta det till mappen Handled."
        )
        create_by_portal(text, orderer_name=_("portalen"))


def _take_in(mailbox: Mailbox, fetched: Fetched, *, may_be_read: bool) -> bool:
    """Whether it could be read. Its row is committed when it is moved."""
    good = may_be_read
    try:
        if may_be_read:
            good = not receive(fetched.raw, whole=fetched.size <= len(fetched.raw)).unreadable
        else:
            log.error("a mail ended %d readers: it becomes a request for somebody to look at", MOST_TRIES)
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
