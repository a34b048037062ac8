"""The questions to a ticket's orderer and their answers, as an agent sees them on the ticket's page."""

from datetime import datetime
from typing import Any, NamedTuple

from accounts.models import User
from helpdesk.intake import reading
from helpdesk.models import IncomingMail, Ticket, TimelineEntry
from helpdesk.tickets import questions
from helpdesk.tickets.evidence import Evidence

What, By = TimelineEntry.What, TimelineEntry.By

_STANDS = (*questions.UNANSWERED, What.ANSWERED)  # what helpdesk/question_mark.html has words for
_SHOWN = (What.ASKED, What.ANSWERED, What.UNSURE_ANSWER, What.AUTO_REPLIED, What.NOT_DELIVERED)


class Line(NamedTuple):
    """A question, or what came of it. ``mail``: the one with the answer; its ``text`` is without older mails."""

    at: datetime
    what: str
    who: str
    text: str
    mail: IncomingMail | None = None


def for_page(evidence: Evidence, agent: User, mails: dict[str, Any] | None) -> dict[str, Any]:
    """``mails``: those that the page shows."""
    ticket, timeline = evidence.ticket, evidence.timeline
    lines = [
        Line(each.at, each.get_what_display(), each.who, each.why)
        for each in timeline
        if each.what in _SHOWN and (each.what != What.ANSWERED or each.by != By.MAIL)
    ]
    answers = [each["mail"] for each in mails["shown"]] if mails else []
    lines += [
        Line(mail.came_at, str(What.ANSWERED.label), mail.sender_name or mail.sender, reading.newest(mail.text), mail)
        for mail in answers
        if mail.outcome == IncomingMail.MailOutcome.ANSWER
    ]
    may_ask = ticket.open and ticket.agent_id == agent.pk and ticket.source != Ticket.Source.PORTAL
    standing = questions.standing(timeline)
    return {
        "lines": sorted(lines, key=lambda line: line.at),
        "standing": standing if ticket.open and standing in _STANDS else "",
        "not_sent": ticket.open and standing == What.ASKED and questions.was_not_sent(ticket),
        "may_ask": may_ask,
        "why_not": questions.why_not(ticket, timeline, is_authorised=evidence.orderer_is_told) if may_ask else "",
    }
