"""Alarms: tickets that the portal opens itself, in Swedish, when a link is stopped (H4) or the daily mail bounces."""

from typing import Any

from django.conf import settings
from django.dispatch import receiver
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from accounts import signals
from accounts.directory import Account
from accounts.models import Company, PhoneLink, User
from accounts.models.recipients import Recipients
from helpdesk.models import Ticket, TimelineEntry
from helpdesk.tickets.creating import TicketDetails, create_ticket
from helpdesk.tickets.states import add_entry
from idportal.text import inert
from notifications import outbox
from notifications.models import Message
from notifications.notices import MAIL_USEFUL, who_stopped

# Bounces until an alarm, and again until the next one if that ticket was closed without a change: a mailbox may be full
# once, or a server down for a week.
EACH = 3


@receiver(signals.phone_link_stopped)
def link_was_stopped(user: User, account: Account | None, link: PhoneLink, **others: Any) -> None:
    """Writes it on the timelines, creates the alarm, and mails the helpdesk. Also for an owner's own change (G6).

    No orderer sees or withdraws the alarm, which belongs to no company and no orderer, and names both: the orderer may
    be the one who is after the account.
    """
    with translation.override("sv"):
        # One stop undoes all that was linked within the hold.
        undone = PhoneLink.objects.filter(user=user, stopped_at=link.stopped_at).values_list("reference", flat=True)
        for ticket in Ticket.objects.filter(number__in=list(undone)):
            add_entry(ticket, TimelineEntry.What.STOPPED, None, who_stopped(link))
        linked = Ticket.objects.filter(number=link.reference).first() or Ticket()
        words = {
            "account": inert(user.username),
            "number": link.reference,
            "stopped": link.stopped_at or link.made_at,
            "by": who_stopped(link),
            "blocked": link.blocks,
        }
        more = {
            "had_number": bool(link.old_number),
            "employee": inert(linked.employee_name),
            "orderer": inert(linked.orderer_name),
        }
        alarm = TicketDetails(
            Ticket.Kind.OTHER,
            company_name=linked.company_name or (account.company if account else ""),
            orderer_name=linked.orderer_name,
            employee_username=user.username,
            account=user.directory_id,
            text=_text("alarm_link_stopped", {**words, **more}),
        )
        _mail_helpdesk(user, create_ticket(alarm, source=Ticket.Source.PORTAL), words)


def _mail_helpdesk(user: User, alarm: Ticket, words: dict[str, Any]) -> None:
    """Names no person: many people read that mailbox."""
    link = f"{settings.PORTAL_URL}{reverse('helpdesk-ticket', args=[alarm.number])}"
    mail = outbox.letter(
        "phone_link_stopped_helpdesk",
        {**words, "alarm": alarm.number, "link": link},
        purpose=Message.Topic.PHONE_LINK_STOPPED,
        to=settings.HELPDESK_EMAIL,
        useful=MAIL_USEFUL,
        about=user.directory_id,
    )
    outbox.enqueue([mail])


@receiver(signals.address_bounced)
def mail_came_back(address: str, count: int, reason: str, **others: Any) -> None:
    """Creates an alarm for each company that has the address as a recipient."""
    if count % EACH:
        return
    with translation.override("sv"):
        for company in Company.objects.with_recipient(address).filter(active=True).order_by("pk"):
            words = {
                "address": inert(address),
                "company": inert(company.name),
                "count": count,
                "reason": inert(reason),
                "another": bool(company.recipients - Recipients([address])),
                "orderers": ", ".join(inert(orderer.name) for orderer in company.orderers.filter(active=True)),
            }
            alarm = TicketDetails(Ticket.Kind.OTHER, company=company, text=_text("alarm_mail_bounced", words))
            create_ticket(alarm, source=Ticket.Source.PORTAL)


def _text(template: str, words: dict[str, Any]) -> str:
    """A line for each sentence."""
    text = render_to_string(f"helpdesk/{template}.txt", words)
    return "\n".join(line for line in text.splitlines() if line.strip())
