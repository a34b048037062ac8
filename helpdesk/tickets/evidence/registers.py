"""Reads the registers for ``TicketContext``, each question with one statement for all tickets."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db.models import F, Prefetch, Q, prefetch_related_objects
from django.utils import timezone

from accounts import directory, limits
from accounts.companies import CompanyMatcher
from accounts.directory import Account, DirectoryError, folded
from accounts.models import BouncedAddress, Orderer, Phone, PhoneLink, PhoneRemoval
from accounts.privacy.encryption import digest
from helpdesk.models import IncomingMail, Ticket, TimelineEntry
from helpdesk.tickets import verification
from helpdesk.tickets.evidence.context import LATELY, TicketContext, lately

Kind = Ticket.Kind
Contexts = Sequence[TicketContext]


def read(tickets: Sequence[Ticket]) -> None:
    """Gives each ticket its company, its orderer with companies, and the mail that opened it."""
    opened = IncomingMail.objects.filter(outcome=IncomingMail.MailOutcome.OPENED).defer("text", "subject", "attached")
    prefetch_related_objects(tickets, "company", "orderer__companies", Prefetch("mails", opened, "opened_by"))
    for ticket in tickets:
        ticket.opening_mail = next(iter(ticket.opened_by), None)  # type: ignore[attr-defined]


def accounts_of(tickets: Iterable[Ticket]) -> dict[int, Account | None]:
    """The accounts that have the tickets' user names now, by ticket; none while the directory is down.

    A ticket is left out if its text is no plain user name, which only a search of its own can tell.
    """
    asked = {ticket.pk: ticket.employee_username.strip() for ticket in tickets if ticket.kind == Kind.PHONE}
    asked = {pk: name for pk, name in asked.items() if not set(name) & {"@", "\\"}}
    try:
        found = directory.connect().named(asked.values())
    except DirectoryError:
        return {}
    return {pk: found.get(folded(name)) for pk, name in asked.items()}


def fill(contexts: Contexts) -> None:
    """Answers all that facts, flags and blockers ask of these contexts."""
    _of_orderers(contexts)
    _of_accounts(contexts)
    tickets = [context.ticket for context in contexts]
    verified = verification.valid_by_ticket(tickets)
    addresses = {each for context in contexts for each in context.new_recipients.compared}
    bounced = set(BouncedAddress.objects.filter(address__in=addresses).values_list("address", flat=True))
    for context in contexts:
        context.verifications = verified.get(context.ticket.pk, [])
        context.bounced = [each for each in context.new_recipients.compared if each in bounced]


def count(contexts: Contexts) -> None:
    """Counts wrong codes and the other tickets of the accounts."""
    tickets, ids = [context.ticket for context in contexts], {context.account_id for context in contexts} - {""}
    entries = TimelineEntry.objects.filter(ticket__in=tickets, what=TimelineEntry.What.CODE_WRONG)
    wrong = Counter(entries.values_list("ticket", flat=True))
    others = Ticket.objects.filter(account__in=ids, created_at__gt=timezone.now() - LATELY)
    asked = Counter(others.values_list("account", flat=True))
    for context in contexts:
        context.wrong_codes = wrong[context.ticket.pk]
        itself = context.ticket.account == context.account_id and lately(context.ticket.created_at)
        context.asked_lately = asked[context.account_id] - itself if context.account_id else 0


def _of_orderers(contexts: Contexts) -> None:
    orderers = {context.orderer.pk for context in contexts if context.orderer}
    history = Orderer.history.filter(id__in=orderers).select_related("history_user")
    # A row for each company that the orderer had then.
    history = history.annotate(member=F("historicalorderer_companies__company"))
    rows = list(history.order_by("history_date", "history_id"))
    belonged = {(row.history_id, row.member) for row in rows}
    by_orderer = _grouped({row.history_id: row for row in rows}.values(), lambda row: row.id)
    for context in contexts:
        company = context.company.pk if context.company else None
        members = context.orderer.companies.all() if context.orderer else []
        context.orderer_belongs = any(each.pk == company for each in members)
        theirs = by_orderer[context.orderer.pk] if context.orderer else []
        context.history = [(row, (row.history_id, company) in belonged) for row in theirs]


def _of_accounts(contexts: Contexts) -> None:
    """Their companies, numbers, links and removals, and the other tickets about them."""
    ids = {context.account_id for context in contexts} - {""}
    now, matcher = timezone.now(), CompanyMatcher() if any(context.account for context in contexts) else None
    digests = {each.ticket.pk: digest(each.ticket.new_number, "number") for each in contexts if each.ticket.new_number}
    phones = Phone.objects.filter(Q(user__directory_id__in=ids) | Q(number_digest__in=digests.values()))
    phones = phones.select_related("user").order_by("user__username")
    on_file, by_number = _grouped(phones, _account_of), _grouped(phones, lambda phone: phone.number_digest)
    removals = PhoneRemoval.objects.filter(user__directory_id__in=ids, at__gt=now - limits.REMOVALS_WATCHED)
    removed = _grouped(removals.select_related("agent", "user").order_by("-at", "-pk"), _account_of)
    links = PhoneLink.objects.filter(user__directory_id__in=ids, made_at__gt=now - limits.EARLIER_TICKETS)
    linked = _grouped(links.select_related("user").order_by("-made_at"), _account_of)
    for context in contexts:
        wanted, ticket = context.account_id, context.ticket
        context.directory_company = matcher.company_of(context.account) if matcher and context.account else None
        context.phone = next(iter(on_file[wanted]), None) if wanted else None
        others_have = by_number[digests.get(ticket.pk)]
        context.other_usernames = [each.user.username for each in others_have if each.user.directory_id != wanted]
        context.recent_removals = removed[wanted] if ticket.kind == Kind.PHONE else []
        context.earlier_links = linked[wanted][: limits.MOST_EARLIER_TICKETS]


def _account_of(row: Any) -> str:
    return str(row.user.directory_id)


def _grouped(rows: Iterable[Any], key: Callable[[Any], Any]) -> defaultdict[Any, list[Any]]:
    found: defaultdict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found
