"""What stands in the way of an approval, in words that say what to do."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.utils.translation import gettext as _

from accounts import numbers, phones
from accounts.directory import Account
from helpdesk.models import Ticket
from helpdesk.tickets.evidence.context import Kind, TicketContext


def find(known: TicketContext) -> list[str]:
    """Empty if nothing does."""
    kind = known.ticket.kind
    if kind == Kind.PHONE:
        return [*_of_requester(known), *_of_account(known), *_of_number(known)]
    if kind == Kind.RECIPIENTS:
        return [*_of_requester(known), *_of_recipients(known)]
    return [*_of_stranger(known)]


def of_registers(known: TicketContext) -> list[str]:
    """The same while the directory can't be asked: what is true whatever it would say."""
    if known.ticket.kind == Kind.OTHER:
        return [*_of_stranger(known)]
    of_number = _of_number(known) if known.ticket.kind == Kind.PHONE else _of_recipients(known)
    return [*_of_requester(known), *of_number]


def _of_requester(known: TicketContext) -> Iterator[str]:
    orderer, company = known.orderer, known.company
    if orderer is None:
        yield _(
            "Ingen beställare i registret står bakom ärendet. Avslå det, och be en behörig beställare fråga på nytt."
        )
    elif not orderer.active:
        yield _(
            "%(name)s är inte längre aktiv som beställare. Avslå ärendet, och be en annan behörig beställare fråga."
        ) % {"name": orderer.name}
    if company is None:
        yield _("Ärendet hör inte till något företag i registret. Avslå det, och be beställaren fråga på nytt.")
    elif not company.active:
        yield _(
            "%(company)s är inte aktivt i registret. Avslå ärendet, eller be en administratör att aktivera företaget."
        ) % {"company": company.name}
    if orderer and company and not known.belongs:
        yield _(
            "%(name)s är inte beställare för %(company)s. Avslå ärendet, och be företagets egen beställare fråga."
        ) % {"name": orderer.name, "company": company.name}


def _of_stranger(known: TicketContext) -> Iterator[str]:
    """Of anything else that is asked for. What the portal itself asks for, an agent does."""
    if known.mail and known.mail.unreadable:
        yield _("Mejlet gick inte att läsa. Öppna det i brevlådans mapp Unreadable, och ändra uppgifterna här.")
        return
    if known.ticket.source != Ticket.Source.PORTAL and not known.told and not known.by_program:
        yield _(
            "Den som frågar är inte behörig beställare för företaget. Gör inget av det som begärs. Be en behörig"
            " beställare fråga på nytt, och avslå det här."
        )


def _of_account(known: TicketContext) -> Iterator[str]:
    ticket, account = known.ticket, known.account
    if account is None and ticket.source == Ticket.Source.MAIL:
        yield _("Ingen i katalogen har användarnamnet %(username)s. Fråga beställaren, och ändra uppgifterna.") % {
            "username": ticket.employee_username
        }
        return
    if account is None:
        yield _(
            "Ingen i katalogen har användarnamnet %(username)s. Fråga beställaren vad det ska vara, avslå ärendet och"
            " öppna ett nytt."
        ) % {"username": ticket.employee_username}
        return
    yield from _of_person(known, account)
    words = {"username": account.username}
    if not account.enabled:
        yield _("Kontot %(username)s är avstängt. Det måste först öppnas av den som sköter kommunens konton.") % words
    if account.protected:
        yield (
            _(
                "Kontot %(username)s är skyddat, så att inget nummer kan kopplas här. Avslå ärendet, och hänvisa till"
                " den som sköter kommunens konton."
            )
            % words
        )


def _of_person(known: TicketContext, account: Account) -> Iterator[str]:
    if known.ticket.account and account.id != known.ticket.account:
        yield _(
            "Användarnamnet %(username)s hör till en annan person nu än när ärendet kom in. Avslå ärendet. Öppna ett"
            " nytt, om beställaren menar den nya personen."
        ) % {"username": account.username}
    elif known.company and known.home != known.company:
        yield _(
            "Kontot %(username)s hör inte till %(company)s i katalogen. Avslå ärendet, eller be den som sköter"
            " kommunens konton att rätta katalogen."
        ) % {"username": account.username, "company": known.company.name}


def _of_number(known: TicketContext) -> Iterator[str]:
    try:
        numbers.parse(known.ticket.new_number)
    except numbers.NumberRefused as refused:
        yield _("Numret går inte att använda: %(why)s Avslå ärendet, och öppna ett nytt med ett annat nummer.") % {
            "why": refused
        }
        return
    if known.phone and known.phone.number == known.ticket.new_number:
        yield phones.already_there(known.phone, known.ticket.employee_username)
    if len(known.elsewhere) >= settings.LIMIT_ACCOUNTS_PER_NUMBER:
        yield _(
            "Numret finns redan på %(count)d andra konton, och fler får inte ha det. Avslå ärendet, och öppna ett nytt"
            " med ett annat nummer."
        ) % {"count": len(known.elsewhere)}


def _of_recipients(known: TicketContext) -> Iterator[str]:
    """One or two addresses (manual-sv.md, "Support", 2). A third one has no column."""
    if not known.ticket.recipients:
        yield _("Ingen adress står i ärendet. Avslå det, och be beställaren fråga på nytt med en eller två adresser.")
