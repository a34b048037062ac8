"""The tickets that the orderers of a company see."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Company
from helpdesk.models import IncomingMail, Ticket, TimelineEntry, Verification


def shown(company: Company) -> QuerySet[Ticket]:
    """The company's tickets, without what the portal itself asks of the helpdesk.

    A mail in an orderer's name, which anybody may have written, is shown once an agent has verified the orderer (M5).
    """
    mails = IncomingMail.objects.filter(ticket=OuterRef("pk"), outcome=IncomingMail.MailOutcome.OPENED)
    vouched = Exists(mails.filter(sender_trust=IncomingMail.SenderTrust.VERIFIED))
    verified = Exists(Verification.objects.filter(ticket=OuterRef("pk"), done_at__isnull=False))
    told = ~Q(source=Ticket.Source.MAIL) | Q(vouched) | Q(verified)
    return Ticket.objects.filter(told, company=company).exclude(source=Ticket.Source.PORTAL)


def why_rejected(ticket: Ticket) -> str:
    """The reason that the helpdesk gave; "" for a ticket that was not rejected."""
    entry = ticket.entries.filter(what=TimelineEntry.What.REJECTED).last()
    return entry.why if entry else ""
