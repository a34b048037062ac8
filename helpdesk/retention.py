"""How long requests and what belongs to them are kept (security.md Q1), and the renewal of their keys (X1)."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Model, QuerySet
from django.utils import timezone

from accounts.limits import AUDIT_KEPT, CODES_KEPT, GONE_KEPT, MAILS_KEPT, TICKETS_KEPT
from helpdesk.intake import fetch
from helpdesk.models import CompanyCount, IncomingMail, ReadAttempt, SignInLink, Ticket, TimelineEntry

NUMBERS_KEPT = GONE_KEPT  # of a decided request: as long as the number of an account that is gone
LINKS_KEPT = CODES_KEPT
COUNTS_KEPT = AUDIT_KEPT


def purge(now: datetime) -> dict[str, int]:
    """Deletes what is past its time; returns how many. Timelines, verifications and confirmations go along.

    A mail's words go after 90 days, whatever became of its request, here and in the mailbox; its fields stay with it.
    The numbers of requests are counted on: none is given twice.
    """
    tickets = Ticket.objects.filter(decided_at__lt=now - TICKETS_KEPT)
    links = SignInLink.objects.filter(asked_at__lt=now - LINKS_KEPT)
    numbers = Ticket.objects.filter(decided_at__lt=now - NUMBERS_KEPT).exclude(new_number="")
    mails = IncomingMail.objects.filter(came_at__lt=now - MAILS_KEPT, blanked_at=None)
    counts = CompanyCount.objects.filter(day__lt=timezone.localdate(now - COUNTS_KEPT))
    reports = IncomingMail.objects.filter(came_at__lt=now - TICKETS_KEPT, ticket=None)
    return {
        "reports of bounces": _delete(reports, IncomingMail),
        "messages taken up": _delete(ReadAttempt.objects.filter(at__lt=now - MAILS_KEPT), ReadAttempt),
        "tickets": _delete(tickets, Ticket),
        "numbers in requests": numbers.update(new_number=""),
        "mails to the helpdesk": mails.update(
            sender="", sender_name="", subject="", text="", attached="", blanked_at=now
        ),
        "mails in the mailbox": fetch.forget(now),
        "sign-in links": _delete(links, SignInLink),
        "counts of companies": _delete(counts, CompanyCount),
    }


def _delete(rows: QuerySet[Model], model: type[Model]) -> int:
    """How many of these, without what went along."""
    return rows.delete()[1].get(model._meta.label, 0)


def renew_keys() -> None:
    """Encrypts anew with the newest key; call it in a transaction.

    A verification made under the old key counts no more, since the digest of the number is another one now: the agent
    makes sure once again. Raises cryptography.fernet.InvalidToken for what no present key opens.
    """
    _encrypt_anew(QuerySet(Ticket), "new_number", "text")
    _encrypt_anew(QuerySet(TimelineEntry), "why")  # not its manager's: a timeline is append-only
    _encrypt_anew(QuerySet(SignInLink), "asked_for")
    _encrypt_anew(QuerySet(IncomingMail), "sender", "sender_name", "subject", "text", "attached")


def _encrypt_anew(rows: QuerySet[Model], *fields: str) -> None:
    for key, *values in list(rows.select_for_update().values_list("pk", *fields)):
        rows.filter(pk=key).update(**dict(zip(fields, values, strict=True)))
