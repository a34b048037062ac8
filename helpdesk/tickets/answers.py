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
from helpdesk.models import IncomingMail, Ticket
from helpdesk.tickets import letters
from idportal.mailbox_access import address as mailbox_address
from notifications import outbox
from notifications.models import Message
from notifications.outbox.letters import letter

Kind, State = Ticket.Kind, Ticket.State
Purpose = Message.Topic

_OUTCOMES = {State.REJECTED: "sender_rejected", State.WITHDRAWN: "sender_withdrawn"}


def taken_in(ticket: Ticket, mail: IncomingMail, *, by_address: bool) -> None:
    """The one acknowledgement: the number, what happens next, and what the helpdesk could not read.

    ``by_address``: the mail bears the orderer's address. If it doesn't but names them, or if it is surely forged, they
    are told that somebody mailed in their name; nothing of that goes to the sender.
    """
    if mail.automatic:
        return
    theirs = by_address and may_answer(mail)
    # Strangers who name an orderer leave room for the answers to her own mails.
    most = limits.MAIL_ANSWERS_EACH if theirs else limits.MAIL_ANSWERS_NAMED
    if ticket.orderer and letters.speaks_for_company(ticket) and _has_room(ticket.orderer.email, most):
        letters.mailed(ticket, unread=ticket.unread if theirs else {}, by_address=theirs)
    if not by_address and may_answer(mail):
        _send("sender_received", ticket, mail.sender, f"{Purpose.MAIL_ANSWERED} {ticket.number}")


def decided(ticket: Ticket, why: str) -> None:
    """The outcome, to whoever mailed and is not the orderer, who gets it by ``letters.decided``."""
    mail = ticket.opening_mail
    if mail is None or not may_answer(mail) or _is_orderer(ticket, mail):
        return
    # What the orderer is told is hers alone.
    told = bool(ticket.orderer and letters.speaks_for_company(ticket))
    event = _OUTCOMES.get(State(ticket.state), "sender_done")
    key = f"{Purpose.MAIL_ANSWERED} {ticket.number} decided"
    _send(event, ticket, mail.sender, key, why="" if told else letters.inert_text(why))


def gets_outcome(ticket: Ticket) -> str:
    """The address that ``decided`` will write to, or ""."""
    mail = ticket.opening_mail
    return mail.sender if mail and may_answer(mail) and not _is_orderer(ticket, mail) else ""


def may_answer(mail: IncomingMail) -> bool:
    """Whether the sender is one that a program may write to: not a program, not ourselves, and not surely forged."""
    if mail.automatic or not mail.sender or is_ours(mail.sender):
        return False
    try:
        usual(mail.sender)
    except ValidationError:
        return False
    # The domain's owner says that nobody writes so in its name: an answer would reach somebody who never asked.
    return not mail.forged


def is_ours(address: str) -> bool:
    """Whether it is the helpdesk's address, the portal's sender or the mailbox itself."""
    ours = [settings.HELPDESK_EMAIL, settings.DEFAULT_FROM_EMAIL]
    with suppress(ValueError):  # a setting that the checks complain of
        ours.append(mailbox_address(settings.HELPDESK_MAILBOX).user)
    return address.lower() in {parseaddr(each)[1].lower() for each in ours if each}


def _is_orderer(ticket: Ticket, mail: IncomingMail) -> bool:
    """Whether the sender's address is the orderer's, who is told as an orderer."""
    orderer = ticket.orderer
    return bool(orderer and orderer.email.lower() == mail.sender.lower() and letters.speaks_for_company(ticket))


def _send(event: str, ticket: Ticket, to: str, key: str, **words: str) -> None:
    if not _has_room(to) or not _has_room_in_all():
        return
    words["number"] = ticket.number
    made = letter(event, words, purpose=Purpose.MAIL_ANSWERED, to=to, useful=letters.USEFUL, key=key)
    outbox.enqueue([made])


def _has_room(address: str, most: int = limits.MAIL_ANSWERS_EACH) -> bool:
    """M2. Exact for receipts, since whoever opens a request holds the counter of their numbers locked."""
    sent = _lately().filter(to_digest=outbox.receiver(Message.Channel.MAIL, address))
    return sent.count() < most


def _has_room_in_all() -> bool:
    """Addresses can be made up by the thousand."""
    return _lately().filter(purpose=Purpose.MAIL_ANSWERED).count() < limits.MAIL_ANSWERS_IN_ALL


def _lately() -> QuerySet[Message]:
    purposes = (Purpose.MAIL_ANSWERED, Purpose.TICKET_OPENED)
    since = timezone.now() - timedelta(seconds=limits.HOUR)
    return Message.objects.filter(purpose__in=purposes, created_at__gt=since)
