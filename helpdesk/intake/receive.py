"""Takes in a mail in one transaction: it opens a ticket, joins one, or marks a recipient whose mail bounced.

The mail has a row. A reader that gets the same message again, after a crash or in parallel, finds it and does nothing.
"""

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import directory, limits
from accounts.models import Event
from accounts.privacy.encryption import token_digest
from helpdesk.intake import answers, bounces
from helpdesk.intake.reading import Reading, mime, read
from helpdesk.intake.reading.layout import numbers_in
from helpdesk.intake.senders import PASS, claimed, dmarc, is_automatic, is_bulk
from helpdesk.models import OPEN, IncomingMail, Ticket, TimelineEntry
from helpdesk.tickets import letters
from helpdesk.tickets.creating import TicketDetails, create_by_portal, create_ticket
from helpdesk.tickets.states import add_mail_entry, record
from notifications.models import Message

log = logging.getLogger("idportal.intake")

Kind, Source = Ticket.Kind, Ticket.Source
Outcome = IncomingMail.MailOutcome


def receive(raw: bytes, *, whole: bool = True) -> IncomingMail:
    """Takes in a mail and returns its row with the outcome. ``whole``: ``raw`` is not cut.

    An unreadable mail opens a ticket of type "other" (security.md M3). Raises only database errors; then nothing has
    changed, and the caller can try the same mail again.
    """
    try:
        reading = read(raw)
    except mime.Unreadable as error:
        log.warning("a mail can't be read (%s): it becomes a ticket of type other", error)
        return unreadable(raw)
    account = None
    try:  # the ticket's page asks the directory again
        if reading.asked.employee_username:
            account = directory.connect().find(reading.asked.employee_username)
    except directory.DirectoryError as error:
        log.warning("a mail is taken in without the directory: %s", type(error).__name__)
    with transaction.atomic(), translation.override("sv"):
        mail, new = _row(reading)
        if not new:
            return mail
        mail.cut = reading.letter.cut or not whole
        if bounces.note(reading.letter):
            # Only the row is kept: the report quotes its digest, with names and accounts.
            mail.sender = mail.sender_name = mail.text = mail.subject = mail.attached = ""
            mail.blanked_at, mail.outcome = timezone.now(), Outcome.BOUNCE
            mail.save()
            return mail
        details, by_address = claimed(reading, account)
        mail.dmarc = dmarc(reading.letter, settings.HELPDESK_AUTHSERV_ID)[:20]
        too_new = details.orderer is not None and details.orderer.waiting  # an address that verifies nobody yet (H9)
        if by_address and mail.dmarc == PASS and not too_new:  # the border server confirms the address (M1)
            mail.sender_trust = IncomingMail.SenderTrust.VERIFIED
        _find_its_place(mail, reading, details, by_address)
    return mail


def unreadable(raw: bytes) -> IncomingMail:
    """Opens a ticket of type "other" for a mail that the reader could not read."""
    text = "".join(
        character if character.isprintable() or character == "\n" else " "
        for character in raw[: 16 * 1024].decode("latin-1")
    )
    digest = token_digest(raw.decode("latin-1"))
    with transaction.atomic(), translation.override("sv"):
        mail, new = IncomingMail.objects.get_or_create(
            key=digest, defaults={"content": digest, "outcome": Outcome.OPENED, "text": text, "unreadable": True}
        )
        if new:
            mail.automatic = True  # the sender is unknown, so it gets no answer
            details = TicketDetails(Kind.OTHER, orderer_name=_("okänd avsändare"))
            mail.ticket = create_ticket(details, source=Source.MAIL)
            mail.save()
    return mail


def _row(reading: Reading) -> tuple[IncomingMail, bool]:
    """The mail's row, and whether it is new. Of two readers at once, one creates it and the other waits for it.

    A different mail with the same Message-ID is no copy: it gets its own row and joins the first one's ticket.
    """
    attached = "\0".join(f"{each.name} {each.size}" for each in reading.letter.attachments)
    parts = (reading.sender, reading.subject, reading.letter.first("date"), reading.text, attached)
    content = token_digest("\0".join(parts))  # the same for a copy that came by another route
    message_id = reading.letter.first("message-id").strip()
    key = token_digest(f"id {message_id}" if message_id else f"content {content}")
    values = {
        "content": content,
        "outcome": Outcome.ARRIVED,
        "automatic": is_automatic(reading.letter) or letters.is_ours(reading.sender),
        "sender": reading.sender[:254],
        "sender_name": reading.sender_name[:200],
        "subject": reading.subject,
        "text": reading.text,
        "attached": "\n".join(f"{each.size} {each.name}" for each in reading.letter.attachments),
    }
    mail, new = IncomingMail.objects.select_for_update().get_or_create(key=key, defaults=values)
    if new or mail.content == content:
        return mail, new
    again = token_digest(f"id {message_id} content {content}")
    values["ticket"] = mail.ticket
    return IncomingMail.objects.select_for_update().get_or_create(key=again, defaults=values)


def _find_its_place(mail: IncomingMail, reading: Reading, details: TicketDetails, by_address: bool) -> None:
    """Joins the ticket that the mail is about, or opens one."""
    asked, source = reading.asked, Source.MAIL
    question = answers.question(reading.letter)
    ticket = mail.ticket or answers.ticket_of(question) or _referred_to(reading)
    sent = bounces.sent_as(reading.letter.first("message-id")).first()
    # A bulk mail is an order only if it names a known account or comes from an orderer's address.
    is_order = not is_bulk(reading.letter) or details.account or by_address
    if sent is not None and sent.purpose == Message.Topic.DIGEST_TO_HELPDESK:
        # Each mail that the portal sends to the helpdesk is a ticket of its own.
        details, source = TicketDetails(Kind.OTHER, orderer_name=_("portalen")), Source.PORTAL
    elif ticket is None and mail.automatic and (asked.kind == Kind.OTHER or not is_order):
        ticket, details = _heap_of_automatic(), TicketDetails(Kind.OTHER, orderer_name=AUTOMATIC)
    elif ticket is None and not mail.verified and _is_flooded():
        # By the portal: no sender can open a ticket that the next mails would join.
        ticket, source = _locked_if_open(Ticket.objects.filter(source=Source.PORTAL, orderer_name=FLOOD)), Source.PORTAL
        details = TicketDetails(Kind.OTHER, orderer_name=FLOOD)
    if ticket is not None:
        _join(mail, ticket, *answers.joins_as(mail, reading.letter, question))
        return
    unread, doubts = (asked.unread, asked.doubts) if details.kind == asked.kind else ({}, ())
    mail.outcome = Outcome.OPENED
    mail.ticket = create_ticket(details, source=source, unread=unread, doubts=doubts)
    mail.save()
    letters.acknowledge(mail.ticket, mail, by_address=by_address)


def _referred_to(reading: Reading) -> Ticket | None:
    """The ticket whose number is in the subject, or in the key of the outbox message that a report returns."""
    for number in numbers_in(reading.subject):
        if found := Ticket.objects.filter(number=number).first():
            return found
    return answers.ticket_of(bounces.returned_message(reading.letter))


# The orderer's names of the tickets that collect automatic mails which ask for nothing, and a flood's mails (M5). An
# agent closes them at times.
AUTOMATIC = "Automatiska mejl"
FLOOD = "Många obekräftade mejl på kort tid"
MOST_IN_HEAP = 200


def _is_flooded() -> bool:
    """Whether unverified mails have opened so many tickets in an hour that the next ones lie in one (M5)."""
    hour_ago = timezone.now() - timedelta(hours=1)
    unverified = IncomingMail.objects.filter(
        came_at__gt=hour_ago, outcome=Outcome.OPENED, sender_trust=IncomingMail.SenderTrust.UNVERIFIED
    )
    return unverified.count() >= limits.UNVERIFIED_MAILS_AN_HOUR


def _heap_of_automatic() -> Ticket | None:
    """The open ticket of automatic mails, locked; None if there is none with room."""
    opened = IncomingMail.objects.filter(ticket=OuterRef("pk"), outcome=Outcome.OPENED, automatic=True)
    heap = Ticket.objects.filter(
        Exists(opened), source=Source.MAIL, kind=Kind.OTHER, orderer_name=AUTOMATIC, orderer=None
    )
    return _locked_if_open(heap.annotate(size=Count("mails")).filter(size__lt=MOST_IN_HEAP))


def _locked_if_open(tickets: QuerySet[Ticket]) -> Ticket | None:
    found = tickets.filter(state__in=OPEN).first()
    # Read again under the lock: an agent may have closed it meanwhile.
    return Ticket.objects.select_for_update().filter(pk=found.pk, state__in=OPEN).first() if found else None


def _join(
    mail: IncomingMail, ticket: Ticket, outcome: IncomingMail.MailOutcome, what: TimelineEntry.What, event: Event
) -> None:
    """Adds the mail to the ticket's timeline and changes nothing else: a ticket number proves nothing.

    Answers are counted apart: what strangers send leaves them their room.
    """
    ticket = Ticket.objects.select_for_update().get(pk=ticket.pk)
    mail.ticket, mail.outcome = ticket, outcome
    mail.save()
    if ticket.mails.filter(outcome=outcome).count() <= limits.MAILS_ON_A_TIMELINE:
        add_mail_entry(ticket, what)
        record(event, ticket, None, None)
    if not ticket.open and not mail.automatic:  # agents don't look at decided tickets
        text = _("Det har kommit ett mejl om ärende %(number)s, som redan är avgjort. Läs mejlet där.")
        text = text % {"number": ticket.number}
        create_by_portal(text, orderer_name=ticket.orderer_name, company_name=ticket.company_name)
