"""How long the helpdesk's rows are kept (security.md Q1), and how they get a new key (X1)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.limits import AUDIT_KEPT, CODES_KEPT, GONE_KEPT, MAILS_KEPT, TICKETS_KEPT
from accounts.privacy.person import DataSubject, EraseRefused, Held
from accounts.privacy.retention import encrypt_anew
from helpdesk.models import OPEN, CompanyCount, DayCount, IncomingMail, ReadAttempt, SignInLink, Ticket, TimelineEntry

NUMBERS_KEPT = GONE_KEPT  # in a decided ticket: as long as the number of an account that is gone
LINKS_KEPT = CODES_KEPT
COUNTS_KEPT = AUDIT_KEPT


def purge(now: datetime) -> dict[str, int]:
    """Deletes what is past its time, and returns how many rows; what belongs to a ticket goes with it.

    A mail's words go after 90 days, here and in the mailbox, whatever became of the ticket, which keeps its fields.
    Ticket numbers go on: none is given twice.
    """
    from helpdesk.intake import fetch  # here, since every process loads this file, and one reads mail

    numbers = Ticket.objects.filter(decided_at__lt=now - NUMBERS_KEPT).exclude(new_number="")
    mails = IncomingMail.objects.filter(came_at__lt=now - MAILS_KEPT, blanked_at=None)
    return {
        "reports of bounces": _delete(IncomingMail.objects.filter(came_at__lt=now - TICKETS_KEPT, ticket=None)),
        "messages taken up": _delete(ReadAttempt.objects.filter(at__lt=now - MAILS_KEPT)),
        "tickets": _delete(Ticket.objects.filter(decided_at__lt=now - TICKETS_KEPT)),
        "numbers in tickets": numbers.update(new_number=""),
        "mails to the helpdesk": mails.update(
            sender="", sender_name="", subject="", text="", attached="", blanked_at=now
        ),
        "mails in the mailbox": fetch.forget(now),
        "sign-in links": _delete(SignInLink.objects.filter(asked_at__lt=now - LINKS_KEPT)),
        "counts of days": _delete(DayCount.objects.filter(day__lt=timezone.localdate(now - COUNTS_KEPT))),
        "counts of companies": _delete(CompanyCount.objects.filter(day__lt=timezone.localdate(now - COUNTS_KEPT))),
    }


def held(person: DataSubject) -> Iterator[Held]:
    """The tickets about an employee, with their mails; of an orderer, the name on tickets that others need."""
    if person.orderer is None:
        yield Held("tickets", Ticket.objects.filter(account=person.id), _erase_tickets)
        yield Held("corrections", _corrections(person), lambda rows: rows.update(why=""))
        return
    tickets = Ticket.objects.filter(orderer=person.orderer)
    mails = IncomingMail.objects.filter(ticket__in=tickets)
    steps: QuerySet[TimelineEntry] = QuerySet(TimelineEntry).filter(ticket__in=tickets)
    yield Held("mails", mails, lambda rows: rows.update(sender="", sender_name="", subject="", text="", attached=""))
    told = Q(by=TimelineEntry.By.ORDERER) | Q(what=TimelineEntry.What.ASKED)
    yield Held("steps", steps.filter(told), _erase_steps)
    yield Held("tickets", tickets, lambda rows: rows.update(orderer_name="", text=""))


def _corrections(person: DataSubject) -> QuerySet[TimelineEntry]:
    """The steps that corrected a ticket about this employee into one about another. Read one by one: encrypted."""
    steps: QuerySet[TimelineEntry] = QuerySet(TimelineEntry)
    others = steps.filter(what=TimelineEntry.What.COMPLETED).exclude(ticket__account=person.id)
    return steps.filter(pk__in=[each.pk for each in others if person.username in each.why.split()])


def _erase_steps(steps: QuerySet[TimelineEntry]) -> None:
    """What the orderer did and wrote, and what the helpdesk asked."""
    steps.update(why="")
    steps.filter(by=TimelineEntry.By.ORDERER).update(who="")


def _erase_tickets(tickets: QuerySet[Ticket]) -> None:
    if waiting := tickets.filter(state__in=OPEN).first():
        raise EraseRefused(f"Ticket {waiting.number} is open. Decide it first.")
    tickets.delete()


def _delete(rows: QuerySet[Any]) -> int:
    """Returns how many of these rows, without those that went along."""
    return rows.delete()[1].get(rows.model._meta.label, 0)


def renew_keys() -> None:
    """Encrypts everything of the helpdesk with the newest key, in the caller's transaction.

    The digests of numbers change, so a verification made under the old key no longer counts: the agent verifies again.
    Raises cryptography.fernet.InvalidToken for a value that no present key opens.
    """
    encrypt_anew(Ticket, "new_number", "text")
    encrypt_anew(TimelineEntry, "why")
    encrypt_anew(SignInLink, "asked_for")
    encrypt_anew(IncomingMail, "sender", "sender_name", "subject", "text", "attached")
