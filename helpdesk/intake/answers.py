"""Mails that answer an agent's question to an orderer (security.md M6).

A question is known by its Message-ID: 122 random bits, which only its receiver and the servers on the way have seen.
The answer is the orderer's if it also comes from the address that was asked, and the border server vouches for that
(M1).
"""

from accounts.models import Event
from helpdesk.intake import bounces
from helpdesk.intake.reading.mime import Letter
from helpdesk.models import IncomingMail, Ticket, TimelineEntry
from notifications import outbox
from notifications.models import Message

What, Outcome, Topic = TimelineEntry.What, IncomingMail.MailOutcome, Message.Topic


def question(letter: Letter) -> Message | None:
    """The newest question that the mail answers (RFC 5322 3.6.4), or that a report says was not delivered."""
    returned = bounces.returned_message(letter)
    if returned and returned.purpose == Topic.TICKET_QUESTION:
        return returned
    named = bounces.sent_as(f"{letter.first('references')} {letter.first('in-reply-to')}")
    return named.filter(purpose=Topic.TICKET_QUESTION).order_by("created_at", "pk").last()


def ticket_of(message: Message | None) -> Ticket | None:
    """The ticket that one of the portal's mails is about. Its number stands in the key of the message."""
    return Ticket.objects.filter(number__in=(message.key or "").split()).first() if message else None


def joins_as(
    mail: IncomingMail, letter: Letter, asked: Message | None
) -> tuple[IncomingMail.MailOutcome, TimelineEntry.What, Event]:
    """What a mail that joins a ticket becomes: its outcome, and what the timeline and the trail say of it."""
    what = What.MAILED
    if asked and bounces.failures(letter):
        what = What.NOT_DELIVERED
    elif asked and mail.automatic:
        what = What.AUTO_REPLIED
    elif asked and mail.verified and asked.to_digest == outbox.receiver_digest(Message.Channel.MAIL, mail.sender):
        return Outcome.ANSWER, What.ANSWERED, Event.TICKET_ANSWERED
    elif asked:
        what = What.UNSURE_ANSWER
    return Outcome.JOINED, what, Event.TICKET_MAILED
