"""Blockers: why a ticket can't be approved, in words that say what to do."""

from collections.abc import Iterator

from django.conf import settings
from django.utils.translation import gettext as _

from accounts import phones
from accounts.directory import Account
from accounts.models import numbers
from helpdesk.models import Ticket
from helpdesk.tickets.evidence.context import Kind, TicketContext


def find(context: TicketContext) -> list[str]:
    """Empty if the ticket can be approved, as far as is known while the directory is down."""
    if context.ticket.kind == Kind.OTHER:
        return [*_of_other(context)]
    if context.ticket.kind == Kind.RECIPIENTS:
        no_address = _("Ingen adress står i ärendet. Avslå det, och be beställaren begära det på nytt med adressen.")
        return [*_of_requester(context), *([] if context.ticket.recipients else [no_address])]
    of_account = [] if context.directory_down else _of_account(context)
    return [*_of_requester(context), *of_account, *_of_number(context)]


def _of_requester(context: TicketContext) -> Iterator[str]:
    orderer, company = context.orderer, context.company
    if orderer is None:
        yield _(
            "Ingen behörig beställare står bakom ärendet. Avslå det, och be en behörig beställare begära det på nytt."
        )
    elif not orderer.active:
        yield _(
            "%(name)s är inte längre aktiv som beställare. Avslå ärendet, och be en annan behörig beställare "
            "begära det."
        ) % {"name": orderer.name}
    if company is None:
        yield _("Ärendet hör inte till något företag i registret. Avslå det, och be beställaren begära det på nytt.")
    elif not company.active:
        yield _(
            "%(company)s är inte aktivt i registret. Avslå ärendet, eller be en administratör att aktivera företaget."
        ) % {"company": company.name}
    if orderer and company and not context.orderer_belongs:
        yield _(
            "%(name)s är inte beställare för %(company)s. Avslå ärendet, och be företagets egen beställare begära det."
        ) % {"name": orderer.name, "company": company.name}


def _of_other(context: TicketContext) -> Iterator[str]:
    """A stranger's question is refused. A ticket of the portal's own has no blockers."""
    if context.mail and context.mail.unreadable:
        yield _("Mejlet gick inte att läsa. Öppna det i brevlådans mapp Unreadable, och ändra uppgifterna här.")
        return
    if context.ticket.source != Ticket.Source.PORTAL and not context.orderer_is_told and not context.by_program:
        yield _(
            "Avsändaren är inte behörig beställare för företaget. Gör inget av det som begärs. Avslå ärendet, och be "
            "en behörig beställare begära det."
        )


def _of_account(context: TicketContext) -> Iterator[str]:
    ticket, account = context.ticket, context.account
    if account is None:
        yield _("Ingen i katalogen har användarnamnet %(username)s. Fråga beställaren, och rätta uppgifterna.") % {
            "username": ticket.employee_username
        }
        return
    yield from _of_person(context, account)
    words = {"username": account.username}
    if not account.enabled:
        yield (
            _("Kontot %(username)s är avstängt. Det måste först aktiveras av den som sköter kommunens konton.") % words
        )
    if account.protected:
        yield (
            _(
                "Kontot %(username)s är skyddat, så att inget nummer kan kopplas här. Avslå ärendet, och hänvisa till"
                " den som sköter kommunens konton."
            )
            % words
        )


def _of_person(context: TicketContext, account: Account) -> Iterator[str]:
    if context.ticket.account and account.id != context.ticket.account:
        yield _(
            "Användarnamnet %(username)s hör till en annan medarbetare nu än när ärendet kom in. Avslå ärendet, eller "
            "rätta uppgifterna om beställaren menar den nya medarbetaren."
        ) % {"username": account.username}
    elif context.company and context.directory_company != context.company:
        yield _(
            "Kontot %(username)s hör inte till %(company)s i katalogen. Rätta användarnamnet om det är fel. Annars "
            "avslår du ärendet, eller ber den som sköter kommunens konton att rätta katalogen."
        ) % {"username": account.username, "company": context.company.name}


def _of_number(context: TicketContext) -> Iterator[str]:
    try:
        numbers.parse(context.ticket.new_number)
    except numbers.NumberRefused as refused:
        yield _("Numret går inte att använda: %(why)s Fråga beställaren efter ett annat, och rätta uppgifterna.") % {
            "why": refused
        }
        return
    if context.phone and context.phone.number == context.ticket.new_number:
        yield phones.already_there(context.phone, context.ticket.employee_username)
    if len(context.other_usernames) >= settings.LIMIT_ACCOUNTS_PER_NUMBER:
        yield _(
            "Numret finns redan på %(count)d andra konton, och fler får inte ha det. Fråga beställaren efter ett "
            "annat, och rätta uppgifterna."
        ) % {"count": len(context.other_usernames)}
