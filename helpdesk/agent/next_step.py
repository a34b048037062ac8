"""The next step for an agent on a ticket, and what an approval will do."""

import enum
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import limits
from accounts.models import User, numbers
from helpdesk.models import Ticket, TimelineEntry
from helpdesk.tickets import four_eyes
from helpdesk.tickets.evidence import Evidence
from helpdesk.tickets.four_eyes import needs_verification
from notifications.notices import mail_address

Kind, What = Ticket.Kind, TimelineEntry.What


class NextStep(enum.StrEnum):
    """In the order of the work. The first step that holds is next."""

    CLOSED = "closed"
    TAKE = "take"
    TAKE_OVER = "take over"  # another agent has it
    COMPLETE = "complete"  # the mail left something out
    REJECT = "reject"  # a blocker stands in the way of an approval
    VERIFY = "verify"
    WAIT = "wait"  # the directory does not answer
    COLLEAGUE = "colleague"  # another agent approves (H2, H8)
    APPROVE = "approve"


def for_ticket(ticket: Ticket, agent: User, evidence: Evidence) -> NextStep:
    if not ticket.open:
        return NextStep.CLOSED
    if ticket.agent_id != agent.pk:
        return NextStep.TAKE_OVER if ticket.agent_id else NextStep.TAKE
    # Often the user name of a mail is misspelt, which can be fixed.
    of_a_mail = ticket.source == Ticket.Source.MAIL and ticket.kind == Kind.PHONE
    unknown = of_a_mail and evidence.account is None and not evidence.directory_down
    steps = (
        (is_incomplete(ticket) or unknown, NextStep.COMPLETE),
        (bool(evidence.blockers), NextStep.REJECT),
        (needs_verification(ticket) and not evidence.verifications, NextStep.VERIFY),
        (ticket.kind == Kind.PHONE and evidence.directory_down, NextStep.WAIT),
        (bool(colleague(ticket, agent, evidence)), NextStep.COLLEAGUE),
    )
    return next((step for holds, step in steps if holds), NextStep.APPROVE)


def colleague(ticket: Ticket, agent: User, evidence: Evidence) -> str:
    """Why a colleague has to approve; "" if this agent may."""
    return four_eyes.refusal(ticket, agent, evidence.verifications, evidence.recent_removals)


def eyes(ticket: Ticket, agent: User, evidence: Evidence) -> dict[str, object]:
    """What the page says of a second agent: before the verification, and after it."""
    return {
        "beforehand": four_eyes.beforehand(ticket, agent, evidence.recent_removals),
        "colleague": colleague(ticket, agent, evidence),
        "code_would_do": four_eyes.code_would_do(ticket, evidence.verifications, evidence.recent_removals),
    }


def is_incomplete(ticket: Ticket) -> bool:
    """Whether a mail left out what it asks for, or who asks: an agent has to fill that in before the decision."""
    if ticket.source != Ticket.Source.MAIL or ticket.kind == Kind.OTHER:
        return False
    needed: list[object] = [ticket.orderer_id, ticket.company_id]
    needed += [ticket.employee_username, ticket.new_number] if ticket.kind == Kind.PHONE else [ticket.recipients]
    return not all(needed)


def code_under_way(timeline: Iterable[TimelineEntry]) -> bool:
    """Whether a code was sent that may still be entered. ``timeline``: the newest first."""
    ends = (What.CODE_RIGHT, What.COMPLETED)  # the code of details that were corrected since counts no more
    sent = next((entry for entry in timeline if entry.what in (What.CODE_SENT, *ends)), None)
    fresh = timezone.now() - timedelta(seconds=limits.CODE_LIFETIME)
    return sent is not None and sent.what == What.CODE_SENT and sent.at > fresh


def approval(ticket: Ticket, evidence: Evidence) -> dict[str, str]:
    """What an approval will do. ``button``: the words on the button.

    Of a number: ``informed``, in words; ``hold``: how long the number gets no codes, or "". Of recipients: ``new``,
    who have to confirm their addresses.
    """
    others = [
        *([_("det gamla numret")] if evidence.tells_old_number else []),
        *([_("kontots e-postadress")] if evidence.account and mail_address(evidence.account) else []),
    ]
    minutes = -(-settings.PHONE_LINK_HOLD // limits.MINUTE)
    hold = ngettext("%(count)d minut", "%(count)d minuter", minutes) % {"count": minutes}
    return {
        "button": _button(ticket, evidence),
        "informed": _(" och ").join(filter(None, [", ".join(others), _("beställaren")])),
        "hold": hold if minutes else "",
        "new": _(" och ").join(evidence.new_recipients),
    }


def _button(ticket: Ticket, evidence: Evidence) -> str:
    if ticket.kind == Kind.PHONE:
        username = evidence.account.username if evidence.account else ticket.employee_username
        words = {"phone": numbers.shown(ticket.new_number), "username": username}
        return _("Koppla %(phone)s till %(username)s") % words
    if ticket.kind == Kind.RECIPIENTS:
        return _("Ändra mottagare till %(addresses)s") % {"addresses": _(" och ").join(ticket.recipients)}
    return _("Avsluta som läst") if evidence.by_program else _("Avsluta som utfört")
