"""Answers what ``TicketContext`` asks for many tickets at once, each question with one statement for all of them.

Only what flags and blockers ask: a page of one ticket shows more.
"""

import copy
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.apps import apps
from django.db.models import Prefetch, Q, prefetch_related_objects
from django.utils import timezone

from accounts import directory, limits
from accounts.companies import CompanyMatcher
from accounts.directory import Account, DirectoryError, folded
from accounts.encryption import digest
from accounts.models import BouncedAddress, Orderer, Phone, PhoneLink, PhoneRemoval
from helpdesk.models import IncomingMail, Ticket, TimelineEntry
from helpdesk.tickets import verification
from helpdesk.tickets.evidence.context import LATELY, TicketContext

Kind = Ticket.Kind
Contexts = Sequence[TicketContext]


def read(tickets: Sequence[Ticket]) -> None:
    """Gives each ticket its company, its orderer with companies, and the mail that opened it."""
    opened = IncomingMail.objects.filter(outcome=IncomingMail.MailOutcome.OPENED).defer("text", "subject", "attached")
    prefetch_related_objects(tickets, "company", "orderer__companies", Prefetch("mails", opened, "opened_by"))
    for ticket in tickets:
        ticket.opening_mail = next(iter(ticket.opened_by), None)  # type: ignore[attr-defined]


def accounts_of(tickets: Iterable[Ticket]) -> dict[int, Account | None] | None:
    """The accounts that have the tickets' user names now, by ticket; None: the directory is down.

    A ticket is left out if its text is no plain user name, which only a search of its own can tell.
    """
    asked = {ticket.pk: ticket.employee_username.strip() for ticket in tickets if ticket.kind == Kind.PHONE}
    asked = {pk: name for pk, name in asked.items() if not set(name) & {"@", "\\"}}
    try:
        found = directory.connect().named(asked.values())
    except DirectoryError:
        return None
    return {pk: found.get(folded(name)) for pk, name in asked.items()}


def fill(contexts: Contexts) -> None:
    """Answers all that flags and blockers ask of these contexts, whose tickets were ``read``."""
    _of_orderers(contexts)
    _of_accounts(contexts)
    tickets = [context.ticket for context in contexts]
    verified = verification.valid_by_ticket(tickets)
    wrong = _grouped(
        TimelineEntry.objects.filter(ticket__in=tickets, what=TimelineEntry.What.CODE_WRONG).defer("why"),
        lambda entry: entry.ticket_id,
    )
    addresses = {each for context in contexts for each in context.new_recipients.compared}
    bounced = set(BouncedAddress.objects.filter(address__in=addresses).values_list("address", flat=True))
    for context in contexts:
        context.verifications = verified.get(context.ticket.pk, [])
        context.timeline = wrong[context.ticket.pk]
        context.bounced = [each for each in context.new_recipients.compared if each in bounced]


def _of_orderers(contexts: Contexts) -> None:
    orderers = {context.orderer.pk for context in contexts if context.orderer}
    rows = list(Orderer.history.filter(id__in=orderers).order_by("history_date", "history_id"))
    membership = apps.get_model("accounts", "HistoricalOrderer_companies")._default_manager
    belonged = set(membership.filter(history__in=rows).values_list("history", "company"))
    history = _grouped(rows, lambda row: row.id)
    for context in contexts:
        company = context.company.pk if context.company else None
        members = context.orderer.companies.all() if context.orderer else []
        context.orderer_belongs = any(each.pk == company for each in members)
        context._history = []
        for row in history[context.orderer.pk] if context.orderer else []:
            then = copy.copy(row)  # two tickets may ask about one orderer for two companies
            then.belonged = (row.history_id, company) in belonged
            context._history.append(then)


def _of_accounts(contexts: Contexts) -> None:
    """Their companies, numbers, links and removals, and the other tickets about them."""
    of_number = [context for context in contexts if context.ticket.kind == Kind.PHONE]
    ids = {context.account_id for context in of_number} - {""}
    now, matcher = timezone.now(), CompanyMatcher() if any(context.account for context in of_number) else None
    numbers = {
        context.ticket.pk: digest(context.ticket.new_number, "number")
        for context in of_number
        if context.ticket.new_number
    }
    phones = Phone.objects.filter(Q(user__directory_id__in=ids) | Q(number_digest__in=numbers.values()))
    phones = phones.select_related("user").order_by("user__username")
    by_account, by_number = _grouped(phones, _account_of), _grouped(phones, lambda phone: phone.number_digest)
    removals = PhoneRemoval.objects.filter(user__directory_id__in=ids, at__gt=now - limits.REMOVALS_WATCHED)
    removed = _grouped(removals.select_related("agent", "user").order_by("-at", "-pk"), _account_of)
    links = PhoneLink.objects.filter(user__directory_id__in=ids, made_at__gt=now - limits.EARLIER_TICKETS)
    linked = _grouped(links.select_related("user").order_by("-made_at"), _account_of)
    others = Ticket.objects.filter(account__in=ids, created_at__gt=now - LATELY).only("account", "created_at")
    asked = _grouped(others.order_by("-created_at", "-pk"), lambda ticket: ticket.account)
    for context in contexts:
        wanted = context.account_id if context.ticket.kind == Kind.PHONE else ""
        number = numbers.get(context.ticket.pk, "")
        theirs = by_account[wanted] if wanted else []
        context.directory_company = matcher.company_of(context.account) if matcher and context.account else None
        context._phones = [*theirs, *(each for each in by_number[number] if each not in theirs)]
        context.recent_removals = removed[wanted]
        context.earlier_links = linked[wanted][: limits.MOST_EARLIER_TICKETS]
        earlier = [each for each in asked[wanted] if each.pk != context.ticket.pk]
        context.earlier_tickets = earlier[: limits.MOST_EARLIER_TICKETS]


def _account_of(row: Any) -> str:
    return str(row.user.directory_id)


def _grouped(rows: Iterable[Any], key: Callable[[Any], Any]) -> defaultdict[Any, list[Any]]:
    found: defaultdict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found
