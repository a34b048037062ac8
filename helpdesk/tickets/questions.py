"""A question to a ticket's orderer by mail, and its answer: by mail too, or on the orderer's pages (security.md M6).

It goes to the orderer's address in the register, never to one in a mail or from an agent. An answer is words for an
agent to read: it verifies nobody, changes nothing of what is asked, and opens or decides no ticket.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import limits
from accounts.models import Event, Orderer, User
from helpdesk.models import Ticket, TimelineEntry
from helpdesk.tickets import letters
from helpdesk.tickets.creating import SAME
from helpdesk.tickets.states import TicketRefused, add_entry, locked, record
from idportal import clock
from notifications import outbox
from notifications.models import Message

What = TimelineEntry.What

# The newest of these says how a ticket stands with its question. After the last three nobody waits for an answer.
_TELLING = (
    *(What.ASKED, What.ANSWERED, What.UNSURE_ANSWER, What.NOT_DELIVERED),
    *(What.COMPLETED, What.CODE_RIGHT, What.CALLED_BACK),
)
# A mail that joined the ticket.
BY_MAIL = (What.MAILED, What.ANSWERED, What.UNSURE_ANSWER, What.AUTO_REPLIED, What.NOT_DELIVERED)
UNANSWERED = (What.ASKED, What.UNSURE_ANSWER, What.NOT_DELIVERED)


@transaction.atomic
def ask(ticket_id: int, agent: User, text: str, address: str | None = None) -> None:
    """Mails the question to the orderer. A second press of the button sends nothing.

    Raises Closed, AssignedToOther, and TicketRefused if there is no address to write to, or after too many questions.
    """
    ticket = locked(ticket_id, agent)
    timeline = list(ticket.entries.order_by("-at", "-pk"))
    newest = next((entry for entry in timeline if entry.what in _TELLING), None)
    if newest and newest.at > timezone.now() - SAME and (newest.what, newest.why) == (What.ASKED, text):
        return
    if why := why_not(ticket, timeline, is_authorised=ticket.orderer_is_authorised()):
        raise TicketRefused(why)
    if ticket.orderer:
        _leave_in_peace(ticket.orderer)
    entry = add_entry(ticket, What.ASKED, agent, text)
    record(Event.TICKET_QUESTION_ASKED, ticket, agent, address)
    letters.send_question(ticket, text, key=str(entry.pk))


@transaction.atomic
def answer(ticket_id: int, orderer: Orderer, text: str, address: str | None = None) -> None:
    """The signed-in orderer answers on the pages. Raises TicketRefused if no question waits for them."""
    ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
    if not waits_for(ticket, orderer):
        raise TicketRefused(_("Frågan är redan besvarad, eller gäller inte längre."))
    add_entry(ticket, What.ANSWERED, orderer.name, text)
    record(Event.TICKET_ANSWERED, ticket, orderer, address)


def waits_for(ticket: Ticket, orderer: Orderer) -> bool:
    """Whether the ticket has a question that this orderer may answer."""
    entries = ticket.entries.order_by("-at", "-pk")
    return ticket.open and ticket.orderer_id == orderer.pk and standing(entries) in UNANSWERED


def standing(timeline: Iterable[TimelineEntry]) -> str:
    """The entry that says how the ticket stands with its question, as ``standing_column``. The newest entry first."""
    return next((str(entry.what) for entry in timeline if entry.what in _TELLING), "")


def standing_column() -> Subquery:
    """A column of tickets for ``helpdesk/question_mark.html``: "asked", "answered" …; None: no question yet."""
    entries = TimelineEntry.objects.filter(ticket=OuterRef("pk"), what__in=_TELLING)
    return Subquery(entries.order_by("-at", "-pk").values("what")[:1])


def was_not_sent(ticket: Ticket) -> bool:
    """Whether no mail server took the newest question."""
    key = f"{Message.Topic.TICKET_QUESTION} {ticket.number} "
    newest = Message.objects.filter(key__startswith=key).order_by("created_at", "pk").last()
    return newest is not None and newest.state in (Message.Status.REFUSED, Message.Status.EXPIRED)


def why_not(ticket: Ticket, timeline: Iterable[TimelineEntry], *, is_authorised: bool) -> str:
    """Why no question can be sent, and what to do instead; "" if one can.

    ``is_authorised``: as ``Ticket.orderer_is_authorised``.
    """
    orderer = ticket.orderer
    if orderer is None:
        return _(
            "En fråga går bara till en beställares adress i registret, och ärendet har ingen beställare där. "
            "Välj beställare först. Går det inte, avslå ärendet."
        )
    words = {"name": orderer.name, "until": clock.stamp(orderer.waits_until) if orderer.waits_until else ""}
    why = ""
    if not is_authorised:
        why = _(
            "%(name)s är inte behörig beställare för företaget i registret, så ingen fråga går dit. "
            "Ring en annan beställare på företaget, eller avslå ärendet."
        )
    elif orderer.waiting:
        why = _(
            "Uppgifterna om %(name)s i registret är nya, så ingen fråga går dit före %(until)s. "
            "Vänta, eller ring en annan beställare på företaget."
        )
    elif letters.is_ours(orderer.email):
        why = _("Adressen till %(name)s i registret är helpdesks egen. Be en administratör rätta den.")
    elif sum(entry.what == What.ASKED and entry.at > _day_ago() for entry in timeline) >= limits.QUESTIONS_A_TICKET:
        why = _("%(name)s har fått flera frågor om ärendet det senaste dygnet. Ring numret i registret i stället.")
    return why % words


def _leave_in_peace(orderer: Orderer) -> None:
    """Raises TicketRefused for an orderer who got many questions. Of two at once the second counts the first."""
    Orderer.objects.select_for_update(no_key=True).get(pk=orderer.pk)
    receiver = outbox.receiver_digest(Message.Channel.MAIL, orderer.email)
    got = Message.objects.filter(purpose=Message.Topic.TICKET_QUESTION, to_digest=receiver, created_at__gt=_day_ago())
    if got.count() >= limits.QUESTIONS_TO_ORDERER:
        words = _("%(name)s har fått många frågor det senaste dygnet. Ring numret i registret i stället.")
        raise TicketRefused(words % {"name": orderer.name})


def _day_ago() -> datetime:
    return timezone.now() - timedelta(seconds=limits.DAY)
