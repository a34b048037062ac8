"""The tickets that the orderers of a company see."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Company
from helpdesk.models import IncomingMail, Ticket, Verification


def shown(company: Company) -> QuerySet[Ticket]:
    """The company's tickets, without what the portal itself asks of the helpdesk.

    A mail in an orderer's name, which anybody may have written, is shown once an agent has verified the orderer (M5).
    """
    of_ticket = {"ticket": OuterRef("pk")}
    signed = IncomingMail.objects.filter(
        **of_ticket, outcome=IncomingMail.MailOutcome.OPENED, sender_trust=IncomingMail.SenderTrust.VERIFIED
    )
    told = ~Q(source=Ticket.Source.MAIL) | Exists(signed)
    told |= Exists(Verification.objects.filter(**of_ticket, done_at__isnull=False))
    return Ticket.objects.filter(told, company=company).exclude(source=Ticket.Source.PORTAL)
