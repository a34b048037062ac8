"""When somebody has stopped a number that the helpdesk linked: the helpdesk hears of it at once (security.md H4).

The alarm is a request of its own, which no orderer sees or withdraws: whoever had the number linked may be the one who
is after the account. It belongs to no company and no orderer, and names both.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.dispatch import receiver
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import signals
from accounts.models import PhoneLink, User
from helpdesk.models import Ticket, TimelineEntry
from helpdesk.tickets import timeline
from helpdesk.tickets.creating import create_ticket
from helpdesk.tickets.details import TicketDetails
from idportal.clock import moment
from idportal.text import inert
from notifications import outbox
from notifications.models import Message
from notifications.notices.changes import MAIL_USEFUL
from notifications.notices.links import who_stopped
from notifications.outbox.letters import letter


@receiver(signals.phone_link_stopped)
def link_was_stopped(user: User, link: PhoneLink, **others: Any) -> None:
    """In the transaction of the stop: the timelines of what it undoes, the alarm, and a mail to the helpdesk."""
    with translation.override("sv"):
        # One stop undoes all that was linked within the hold.
        undone = PhoneLink.objects.filter(user=user, stopped_at=link.stopped_at).values_list("reference", flat=True)
        for ticket in Ticket.objects.filter(number__in=list(undone)):
            timeline.add_entry(ticket, TimelineEntry.What.STOPPED, None, who_stopped(link))
        cause = Ticket.objects.filter(number=link.reference).first()
        details = TicketDetails(
            Ticket.Kind.OTHER,
            company_name=cause.company_name if cause else "",
            orderer_name=cause.orderer_name if cause else "",
            employee_username=user.username,
            account=user.directory_id,
            text=_alarm(user, link, cause),
        )
        alarm = create_ticket(details, source=Ticket.Source.PORTAL)
        outbox.enqueue([_mail(user, link, alarm)])


def _words(user: User, link: PhoneLink) -> dict[str, str]:
    return {
        "account": inert(user.username),
        "number": link.reference,
        "when": moment(link.stopped_at or link.made_at),
        "by": who_stopped(link),
    }


def _happened(user: User, link: PhoneLink) -> str:
    text = _(
        "Kopplingen av ett nytt mobilnummer till kontot %(account)s i ärende %(number)s stoppades den %(when)s, %(by)s."
    )
    return text % _words(user, link)


def _alarm(user: User, link: PhoneLink, cause: Ticket | None) -> str:
    """What happened, what it may mean, and what to do, a line each."""
    if link.old_number:
        now = _("Det nummer som fanns innan gäller igen.")
    else:
        now = _("Inget nummer fanns innan, så kontot har nu inget nummer.")
    lines = [_happened(user, link), now, _("Någon kan försöka ta över kontot.")]
    words = {
        "orderer": inert(cause.orderer_name) if cause else "",
        "staff": inert(cause.employee_name) if cause else "",
    }
    if words["orderer"] and words["staff"]:
        lines.append(_("Ring den anställda, %(staff)s, och beställaren, %(orderer)s.") % words)
    else:
        lines.append(_("Ring den anställda och beställaren."))
    lines.append(_("Använd nummer som ni redan hade, inte numret i ärendet."))
    if link.stopped_by == PhoneLink.Told.OLD_NUMBER:
        lines.append(
            _(
                "Om telefonen med det tidigare numret är borta eller stulen kan det vara den som har den som stoppade. "
                "Då ska det numret bort: öppna kontot %(account)s och välj ”Ta bort det registrerade numret”."
            )
            % _words(user, link)
        )
    lines.append(_("Koppla inget nytt nummer till kontot förrän ni har talat med båda."))
    return "\n".join(lines)


def _mail(user: User, link: PhoneLink, alarm: Ticket) -> Message:
    """Without names of people: a mailbox that many read."""
    words = {
        "account": inert(user.username),
        "number": link.reference,
        "stopped": link.stopped_at or link.made_at,
        "by": who_stopped(link),
        "alarm": alarm.number,
        "link": f"{settings.PORTAL_URL}{reverse('helpdesk-ticket', args=[alarm.number])}",
    }
    return letter(
        "phone_link_stopped_helpdesk",
        words,
        purpose=Message.Topic.PHONE_LINK_STOPPED,
        to=settings.HELPDESK_EMAIL,
        useful=MAIL_USEFUL,
        about=user.directory_id,
    )
