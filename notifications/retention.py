"""How long messages are kept (issue 3, "The outbox"), and the renewal of their keys (security.md X1)."""

from datetime import datetime

from accounts.limits import AUDIT_KEPT, BODIES_KEPT
from notifications import outbox
from notifications.models import OPEN, Message

CHUNK = 500  # rows in one query
MESSAGES_KEPT = AUDIT_KEPT  # without body and receiver; as long as the trail


def purge(now: datetime) -> dict[str, int]:
    """Blanks bodies and receivers, and deletes messages older than the trail; returns how many of each."""
    settled = Message.objects.exclude(state__in=OPEN)
    counts = {"messages": settled.filter(settled_at__lt=now - MESSAGES_KEPT).delete()[0]}
    old = settled.filter(settled_at__lt=now - BODIES_KEPT, blanked_at=None)
    counts["bodies of messages"] = old.update(to="", text="", html="", blanked_at=now)
    return counts


def renew_keys() -> None:
    """Encrypts receivers and bodies anew with the newest key; call it in a transaction.

    Raises cryptography.fernet.InvalidToken for a text that no present key opens.
    """
    for message in Message.objects.select_for_update().filter(blanked_at=None).iterator(chunk_size=CHUNK):
        message.to_digest = outbox.receiver_digest(message.kind, message.to)
        message.save(update_fields=["to", "to_digest", "text", "html"])
