"""The trail: who did what to whom, when, and how it ended (security.md L1)."""

from __future__ import annotations

from accounts.directory import Account
from accounts.models import AuditEvent, Event, User

Subject = Account | User | None


def record(
    event: Event,
    subject: Subject = None,
    *,
    actor: Subject = None,
    result: str = "",
    address: str | None = None,
) -> None:
    """Adds one event. Call it in the transaction of what it tells, or on either side of what is not transactional.

    ``result`` is a word or two of the portal's own, never what a person typed.
    """
    AuditEvent.objects.create(
        event=event,
        actor=_id(actor),
        subject=_id(subject),
        subject_name=subject.username if subject else "",
        company=subject.company if isinstance(subject, Account) else "",
        result=result,
        address=address,
    )


def _id(who: Subject) -> str:
    if who is None:
        return ""
    return who.id if isinstance(who, Account) else who.directory_id
