"""Empties the helpdesk's mailbox into the queue: reads each mail, takes it in, and only then moves it (security.md M3).

After a crash the next run reads the same message again, and ``receive`` finds its row. Parallel runs do no harm.
"""

import logging
import time
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError
from django.db.models import F
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.limits import MAILS_KEPT
from accounts.privacy.encryption import token_digest
from helpdesk.intake.reading import mime
from helpdesk.intake.receive import receive, unreadable
from helpdesk.models import MailboxRead, ReadAttempt
from helpdesk.tickets.creating import create_by_portal
from idportal.channels.mailbox import Fetched, Mailbox, MailboxError, open_mailbox

log = logging.getLogger("idportal.intake")

HANDLED, UNREADABLE = "Handled", "Unreadable"
BATCH = 500  # messages in a run
# Seconds of a run, and for the message at which it is by then. Beat starts one each minute, so that two don't overlap:
# a server that lets each command wait holds up one thread of the worker.
RUN, LAST_MESSAGE = 45.0, 10.0
# At one message: an attacker's mail may kill its reader, or the server may refuse to hand it over.
MOST_TRIES = 3
MOST_IN_VAIN = 2  # messages of a run that fail; with one more the fault is the server's


class Fetch(NamedTuple):
    """The result of a run: mails taken in, unreadable ones among them, and whether more are waiting."""

    handled: int = 0
    unreadable: int = 0
    more: bool = False


def run(seconds: float = RUN) -> Fetch:
    """Takes in the mails of the mailbox for about ``seconds``, the oldest first.

    Messages that failed before come last, so that they delay no other. Raises MailboxError, and OperationalError or
    InterfaceError if the database is down; then the rest stays in the mailbox. Does nothing without HELPDESK_MAILBOX.
    """
    if not settings.HELPDESK_MAILBOX:
        return Fetch()
    until = time.monotonic() + seconds
    handled = odd = 0
    in_vain: list[MailboxError] = []
    with open_mailbox(seconds + LAST_MESSAGE) as mailbox:
        before = {row.message: (row.crashes, row.refusals) for row in ReadAttempt.objects.all()}
        most = BATCH + len(before)
        waiting = [(token_digest(mailbox.name_of(uid)), uid) for uid in mailbox.waiting(most)]
        for message, uid in sorted(waiting, key=lambda each: (before.get(each[0], (0, 0)), each[1])):
            if time.monotonic() > until:
                return Fetch(handled, odd, more=True)
            try:
                good = _take_up(mailbox, uid, message)
            except MailboxError as error:
                in_vain.append(error)
                if len(in_vain) > MOST_IN_VAIN:
                    raise
            else:
                handled, odd = handled + (good is not None), odd + (good is False)
    if in_vain:
        raise in_vain[0]
    more = len(waiting) >= most
    if not more:
        MailboxRead.objects.update_or_create(pk=1, defaults={"at": timezone.now()})
    return Fetch(handled, odd, more=more)


def _take_up(mailbox: Mailbox, uid: int, message: str) -> bool | None:
    """Whether the message could be read; None if another reader has it, or the server never hands it over."""
    try:
        row, _new = ReadAttempt.objects.get_or_create(message=message)
    except IntegrityError:
        return None  # another reader had a row of it, and was done before this one could look
    may_be_read = row.crashes < MOST_TRIES
    if not may_be_read and row.at > timezone.now() - timedelta(seconds=RUN):
        return None  # the last of them may be alive, and then the mail is none that ends its readers
    mine = ReadAttempt.objects.filter(pk=row.pk)
    mine.update(crashes=F("crashes") + 1, at=timezone.now())  # committed: a reader that dies leaves its count
    try:
        fetched = mailbox.read(uid, mime.MOST_BYTES)
        good = _take_in(mailbox, fetched, may_be_read=may_be_read) if fetched else None
    except MailboxError as error:
        log.error("a message of the helpdesk's mailbox was not taken in: %s", error)
        mine.update(crashes=row.crashes, refusals=F("refusals") + 1)
        if row.refusals + 1 < MOST_TRIES:
            raise
        if row.refusals + 1 == MOST_TRIES:  # an agent reads the mail in the mailbox
            with translation.override("sv"):
                text = _(
                    "Ett mejl i helpdesks brevlåda går inte att hämta eller flytta. Det ligger kvar i inkorgen. Öppna "
                    "brevlådan, läs det där, och flytta det till mappen Handled."
                )
                create_by_portal(text, orderer_name=_("portalen"))
        return None
    except (OperationalError, InterfaceError):
        with suppress(OperationalError, InterfaceError):  # if it is still down
            mine.update(crashes=row.crashes)
        raise
    mine.delete()
    return good


def _take_in(mailbox: Mailbox, fetched: Fetched, *, may_be_read: bool) -> bool:
    """Takes in a message, then moves it. Returns whether it could be read."""
    good = False
    try:
        if may_be_read:
            good = not receive(fetched.raw, whole=fetched.size <= len(fetched.raw)).unreadable
        else:
            log.error("a mail ended %d readers: it becomes a ticket of type other", MOST_TRIES)
            unreadable(fetched.raw)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # a fault of ours must not stop other mails; its text may quote the mail
        log.error("a mail was not taken in as what it is: %s", type(error).__name__)
        unreadable(fetched.raw)
    mailbox.move(fetched.uid, HANDLED if good else UNREADABLE)
    return good


def forget(now: datetime) -> int:
    """Deletes mails older than MAILS_KEPT from the mailbox's folders, and returns their number.

    If the mailbox doesn't answer, the next day's run tries again.
    """
    if not settings.HELPDESK_MAILBOX:
        return 0
    try:
        with open_mailbox() as mailbox:
            return sum(mailbox.forget(folder, now - MAILS_KEPT) for folder in (HANDLED, UNREADABLE))
    except MailboxError as error:
        log.error("old mails are still in the helpdesk's mailbox: %s", error)
        return 0
