"""Mail that bounced: a delivery status notification (RFC 3464) about a digest marks the digest's recipient.

Anyone can write such a report. So it counts only for a digest that was sent: found by its Message-ID, which only its
receiver has seen; or, if the report returns no headers, by the address of a digest that was sent lately. Each digest
counts once. The portal marks the address that it wrote to, not the one in the report.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from accounts import companies
from accounts.models import BouncedAddress
from helpdesk.intake.mime import Letter
from idportal.logs import masked
from notifications import outbox
from notifications.models import Message

LATELY = timedelta(days=14)  # servers retry for up to five days, and some queues stand still for a week
ONCE = timedelta(hours=20)
MOST_BLOCKS = 5  # of a report; one about our mail has one, since our mails have one receiver
_FAILED = "failed"
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}", re.ASCII)

Headers = Sequence[tuple[str, str]]


def is_report(letter: Letter) -> bool:
    """Whether it is a delivery status notification itself, not a mail that contains one."""
    return bool(letter.reports) and letter.content_type == "multipart/report"


def returned_message(letter: Letter) -> Message | None:
    """The outbox message that the report returns, on any topic."""
    return sent_as(dict(reversed(letter.returned)).get("message-id", ""))


def sent_as(message_id: str) -> Message | None:
    """The outbox mail with this Message-ID."""
    found = re.fullmatch(r"<?([0-9a-fA-F-]{36})@[^<>\s]{1,255}>?", message_id.strip())
    try:
        uid = uuid.UUID(found[1]) if found else None
    except ValueError:
        return None
    return Message.objects.filter(uid=uid, kind=Message.Channel.MAIL).first() if uid else None


def note(letter: Letter) -> bool:
    """Marks the recipient of a digest, in the caller's transaction. Returns whether the report is about a digest."""
    message = returned_message(letter)
    by_message_id = message is not None
    if message is None and not _returns_headers(letter) and _is_from_server(letter):
        message = _by_address(letter)
    if message is None or message.purpose != Message.Topic.DIGEST or not message.to:
        return False
    reason = next((_reason(block, in_words=by_message_id) for block in letter.reports if _failed(block)), None)
    if reason is not None and _first(message):
        companies.note_bounce(message.to, reason)
    return True  # also if it is only delayed: the server still tries, so there is nothing to do


def _first(message: Message) -> bool:
    """Whether this is the digest's first bounce. Of two reports at once, one is the first."""
    return bool(Message.objects.filter(pk=message.pk, bounced_at=None).update(bounced_at=timezone.now()))


def _returns_headers(letter: Letter) -> bool:
    return any(name == "message-id" for name, _ in letter.returned)


def _is_from_server(letter: Letter) -> bool:
    """Whether its envelope had no sender: every report has none (RFC 5321 4.5.5)."""
    return any(path.strip("<> ") == "" for path in letter.all("return-path"))


def _by_address(letter: Letter) -> Message | None:
    """The newest digest to a final recipient of the report that has not bounced yet."""
    for block in letter.reports[:MOST_BLOCKS]:
        for address in _recipients(block)[:2]:
            sent = Message.objects.filter(
                to_digest=outbox.receiver_digest(Message.Channel.MAIL, address),
                purpose=Message.Topic.DIGEST,
                state=Message.Status.SENT,
                settled_at__gt=timezone.now() - LATELY,
                bounced_at=None,
            )
            lately = timezone.now() - ONCE
            if BouncedAddress.objects.filter(address=address.lower(), last_at__gt=lately).exists():
                continue  # a digest a day, a report a day
            if found := sent.order_by("-settled_at", "-pk").first():
                return found
    return None


def _recipients(block: Headers) -> list[str]:
    """``Final-Recipient: rfc822; carin@…``"""
    given = [value for name, value in block if name in ("final-recipient", "original-recipient")]
    return [value.partition(";")[2].strip(" <>") for value in given if value.lower().startswith("rfc822")]


def _failed(block: Headers) -> bool:
    return any(name == "action" and value.strip().lower() == _FAILED for name, value in block)


def _reason(block: Headers, *, in_words: bool) -> str:
    """The reason as administrators read it: the server's words, without addresses and numbers.

    Without ``in_words`` only the status, because a stranger may have written the report.
    """
    fields = dict(reversed(block))
    status = fields.get("status", "")
    if not in_words:
        return status if _STATUS.fullmatch(status) else "returned"
    diagnosis = fields.get("diagnostic-code", "")
    words = diagnosis.partition(";")[2].strip() or diagnosis
    return masked(f"{status} {words}".strip() or "returned")[:200]
