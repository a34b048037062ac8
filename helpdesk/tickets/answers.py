"""What whoever mailed the helpdesk is told: that it arrived, and what became of it. In Swedish, by the outbox.

From can be anyone (security.md M1), so an answer quotes nothing and tells nothing that a stranger may not know; and
two programs must not answer each other for ever (M2): none of it goes to a program, to a list or to ourselves, and no
address gets more than a few an hour. Everything is queued in the caller's transaction.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from email.utils import parseaddr

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from accounts import limits
from accounts.addresses import usual
from helpdesk.intake import authenticity
from helpdesk.models import IncomingMail, Request
from helpdesk.tickets import letters
from idportal.mailbox_access import address as mailbox_address
from notifications import outbox
from notifications.models import Message
from notifications.outbox.letters import letter

Kind, State = Request.Kind, Request.State
Purpose = Message.Purpose

_OUTCOMES = {State.REJECTED: "sender_rejected", State.WITHDRAWN: "sender_withdrawn"}


def taken_in(request: Request, mail: IncomingMail, *, by_address: bool) -> None:
    """The one acknowledgement: the number, what happens next, and what the helpdesk could not read.

    ``by_address``: the mail bears the orderer's address. If it doesn't but names them, or if it is surely forged, they
    are told that somebody mailed in their name; nothing of that goes to the sender.
    """
    if mail.automatic:
        return
    theirs = by_address and may_answer(mail)
    # Strangers who name an orderer leave room for the answers to her own mails.
    most = limits.MAIL_ANSWERS_EACH if theirs else limits.MAIL_ANSWERS_NAMED
    if request.orderer and letters.speaks_for_company(request) and _has_room(request.orderer.email, most):
        letters.mailed(request, unread=request.unread if theirs else {}, by_address=theirs)
    if not by_address and may_answer(mail):
        _send("sender_received", request, mail.sender, f"{Purpose.MAIL_ANSWERED} {request.number}")


def decided(request: Request, why: str) -> None:
    """The outcome, to whoever mailed and is not the orderer, who gets it by ``letters.decided``."""
    mail = request.opening_mail
    if mail is None or not may_answer(mail) or _is_orderer(request, mail):
        return
    # What the orderer is told is hers alone.
    told = bool(request.orderer and letters.speaks_for_company(request))
    event = _OUTCOMES.get(State(request.state), "sender_done")
    key = f"{Purpose.MAIL_ANSWERED} {request.number} decided"
    _send(event, request, mail.sender, key, why="" if told else letters.inert_text(why))


def gets_outcome(request: Request) -> str:
    """The address that ``decided`` will write to, or ""."""
    mail = request.opening_mail
    return mail.sender if mail and may_answer(mail) and not _is_orderer(request, mail) else ""


def may_answer(mail: IncomingMail) -> bool:
    """Whether the sender is one that a program may write to: not a program, not ourselves, and not surely forged."""
    if mail.automatic or not mail.sender or is_ours(mail.sender):
        return False
    try:
        usual(mail.sender)
    except ValidationError:
        return False
    # The domain's owner says that nobody writes so in its name: an answer would reach somebody who never asked.
    return mail.dmarc not in authenticity.FORGED


def is_ours(address: str) -> bool:
    """Whether it is the helpdesk's address, the portal's sender or the mailbox itself."""
    ours = [settings.HELPDESK_EMAIL, settings.DEFAULT_FROM_EMAIL]
    with suppress(ValueError):  # a setting that the checks complain of
        ours.append(mailbox_address(settings.HELPDESK_MAILBOX).user)
    return address.lower() in {parseaddr(each)[1].lower() for each in ours if each}


def _is_orderer(request: Request, mail: IncomingMail) -> bool:
    """Whether the sender's address is the orderer's, who is told as an orderer."""
    orderer = request.orderer
    return bool(orderer and orderer.email.lower() == mail.sender.lower() and letters.speaks_for_company(request))


def _send(event: str, request: Request, to: str, key: str, **words: str) -> None:
    if not _has_room(to) or not _has_room_in_all():
        return
    words["number"] = request.number
    made = letter(event, words, purpose=Purpose.MAIL_ANSWERED, to=to, useful=letters.USEFUL, key=key)
    outbox.queue([made])


def _has_room(address: str, most: int = limits.MAIL_ANSWERS_EACH) -> bool:
    """M2. Exact for receipts, since whoever opens a request holds the counter of their numbers locked."""
    sent = _lately().filter(to_digest=outbox.receiver(Message.Kind.MAIL, address))
    return sent.count() < most


def _has_room_in_all() -> bool:
    """Addresses can be made up by the thousand."""
    return _lately().filter(purpose=Purpose.MAIL_ANSWERED).count() < limits.MAIL_ANSWERS_IN_ALL


def _lately() -> QuerySet[Message]:
    purposes = (Purpose.MAIL_ANSWERED, Purpose.REQUEST_OPENED)
    since = timezone.now() - timedelta(seconds=limits.HOUR)
    return Message.objects.filter(purpose__in=purposes, created_at__gt=since)
