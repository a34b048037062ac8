"""A ticket's mails to its orderer, its sender and new or leaving recipients, queued in the caller's transaction.

In Swedish, whatever language the page has that caused them: another person reads them. No phone number stands in them.
From can be anyone (security.md M1), so an answer to a sender quotes nothing and tells nothing that a stranger may not
know. Two programs must not answer each other for ever (M2): no answer goes to a program, a list or the portal itself,
and no address gets more than a few an hour.
"""

import textwrap
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone, translation

from accounts import limits
from accounts.models.recipients import usual
from helpdesk.models import IncomingMail, Ticket
from helpdesk.tickets.letters.missing import changed_words, in_words, is_about_several
from idportal.channels import message_templates
from idportal.channels.mailbox_address import mailbox_address
from idportal.text import LONGEST, inert
from notifications import outbox
from notifications.models import Message

Kind, State, Source = Ticket.Kind, Ticket.State, Ticket.Source
Topic = Message.Topic

USEFUL = timedelta(days=3)  # a server that is down over a weekend
_TO_SENDER = {State.REJECTED: "sender_rejected", State.WITHDRAWN: "sender_withdrawn"}

# To the orderer.


def send_receipt(ticket: Ticket) -> None:
    """A receipt, or the news that a call was made in their name; nothing for the portal's own, or a mail."""
    if ticket.source not in (Source.PORTAL, Source.MAIL):
        event = "ticket_received" if ticket.source == Source.PAGES else "ticket_opened_by_call"
        _send_to_orderer(event, ticket, Topic.TICKET_OPENED)


def send_mail_receipt(ticket: Ticket, *, unread: Mapping[str, str], by_address: bool, key: str = "") -> None:
    """For a ticket that came by mail. ``by_address``: from the orderer's own address, so that this is the receipt.

    ``unread``: the fields that the mail leaves blank, each with why. ``key``: tells a second receipt about the same
    ticket, to another orderer, from the first.
    """
    event = "ticket_mailed" if by_address else "ticket_opened_by_mail"
    with translation.override("sv"):
        missing = in_words(unread)
    words = {"known": ticket.kind != Kind.OTHER, "missing": missing, "several": is_about_several(unread)}
    _send_to_orderer(event, ticket, Topic.TICKET_OPENED, key=key, **words)


def send_correction(ticket: Ticket, changed: Iterable[str]) -> None:
    """An agent corrected these fields of what the orderer asked for by a form, or by telephone."""
    with translation.override("sv"):
        fields = changed_words(changed)
    _send_to_orderer("ticket_corrected", ticket, Topic.TICKET_CORRECTED, key=ticket.edition, fields=fields)


def send_decision(ticket: Ticket, why: str = "") -> None:
    """Approved and carried out, or rejected and why: to the orderer, and to a sender who is another person."""
    event = "ticket_rejected" if ticket.state == State.REJECTED else "ticket_approved"
    outcome = {Kind.PHONE: "linked", Kind.OTHER: ""}.get(Kind(ticket.kind))
    if outcome is None:
        outcome = "asked" if ticket.confirmations.exists() else "changed"
    _send_to_orderer(event, ticket, Topic.TICKET_DECIDED, why=_inert_text(why), outcome=outcome)
    send_outcome(ticket, why)


def send_question(ticket: Ticket, question: str, *, key: str) -> None:
    """An agent's question. ``key``: tells it from the ticket's other questions."""
    lines = "\n\n".join(_inert_text(line) for line in question.splitlines() if line.strip())
    # A ticket by mail is on the orderer's pages only once it is verified (M5), so there may be nothing to open.
    link = {"link": ""} if ticket.source == Source.MAIL else {}
    _send_to_orderer("ticket_question", ticket, Topic.TICKET_QUESTION, key=key, question=lines, **link)


def _inert_text(text: str) -> str:
    """``inert`` for some sentences: it cuts what is longer than a name."""
    lines = textwrap.wrap(" ".join(text.split()), LONGEST - 10, break_on_hyphens=False)
    return " ".join(inert(line) for line in lines)


def _send_to_orderer(event: str, ticket: Ticket, topic: Message.Topic, *, key: str = "", **words: object) -> None:
    if not ticket.orderer or not ticket.orderer_is_authorised():
        return
    about = {"kind": ticket.kind, "account": inert(ticket.employee_username), "company": inert(ticket.company_name)}
    with translation.override("sv"):
        what = message_templates.part("ticket_what.txt", about).strip()  # for the middle of a sentence
    link = f"{settings.PORTAL_URL}{reverse('orderer-tickets')}"
    words = {"number": ticket.number, "what": what, "link": link, **words}
    key = f"{topic} {ticket.number} {key}".strip()
    _send(event, words, topic, ticket.orderer.email, key=key, company=ticket.company, about=ticket.account)


def _send(
    event: str, words: dict[str, Any], topic: Message.Topic, to: str, *, useful: timedelta = USEFUL, **more: Any
) -> None:
    outbox.enqueue([outbox.letter(event, words, purpose=topic, to=to, useful=useful, **more)])


# To the sender of a mail that became a ticket.


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
        send_mail_receipt(ticket, unread=unread, by_address=from_orderer)
    if not by_address and may_answer(mail):
        _send_to_sender("sender_received", ticket, mail.sender, f"{Topic.MAIL_ANSWERED} {ticket.number}")


def send_outcome(ticket: Ticket, why: str) -> None:
    """The outcome, to a sender who is not the orderer; the orderer gets ``send_decision``."""
    if not (to := outcome_address(ticket)):
        return
    event = _TO_SENDER.get(State(ticket.state), "sender_done")
    key = f"{Topic.MAIL_ANSWERED} {ticket.number} decided"
    # If the orderer is told why, the sender is not.
    _send_to_sender(event, ticket, to, key, why="" if ticket.orderer_is_authorised() else _inert_text(why))


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


def _send_to_sender(event: str, ticket: Ticket, to: str, key: str, **words: str) -> None:
    in_all = _last_hour().filter(purpose=Topic.MAIL_ANSWERED).count()  # addresses can be made up by the thousand
    if not _has_room(to) or in_all >= limits.MAIL_ANSWERS_IN_ALL:
        return
    _send(event, {"number": ticket.number, **words}, Topic.MAIL_ANSWERED, to, key=key)


def _has_room(address: str, most: int = limits.MAIL_ANSWERS_EACH) -> bool:
    """M2. Exact for receipts, since creating a ticket locks the counter of their numbers."""
    sent = _last_hour().filter(to_digest=outbox.receiver_digest(Message.Channel.MAIL, address))
    return sent.count() < most


def _last_hour() -> QuerySet[Message]:
    since = timezone.now() - timedelta(seconds=limits.HOUR)
    return Message.objects.filter(purpose__in=(Topic.MAIL_ANSWERED, Topic.TICKET_OPENED), created_at__gt=since)


# To recipients (H6).


def ask_to_confirm(ticket: Ticket, address: str, token: str) -> None:
    """Asks a new recipient to confirm. Only the mail holds the link."""
    url = f"{settings.PORTAL_URL}{reverse('recipient-confirm', query={'nyckel': token})}"
    words = {**_known_to_recipients(ticket), "link": url}
    useful = limits.RECIPIENT_CONFIRMATION
    _send("recipient_confirm", words, Topic.CONFIRM_RECIPIENT, address, useful=useful, company=ticket.company)


def tell_leaving(ticket: Ticket, addresses: Iterable[str], *, at_once: bool) -> None:
    """Tells recipients that they leave, at once or when a new one confirms. Each gets one mail a ticket."""
    words, topic = {**_known_to_recipients(ticket), "at_once": at_once}, Topic.RECIPIENTS_CHANGED
    for address in addresses:
        key = f"{topic} {ticket.number} {outbox.receiver_digest(Message.Channel.MAIL, address)}"
        _send("recipient_leaving", words, topic, address, key=key, company=ticket.company)


def _known_to_recipients(ticket: Ticket) -> dict[str, str]:
    return {"orderer": inert(ticket.orderer_name), "company": inert(ticket.company_name), "number": ticket.number}
