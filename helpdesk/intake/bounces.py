"""Mail that came back: a delivery status notification (RFC 3464) about a digest marks its recipient.

Anyone can write such a report. So it counts only for a digest that was sent: known by its Message-ID, which nobody but
its receiver has seen; or, where a server gives back no headers, by the address of one that was sent lately. Each
digest counts once. What is marked is the address that the portal wrote to, not the one in the report.
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

LATELY = timedelta(days=14)  # servers try for up to five days; some people read mail once a week
ONCE = timedelta(hours=20)
MOST_BLOCKS = 5  # of a report; ours are about one receiver
_FAILED = "failed"
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}", re.ASCII)

Headers = Sequence[tuple[str, str]]


def is_report(letter: Letter) -> bool:
    """Whether it is a delivery status notification, and not somebody's mail that holds one."""
    return bool(letter.reports) and letter.content_type == "multipart/report"


def returned_message(letter: Letter) -> Message | None:
    """The message of the outbox that the report gives back, whatever it was about."""
    return sent_as(dict(reversed(letter.returned)).get("message-id", ""))


def sent_as(message_id: str) -> Message | None:
    """The mail of the outbox that went out under this Message-ID."""
    found = re.fullmatch(r"<?([0-9a-fA-F-]{36})@[^<>\s]{1,255}>?", message_id.strip())
    try:
        uid = uuid.UUID(found[1]) if found else None
    except ValueError:
        return None
    return Message.objects.filter(uid=uid, kind=Message.Channel.MAIL).first() if uid else None


def note(letter: Letter) -> bool:
    """Marks the recipient of a digest, in the caller's transaction. Whether the report is about a digest of ours."""
    message = returned_message(letter)
    known = message is not None
    if message is None and not _gives_back(letter) and _from_a_server(letter):
        message = _by_address(letter)
    if message is None or message.purpose != Message.Topic.DIGEST or not message.to:
        return False
    reason = next((_reason(block, in_words=known) for block in letter.reports if _failed(block)), None)
    if reason is not None and _first(message):
        companies.note_bounce(message.to, reason)
    return True  # also if it is only late: the server still tries, and nobody needs to do anything


def _first(message: Message) -> bool:
    """Whether this digest has not come back before; of two reports at once one is the first."""
    return bool(Message.objects.filter(pk=message.pk, bounced_at=None).update(bounced_at=timezone.now()))


def _gives_back(letter: Letter) -> bool:
    return any(name == "message-id" for name, _ in letter.returned)


def _from_a_server(letter: Letter) -> bool:
    """Whether its envelope had no sender, as that of every report (RFC 5321 4.5.5): the least that is asked for."""
    return any(path.strip("<> ") == "" for path in letter.all("return-path"))


def _by_address(letter: Letter) -> Message | None:
    """The newest digest that was sent to a final recipient of the report, and that none has come back of yet."""
    for block in letter.reports[:MOST_BLOCKS]:
        for address in _recipients(block)[:2]:
            sent = Message.objects.filter(
                to_digest=outbox.receiver(Message.Channel.MAIL, address),
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
    """The other server's words, as they are kept: without addresses and numbers. Else no more than the status, which a
    stranger may have written, and administrators read.
    """
    known = dict(reversed(block))
    if not in_words:
        status = known.get("status", "")
        return status if _STATUS.fullmatch(status) else "returned"
    words = known.get("diagnostic-code", "").partition(";")[2].strip() or known.get("diagnostic-code", "")
    return masked(f"{known.get('status', '')} {words}".strip() or "returned")[:200]
