"""How long messages are kept (issue 3, "The outbox"), and the renewal of their keys (security.md X1)."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from accounts.limits import AUDIT_KEPT, BODIES_KEPT
from accounts.privacy.person import DataSubject, Held
from notifications import outbox
from notifications.models import OPEN, Message, UntoldNumber


def purge(now: datetime) -> dict[str, int]:
    """Blanks bodies and receivers, and deletes messages older than the trail; returns how many of each."""
    settled = Message.objects.exclude(state__in=OPEN)
    deleted, _rows = settled.filter(settled_at__lt=now - AUDIT_KEPT).delete()
    old = settled.filter(settled_at__lt=now - BODIES_KEPT, blanked_at=None)
    return {"messages": deleted, "bodies of messages": old.update(to="", text="", html="", blanked_at=now)}


def held(person: DataSubject) -> Iterator[Held]:
    """Messages about an account, sent or yet to be made, to any receiver; of an orderer, those that the orderer got."""
    rows = Message.objects.filter(about=person.id)
    if person.orderer:
        told = {Message.Channel.MAIL: person.orderer.email, Message.Channel.SMS: person.orderer.mobile}
        rows = Message.objects.filter(to_digest__in=[outbox.receiver_digest(kind, to) for kind, to in told.items()])
    yield Held("messages", rows, _erase)
    yield Held("first numbers to tell of", UntoldNumber.objects.filter(account=person.id))


def _erase(rows: QuerySet[Message]) -> None:
    rows.filter(state__in=OPEN).delete()
    rows.update(to="", to_digest="", about="", text="", html="", blanked_at=timezone.now())


def renew_keys() -> None:
    """Encrypts receivers and bodies anew with the newest key; call it in a transaction.

    Raises cryptography.fernet.InvalidToken for a text that no present key opens.
    """
    for message in Message.objects.select_for_update().filter(blanked_at=None).iterator(chunk_size=500):
        message.to_digest = outbox.receiver_digest(message.kind, message.to)
        message.save(update_fields=["to", "to_digest", "text", "html"])
