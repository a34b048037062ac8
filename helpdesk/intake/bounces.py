"""Mail that bounced: a delivery status notification (RFC 3464) about a digest marks the digest's recipient.

Anyone can write such a report. So it counts only for a digest that was sent: found by its Message-ID, which only its
receiver has seen; or, if the report returns no headers, by the address of a digest that was sent lately. Each digest
counts once. The portal marks the address that it wrote to, not the one in the report.
"""

import re
import uuid
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
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}", re.ASCII)


def _is_report(letter: Letter) -> bool:
    """Whether it is a delivery status notification itself, not a mail that contains one."""
    return bool(letter.reports) and letter.content_type == "multipart/report"


def returned_message(letter: Letter) -> Message | None:
    """The outbox message that a report returns, on any topic."""
    return sent_as(dict(reversed(letter.returned)).get("message-id", "")) if _is_report(letter) else None


def sent_as(message_id: str) -> Message | None:
    """The outbox mail with this Message-ID."""
    found = re.fullmatch(r"<?([0-9a-fA-F-]{36})@[^<>\s]{1,255}>?", message_id.strip())
    try:
        uid = uuid.UUID(found[1]) if found else None
    except ValueError:
        return None
    return Message.objects.filter(uid=uid, kind=Message.Channel.MAIL).first() if uid else None


def note(letter: Letter) -> bool:
    """Marks the recipient of a digest, in the caller's transaction. Returns whether it is a report about a digest."""
    if not _is_report(letter):
        return False
    message = returned_message(letter)
    by_message_id = message is not None
    returns_headers = any(name == "message-id" for name, _ in letter.returned)
    # Every report has an envelope without a sender (RFC 5321 4.5.5).
    if not returns_headers and any(path.strip("<> ") == "" for path in letter.all("return-path")):
        message = message or _by_address(letter)
    if message is None or message.purpose != Message.Topic.DIGEST or not message.to:
        return False
    failed = [
        block
        for block in letter.reports
        if any(name == "action" and value.lower() == "failed" for name, value in block)
    ]
    # Of two reports at once, one is the first.
    first = Message.objects.filter(pk=message.pk, bounced_at=None)
    if failed and first.update(bounced_at=timezone.now()):
        fields = dict(reversed(failed[0]))
        status, diagnosis = fields.get("status", ""), fields.get("diagnostic-code", "")
        if by_message_id:  # the server's words, without addresses and numbers
            words = diagnosis.partition(";")[2].strip() or diagnosis
            reason = masked(f"{status} {words}".strip() or "returned")[:200]
        else:  # a stranger may have written the report
            reason = status if _STATUS.fullmatch(status) else "returned"
        companies.note_bounce(message.to, reason)
    return True  # also if it is only delayed: the server still tries, so there is nothing to do


def _by_address(letter: Letter) -> Message | None:
    """The newest digest to a final recipient of the report that has not bounced yet."""
    now = timezone.now()
    for block in letter.reports[:MOST_BLOCKS]:
        given = [value for name, value in block if name in ("final-recipient", "original-recipient")]
        # ``Final-Recipient: rfc822; carin@…``
        addresses = [value.partition(";")[2].strip(" <>") for value in given if value.lower().startswith("rfc822")]
        for address in addresses[:2]:
            if BouncedAddress.objects.filter(address=address.lower(), last_at__gt=now - ONCE).exists():
                continue  # a digest a day, a report a day
            sent = Message.objects.filter(
                to_digest=outbox.receiver_digest(Message.Channel.MAIL, address),
                purpose=Message.Topic.DIGEST,
                state=Message.Status.SENT,
                settled_at__gt=now - LATELY,
                bounced_at=None,
            )
            if found := sent.order_by("-settled_at", "-pk").first():
                return found
    return None
