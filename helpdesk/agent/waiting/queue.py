"""The agents' queue: the tickets under each tab, how long each has waited, and what a search finds."""

import re
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from accounts.models.recipients import RECIPIENT_COLUMNS
from helpdesk.agent.next_step import is_incomplete
from helpdesk.agent.waiting.queue_filter import QueueFilter, Tab
from helpdesk.models import OPEN, Ticket, TimelineEntry
from helpdesk.searches import words_of
from helpdesk.tickets import questions
from helpdesk.tickets.evidence import Evidence, Level, worst

PAGE = 50  # tickets a page
OLD, VERY_OLD = timedelta(hours=4), timedelta(hours=24)  # half a working day; a whole day and night
OVER = {"old": OLD // timedelta(hours=1), "very old": VERY_OLD // timedelta(hours=1)}  # hours

_NUMBER = re.compile(r"(\d{4})\s?[-\u2010-\u2015\u2212]\s?(\d{1,6})", re.ASCII)
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


KINDS = {
    Ticket.Kind.PHONE: gettext_lazy("Nytt mobilnummer"),
    Ticket.Kind.RECIPIENTS: gettext_lazy("Mottagare"),
    Ticket.Kind.OTHER: gettext_lazy("Annat"),
}


class News(NamedTuple):
    """``newest``: the id of the newest untaken ticket, whatever the tab; ``fresh``: how many the agent did not know."""

    newest: int
    fresh: int


def look(
    wanted: QueueFilter, agent: User, known: int = 0, *, again: bool = False
) -> tuple[Page[Any], dict[str, int], News]:
    """A page of the queue, the number of tickets under each tab, and what came after the id ``known``. Three queries.

    ``again``: of closed tickets, which may be many, none is counted unless they are shown.
    ``news``: a mail joined the ticket after an agent last did something with it.
    """
    new = _under(Tab.NEW, agent)
    # The open ones are few; those that are closed are counted in their index, and not read.
    counts = (
        _filtered(wanted)
        .filter(state__in=OPEN)
        .aggregate(
            **{tab: Count("pk", filter=_under(tab, agent)) for tab in Tab if tab != Tab.CLOSED},
            newest=Max("pk", filter=new),
            fresh=Count("pk", filter=new & Q(pk__gt=known)),
        )
    )
    closed = _filtered(wanted).filter(_under(Tab.CLOSED, agent))
    counts[Tab.CLOSED] = 0 if again and wanted.tab != Tab.CLOSED else closed.count()
    news = News(max(counts.pop("newest") or 0, known), counts.pop("fresh"))
    # Without the text, which no row shows; the new number is for the flags.
    fields = (
        *("number", "kind", "state", "source", "created_at", "changed_at", "decided_at", "doubts", "new_number"),
        *("company", "company_name", "orderer", "orderer_name", "account", "employee_name", "employee_username"),
        *(*RECIPIENT_COLUMNS, "agent__username", "decided_by__username"),
    )
    listed = chosen(wanted, agent).select_related("agent", "decided_by")
    # Asked for the rows of the page alone: of Exists, PostgreSQL makes one look through the timelines of all tickets.
    unseen = Subquery(_unseen_mail().values("pk")[:1])
    listed = listed.only(*fields).annotate(news=unseen, question=questions.standing_column())
    paginator: Paginator[Any] = Paginator(listed, PAGE)
    paginator.count = counts[wanted.tab]  # counted already
    return paginator.get_page(wanted.page_number), counts, news


def chosen(wanted: QueueFilter, agent: User) -> QuerySet[Ticket]:
    """All tickets that the filter shows, in its order."""
    return _filtered(wanted).filter(_under(wanted.tab, agent)).order_by(*wanted.columns)


def worst_flag(evidence: Evidence) -> tuple[Level, str] | None:
    """What speaks most against an open ticket, as its row says it: a stop, a blocker, a gap, what to look at."""
    flag = worst(evidence.flags)
    if flag and flag.stop:
        return flag.level, flag.text
    if is_incomplete(evidence.ticket):
        return Level.LOOK, _("Mejlet säger inte allt som behövs.")
    if evidence.blockers:
        return Level.STOP, evidence.blockers[0]
    return (flag.level, flag.text) if flag else None


def by_number(text: str) -> str:
    """The number of the ticket whose number was typed, with any kind of dash; "" if there is no such ticket."""
    found = _NUMBER.fullmatch(text.strip())
    number = f"{found[1]}-{int(found[2]):05d}" if found else ""
    return number if number and Ticket.objects.filter(number=number).exists() else ""


def about(ticket: Ticket) -> str:
    """The account, or the addresses, that the ticket is about; "" if it is about neither."""
    if ticket.kind == Ticket.Kind.RECIPIENTS:
        return ", ".join(ticket.recipients)
    return " ".join(filter(None, [ticket.employee_username, ticket.employee_name]))


def age(since: datetime, now: datetime) -> str:
    passed = now - since
    if passed < 2 * _MINUTE:
        return _("under 2 min")
    if passed < _HOUR:
        return _("%(count)d min") % {"count": passed // _MINUTE}
    if passed < _DAY:
        return _("%(count)d tim") % {"count": passed // _HOUR}
    days = passed // _DAY
    return ngettext("%(count)d dag", "%(count)d dagar", days) % {"count": days}


def how_old(ticket: Ticket, now: datetime) -> str:
    """ "", "old" or "very old"; "" once closed."""
    waited = now - ticket.created_at if ticket.open else timedelta(0)
    return "very old" if waited > VERY_OLD else "old" if waited > OLD else ""


def _filtered(wanted: QueueFilter) -> QuerySet[Ticket]:
    found = Ticket.objects.order_by()
    if wanted.kind:
        found = found.filter(kind=wanted.kind)
    if wanted.company is not None:
        found = found.filter(company=wanted.company)
    for word in words_of(wanted.text):
        columns = ("number", "company_name", "orderer_name", "employee_name", "employee_username")
        found = found.filter(Q(*((f"{column}__icontains", word) for column in columns), _connector=Q.OR))
    return found


def _under(tab: Tab, agent: User) -> Q:
    if tab == Tab.NEW:
        return Q(state=Ticket.State.NEW)
    if tab == Tab.MINE:
        return Q(state__in=OPEN, agent=agent)
    if tab == Tab.WAITING:
        return Q(state=Ticket.State.VERIFYING)
    return Q(decided_at__isnull=False)


def _unseen_mail() -> QuerySet[TimelineEntry]:
    """Mails that joined a ticket after an agent last did something with it."""
    by_agents = (
        TimelineEntry.objects.filter(ticket=OuterRef("ticket"), by=TimelineEntry.By.AGENT).order_by("-at").values("at")
    )
    news = (TimelineEntry.What.MAILED, TimelineEntry.What.AUTO_REPLIED)
    mails = TimelineEntry.objects.filter(ticket=OuterRef("pk"), what__in=news).annotate(seen=Subquery(by_agents[:1]))
    return mails.filter(Q(seen=None) | Q(at__gt=F("seen")))
