"""Mails to the sender of a mail that became a ticket: it arrived, and what became of it. Swedish, by the outbox.

From can be anyone (security.md M1), so an answer quotes nothing and tells nothing that a stranger may not know. Two
programs must not answer each other for ever (M2): no answer goes to a program, a list or the portal itself, and no
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
from helpdesk.tickets import orderer_letters
from idportal.mailbox import mailbox_address
from notifications import outbox
from notifications.models import Message
from notifications.outbox.letters import letter

State = Ticket.State
Topic = Message.Topic

_EVENTS = {State.REJECTED: "sender_rejected", State.WITHDRAWN: "sender_withdrawn"}


def acknowledge(ticket: Ticket, mail: IncomingMail, *, by_address: bool) -> None:
    """The one acknowledgement of a mail: the ticket's number, what happens next, and what could not be read.

    ``by_address``: the mail bears the orderer's address. If it only names the orderer, or is forged, the orderer learns
    that a mail came in their name, and the sender learns nothing of it.
    """
    if mail.automatic:
        return
    from_orderer = by_address and may_answer(mail)
    # Strangers who name an orderer leave room for the answers to her own mails.
    most = limits.MAIL_ANSWERS_EACH if from_orderer else limits.MAIL_ANSWERS_NAMED
    if ticket.orderer and ticket.orderer_is_authorised() and _has_room(ticket.orderer.email, most):
        unread = ticket.unread if from_orderer else {}
        orderer_letters.send_mail_receipt(ticket, unread=unread, by_address=from_orderer)
    if not by_address and may_answer(mail):
        _send("sender_received", ticket, mail.sender, f"{Topic.MAIL_ANSWERED} {ticket.number}")


def send_outcome(ticket: Ticket, why: str) -> None:
    """The outcome, to a sender who is not the orderer; the orderer gets ``orderer_letters.send_decision``."""
    if not (to := outcome_address(ticket)):
        return
    event = _EVENTS.get(State(ticket.state), "sender_done")
    key = f"{Topic.MAIL_ANSWERED} {ticket.number} decided"
    # If the orderer is told why, the sender is not.
    _send(event, ticket, to, key, why="" if ticket.orderer_is_authorised() else orderer_letters.inert_text(why))


def outcome_address(ticket: Ticket) -> str:
    """The address that ``send_outcome`` writes to, or ""."""
    mail = ticket.opening_mail
    if mail is None or not may_answer(mail):
        return ""
    from_orderer = ticket.orderer is not None and ticket.orderer.email.lower() == mail.sender.lower()
    return "" if from_orderer and ticket.orderer_is_authorised() else mail.sender


def may_answer(mail: IncomingMail) -> bool:
    """Whether the sender may get an automatic answer: not a program, not the portal itself, and not forged."""
    if mail.automatic or not mail.sender or is_ours(mail.sender):
        return False
    try:
        usual(mail.sender)
    except ValidationError:
        return False
    # The domain's owner says that it sends no such mail: the answer would reach a person who never asked.
    return not mail.forged


def is_ours(address: str) -> bool:
    """Whether this is the helpdesk's address, the portal's sender or the mailbox itself."""
    ours = [settings.HELPDESK_EMAIL, settings.DEFAULT_FROM_EMAIL]
    with suppress(ValueError):  # a wrong setting, which the system checks report
        ours.append(mailbox_address(settings.HELPDESK_MAILBOX).user)
    return address.lower() in {parseaddr(each)[1].lower() for each in ours if each}


def _send(event: str, ticket: Ticket, to: str, key: str, **words: str) -> None:
    in_all = _last_hour().filter(purpose=Topic.MAIL_ANSWERED).count()  # addresses can be made up by the thousand
    if not _has_room(to) or in_all >= limits.MAIL_ANSWERS_IN_ALL:
        return
    words["number"] = ticket.number
    mail = letter(event, words, purpose=Topic.MAIL_ANSWERED, to=to, useful=orderer_letters.USEFUL, key=key)
    outbox.enqueue([mail])


def _has_room(address: str, most: int = limits.MAIL_ANSWERS_EACH) -> bool:
    """M2. Exact for receipts, since creating a ticket locks the counter of their numbers."""
    sent = _last_hour().filter(to_digest=outbox.receiver_digest(Message.Channel.MAIL, address))
    return sent.count() < most


def _last_hour() -> QuerySet[Message]:
    since = timezone.now() - timedelta(seconds=limits.HOUR)
    return Message.objects.filter(purpose__in=(Topic.MAIL_ANSWERED, Topic.TICKET_OPENED), created_at__gt=since)
