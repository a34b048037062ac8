"""A mail becomes a request, joins one, or marks a bouncing recipient: its row and all that follows in one transaction.

Whoever reads the same message again, after a crash or beside another reader, finds the row and does nothing.
"""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, OuterRef
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import directory, limits
from accounts.directory import Account, DirectoryError
from accounts.encryption import token_digest
from accounts.models import Event
from accounts.models.companies import one_line
from helpdesk.intake import bounces, mime
from helpdesk.intake.reading import Reading, read
from helpdesk.intake.senders import ClaimedSender, claimed
from helpdesk.models import OPEN, Entry, IncomingMail, Ticket
from helpdesk.tickets import sender_letters
from helpdesk.tickets.creating import create_by_portal, create_ticket
from helpdesk.tickets.details import TicketDetails
from helpdesk.tickets.timeline import add_mail_entry, record
from notifications.models import Message

log = logging.getLogger("idportal.intake")

Kind, Source = Ticket.Kind, Ticket.Source
Outcome = IncomingMail.MailOutcome
Purpose = Message.Topic


def receive(raw: bytes, *, whole: bool = True) -> IncomingMail:
    """Takes in a mail; its row says what became of it. ``whole``: these are all its bytes.

    A mail that nothing can read becomes a request of type "other", like one of no known type (security.md M3). Raises
    only what the database raises when it is down; nothing is done then, and the same mail can be given again.
    """
    try:
        reading = read(raw)
    except mime.Unreadable as error:
        log.warning("a mail can't be read (%s): it becomes a request for somebody to look at", error)
        return unreadable(raw)
    account = _account(reading.asked.employee_username)
    with transaction.atomic(), translation.override("sv"):
        content = _content(reading)
        mail, new = _row(reading.message_id.strip(), content, reading)
        if not new:
            return mail
        mail.cut = reading.letter.cut or not whole
        if bounces.is_report(reading.letter) and bounces.note(reading.letter):
            _blank(mail)
            return mail
        who = claimed(reading, account, settings.HELPDESK_AUTHSERV_ID)
        mail.standing, mail.dmarc = who.standing, who.dmarc[:20]
        _find_its_place(mail, reading, who, account)
    return mail


def unreadable(raw: bytes) -> IncomingMail:
    """A request of type "other" for a mail that could not be taken in as what it is."""
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
            mail.automatic = True  # nobody can tell whom an answer would go to
            details = TicketDetails(Kind.OTHER, orderer_name=_("okänd avsändare"))
            mail.ticket = create_ticket(details, source=Source.MAIL)
            mail.save()
    return mail


def _row(message_id: str, content: str, reading: Reading) -> tuple[IncomingMail, bool]:
    """The mail's row, and whether it is new. Of two readers at once one makes it, and the other one waits for it.

    Another mail under a Message-ID that was there already is no copy of it: it is kept, too, and joins its request.
    """
    key = token_digest(f"id {message_id}" if message_id else f"content {content}")
    values = {
        "content": content,
        "outcome": Outcome.ARRIVED,
        "automatic": reading.automatic or sender_letters.is_ours(reading.sender),
        "sender": reading.sender[:254],
        "sender_name": reading.sender_name[:200],
        "subject": reading.subject,
        "text": reading.text,
        "attached": "\n".join(f"{each.size} {each.name}" for each in reading.attachments),
    }
    mail, new = IncomingMail.objects.select_for_update().get_or_create(key=key, defaults=values)
    if new or mail.content == content:
        return mail, new
    again = token_digest(f"id {message_id} content {content}")
    values["ticket"] = mail.ticket
    return IncomingMail.objects.select_for_update().get_or_create(key=again, defaults=values)


def _content(reading: Reading) -> str:
    """A digest of what it says: the same for a copy that came another way."""
    attached = "\0".join(f"{each.name} {each.size}" for each in reading.attachments)
    said = (reading.sender, reading.subject, reading.letter.first("date"), reading.text, attached)
    return token_digest("\0".join(said))


def _account(username: str) -> Account | None:
    """Whom the user name belongs to, if the directory says so now; it is asked again when the request is looked at."""
    if not username:
        return None
    try:
        return directory.connect().find(username)
    except DirectoryError as error:
        log.warning("a mail is taken in without the directory: %s", type(error).__name__)
        return None


def _find_its_place(mail: IncomingMail, reading: Reading, who: ClaimedSender, account: Account | None) -> None:
    about = mail.ticket or _referred_to(reading)
    own = _own(reading)
    # What went to many is nobody's order, whatever its subject, unless it names somebody whom we know.
    nothing = reading.asked.kind == Kind.OTHER or (reading.bulk and account is None and not who.by_address)
    heap = about is None and mail.automatic and nothing and not own
    if heap:
        about = _heap_of_automatic()
    if about is not None:
        _join(mail, about)
        return
    mail.outcome = Outcome.OPENED
    mail.ticket = _open(reading, who, account, heap=heap, own=own)
    mail.save()
    sender_letters.acknowledge(mail.ticket, mail, by_address=who.by_address)


def _referred_to(reading: Reading) -> Ticket | None:
    """The request whose number stands in the subject, of the mail or of the one of ours that came back with it."""
    for number in reading.refers_to:
        if found := Ticket.objects.filter(number=number).first():
            return found
    ours = bounces.returned_message(reading.letter) if bounces.is_report(reading.letter) else None
    numbers = [part for part in ours.key.split() if part[:1].isdigit()] if ours else []
    return Ticket.objects.filter(number__in=numbers).first() if numbers else None


def _own(reading: Reading) -> bool:
    """Whether the portal wrote it to the helpdesk: each of those is work of its own."""
    sent = bounces.sent_as(reading.message_id)
    return sent is not None and sent.purpose == Purpose.DIGEST_TO_HELPDESK


# Who asks, where automatic mails go that are about nothing: one request, which somebody closes now and then.
AUTOMATIC = "Automatiska mejl"
MOST_IN_HEAP = 200


def _heap_of_automatic() -> Ticket | None:
    """The open request that they join; None: the next one opens it."""
    opened = IncomingMail.objects.filter(ticket=OuterRef("pk"), outcome=Outcome.OPENED, automatic=True)
    heap = Ticket.objects.filter(
        Exists(opened), source=Source.MAIL, kind=Kind.OTHER, orderer_name=AUTOMATIC, orderer=None, state__in=OPEN
    )
    found = heap.annotate(size=Count("mails")).filter(size__lt=MOST_IN_HEAP).first()
    # As it is now: an agent may have closed it meanwhile, and nobody would look there.
    return Ticket.objects.select_for_update().filter(pk=found.pk, state__in=OPEN).first() if found else None


def _open(reading: Reading, who: ClaimedSender, account: Account | None, *, heap: bool, own: bool) -> Ticket:
    if own:
        return create_ticket(TicketDetails(Kind.OTHER, orderer_name=_("portalen")), source=Source.PORTAL)
    if heap:
        return create_ticket(TicketDetails(Kind.OTHER, orderer_name=AUTOMATIC), source=Source.MAIL)
    asked = reading.asked
    details = TicketDetails(
        asked.kind,
        company=who.company,
        orderer=who.orderer,
        company_name=one_line(asked.company_name),
        orderer_name=one_line(asked.orderer_name or reading.sender_name or reading.sender),
    )
    if asked.kind == Kind.OTHER:
        return create_ticket(details, source=Source.MAIL)
    if asked.kind == Kind.PHONE:
        details = details._replace(
            employee_name=one_line(asked.employee_name),
            employee_username=account.username if account else asked.employee_username,
            account=account.id if account else "",
            new_number=asked.new_number,
        )
    else:
        details = details._replace(recipients=asked.recipients)
    return create_ticket(details, source=Source.MAIL, unread=asked.unread, doubts=asked.doubts)


def _join(mail: IncomingMail, about: Ticket) -> None:
    """On the timeline, and no more: whoever knows a number has proved nothing."""
    ticket = Ticket.objects.select_for_update().get(pk=about.pk)
    mail.ticket, mail.outcome = ticket, Outcome.JOINED
    mail.save()
    if ticket.mails.filter(outcome=Outcome.JOINED).count() <= limits.MAILS_ON_A_TIMELINE:
        add_mail_entry(ticket, Entry.What.MAILED)
        record(Event.TICKET_MAILED, ticket, None, None)
    if not ticket.open and not mail.automatic:
        _tell_of_late_mail(ticket)


def _tell_of_late_mail(ticket: Ticket) -> None:
    """A request of the portal's own, for a mail about one that is decided: there nobody would see it."""
    text = _("Det har kommit ett mejl om ärende %(number)s, som redan är avgjort. Öppna det och läs mejlet.") % {
        "number": ticket.number
    }
    create_by_portal(text, orderer_name=ticket.orderer_name, company_name=ticket.company_name)


def _blank(mail: IncomingMail) -> None:
    """A report quotes the digest that it is about, with names and accounts: what it says is noted, no more is kept."""
    mail.sender = mail.sender_name = mail.text = mail.subject = ""
    mail.attached, mail.blanked_at, mail.outcome = "", timezone.now(), Outcome.BOUNCE
    mail.save()
