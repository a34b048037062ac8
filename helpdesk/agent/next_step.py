"""The one thing that an agent is to do next with a request, and what an approval will do, in words."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import limits
from accounts.models import User
from accounts.models.recipients import Recipients
from helpdesk.models import Ticket, TimelineEntry
from helpdesk.tickets import sender_letters
from helpdesk.tickets.decisions import needs_verification
from helpdesk.tickets.evidence import Evidence
from helpdesk.tickets.evidence.context import readable
from notifications.notices.changes import mail_address

Kind, What = Ticket.Kind, TimelineEntry.What


class NextStep(enum.StrEnum):
    """In the order in which they come; the first that holds."""

    CLOSED = "closed"
    TAKE = "take"
    TAKE_OVER = "take over"  # another agent has it
    COMPLETE = "complete"  # the mail does not tell all that is needed
    REJECT = "reject"  # as things stand it can't be approved
    VERIFY = "verify"
    WAIT = "wait"  # the directory does not answer
    COLLEAGUE = "colleague"  # HELPDESK_FOUR_EYES: somebody else approves
    APPROVE = "approve"


def for_ticket(ticket: Ticket, agent: User, evidence: Evidence) -> NextStep:
    if not ticket.open:
        return NextStep.CLOSED
    if ticket.agent_id != agent.pk:
        return NextStep.TAKE_OVER if ticket.agent_id else NextStep.TAKE
    verified_by = [each.agent_id for each in evidence.verifications]
    steps = (
        (is_incomplete(ticket) or _names_nobody(ticket, evidence), NextStep.COMPLETE),
        (bool(evidence.blockers), NextStep.REJECT),
        (needs_verification(ticket) and not verified_by, NextStep.VERIFY),
        (ticket.kind == Kind.PHONE and evidence.directory_down, NextStep.WAIT),
        (settings.HELPDESK_FOUR_EYES and agent.pk in verified_by, NextStep.COLLEAGUE),
    )
    return next((step for holds, step in steps if holds), NextStep.APPROVE)


def is_incomplete(ticket: Ticket) -> bool:
    """Whether an agent has to find out what a mail asks for, or who asks, before anything can be decided."""
    if ticket.source != Ticket.Source.MAIL or ticket.kind == Kind.OTHER:
        return False
    told: list[object] = [ticket.orderer_id, ticket.company_id]
    told += [ticket.employee_username, ticket.new_number] if ticket.kind == Kind.PHONE else [ticket.recipients]
    return not all(told)


def _names_nobody(ticket: Ticket, evidence: Evidence) -> bool:
    """Whether a mail's user name is nobody's, as the directory says: a slip of the finger, which can be mended."""
    of_a_mail = ticket.source == Ticket.Source.MAIL and ticket.kind == Kind.PHONE
    return of_a_mail and evidence.account is None and not evidence.directory_down


def code_under_way(timeline: Iterable[TimelineEntry]) -> bool:
    """Whether a code was sent that may still be entered, by what happened, newest first."""
    sent = next((entry for entry in timeline if entry.what in (What.CODE_SENT, What.CODE_RIGHT)), None)
    fresh = timezone.now() - timedelta(seconds=limits.CODE_LIFETIME)
    return sent is not None and sent.what == What.CODE_SENT and sent.at > fresh


def button(ticket: Ticket, evidence: Evidence) -> str:
    """What the button to approve says: what it will do."""
    if ticket.kind == Kind.PHONE:
        username = evidence.account.username if evidence.account else ticket.employee_username
        return _("Koppla %(phone)s till %(username)s") % {"phone": readable(ticket.new_number), "username": username}
    if ticket.kind == Kind.RECIPIENTS:
        return _("Ändra mottagare till %(addresses)s") % {"addresses": _(" och ").join(ticket.recipients)}
    return _("Avsluta som läst") if evidence.by_program else _("Avsluta som utfört")


def consequences(ticket: Ticket, evidence: Evidence) -> list[str]:
    """What will happen then: who is told what, and from when it counts."""
    if ticket.kind == Kind.PHONE:
        said = _of_link(evidence)
    elif ticket.kind == Kind.RECIPIENTS:
        said = _of_recipients(ticket)
    else:
        said = _of_other(ticket, evidence)
    to = sender_letters.outcome_address(ticket) if ticket.source == Ticket.Source.MAIL else ""
    return [*said, _("%(address)s, som mejlade, får veta att ärendet är klart.") % {"address": to}] if to else said


def _of_link(evidence: Evidence) -> list[str]:
    told = [
        *([_("det gamla numret")] if evidence.tells_old_number else []),
        *([_("kontots e-postadress")] if evidence.account and mail_address(evidence.account) else []),
        _("beställaren"),
    ]
    names = _(" och ").join(filter(None, [", ".join(told[:-1]), told[-1]]))
    minutes = -(-settings.PHONE_LINK_HOLD // limits.MINUTE)
    wait = ngettext("%(count)d minut", "%(count)d minuter", minutes) % {"count": minutes}
    if not minutes:
        return [
            _("Det nya numret får ett SMS, och koder dit fungerar med en gång."),
            _("Meddelande går också till %(names)s.") % {"names": names},
        ]
    return [
        _("Det nya numret får ett SMS nu. Koder dit fungerar först efter %(wait)s.") % {"wait": wait},
        _("Meddelande går också till %(names)s, som kan stoppa det under de %(wait)s.")
        % {"names": names, "wait": wait},
    ]


def _of_other(ticket: Ticket, evidence: Evidence) -> list[str]:
    if evidence.by_program:
        return [
            _("Ett program har skrivit mejlet. Gör inget som det ber om: en behörig beställare frågar själv."),
            _("Ingen får något mejl."),
        ]
    if ticket.source == Ticket.Source.PORTAL:
        return [_("Portalen ändrar inget själv. Gör det som står i ärendet först."), _("Ingen får något mejl.")]
    if ticket.source == Ticket.Source.MAIL:
        return [
            _("Portalen ändrar inget själv. Ring upp beställaren på numret i registret innan du gör något som begärs."),
            _("Beställaren får ett mejl om att ärendet är klart."),
        ]
    return [
        _("Portalen ändrar inget själv. Gör det som begärs först."),
        _("Beställaren får ett mejl om att ärendet är klart."),
    ]


def _of_recipients(ticket: Ticket) -> list[str]:
    new = ticket.recipients - (ticket.company.recipients if ticket.company else Recipients())
    first = (
        _("%(addresses)s får ett mejl, och gäller först när mottagaren har bekräftat sin adress.")
        % {"addresses": _(" och ").join(new)}
        if new
        else _("Ingen adress är ny, så ändringen gäller med en gång.")
    )
    return [first, _("De som är mottagare i dag och beställaren får veta det nu.")]
