"""Writing the audit trail (security.md L1)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from django.db.models import OuterRef, Subquery
from django.utils import timezone

from accounts.models import AuditEvent, Company, Event, Orderer, User


class NamedAccount(Protocol):
    """A directory account, as far as the trail names it. The trail knows no directory."""

    @property
    def id(self) -> str: ...

    @property
    def username(self) -> str: ...

    @property
    def company(self) -> str: ...


Subject = NamedAccount | User | Company | Orderer | None


def record(
    event: Event, subject: Subject = None, *, actor: Subject = None, result: str = "", address: str | None = None
) -> None:
    """Adds one event, in the transaction of the change. ``result``: words of the portal's own, never a person's."""
    AuditEvent.objects.create(
        event=event,
        actor=_id(actor),
        subject=_id(subject),
        subject_name=_name(subject),
        company=_company(subject)[:256],
        result=result,
        address=address,
    )


def record_unless_recent(
    event: Event, accounts: Sequence[NamedAccount], within: timedelta, *, actor: User, result: str, address: str | None
) -> None:
    """Adds one event for each account, but none that is in the trail already, alike, from the time ``within``."""
    same = AuditEvent.objects.filter(event=event, actor=_id(actor), result=result, at__gt=timezone.now() - within)
    recent = set(same.filter(subject__in=[account.id for account in accounts]).values_list("subject", flat=True))
    for account in accounts:
        if account.id not in recent:
            record(event, account, actor=actor, result=result, address=address)


def username_of(field: str) -> Subquery:
    """For a query of events: the last known user name of the account whose id the field has. NULL for an orderer."""
    return Subquery(User.objects.filter(directory_id=OuterRef(field)).values("username")[:1])


def _id(who: Subject) -> str:
    if who is None:
        return ""
    if isinstance(who, (Company, Orderer)):
        return f"{who._meta.model_name} {who.pk}"
    return who.directory_id if isinstance(who, User) else who.id


def _name(who: Subject) -> str:
    if isinstance(who, Orderer):
        return who.name
    return "" if who is None or isinstance(who, Company) else who.username


def _company(who: Subject) -> str:
    if isinstance(who, Orderer):
        return ", ".join(sorted(company.name for company in who.companies.all())) if who.pk else ""
    if isinstance(who, Company):
        return who.name
    return "" if who is None or isinstance(who, User) else who.company
