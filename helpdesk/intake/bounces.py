"""Bounces: a delivery status notification (RFC 3464) about a digest marks the digest's recipient.

Anyone can write such a report. So it counts only if it knows the Message-ID of a digest that was sent: 122 random bits,
which only the receiver and the servers on the way have seen. Each digest counts once. The portal marks the address that
it wrote to, not the one in the report. A report without that proof is a mail like any other: it lies in the ticket of
automatic mails, where a person sees it once.
"""

import re

from django.db.models import QuerySet
from django.utils import timezone

from accounts import companies
from helpdesk.intake.reading.mime import Headers, Letter
from idportal.runtime.logs import masked
from notifications.models import Message

_IDS = re.compile(r"\b([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\.question)?@[^<>\s]{1,255}", re.IGNORECASE)
_MOST_IDS = 50  # of a long thread; the newest ones


def _is_report(letter: Letter) -> bool:
    """Whether it is a delivery status notification itself, not a mail that contains one."""
    return bool(letter.reports) and letter.content_type == "multipart/report"


def returned_message(letter: Letter) -> Message | None:
    """The outbox message that a report is about, on any topic: the one that it returns, or answers (RFC 5322 3.6.4)."""
    if not _is_report(letter):
        return None
    returned = dict(reversed(letter.returned)).get("message-id", "")
    return sent_as(returned or letter.first("in-reply-to")).first()


def failures(letter: Letter) -> list[Headers]:
    """Of a report, what it says of each receiver whom the mail did not reach."""
    blocks = letter.reports if _is_report(letter) else []
    return [block for block in blocks if any(name == "action" and value.lower() == "failed" for name, value in block)]


def sent_as(message_ids: str) -> QuerySet[Message]:
    """The outbox mails with these Message-IDs."""
    return Message.objects.filter(uid__in=_IDS.findall(message_ids)[-_MOST_IDS:], kind=Message.Channel.MAIL)


def note(letter: Letter) -> bool:
    """Marks the recipient of a digest, in the caller's transaction. Returns whether it is a report about a digest."""
    message = returned_message(letter)
    if message is None or message.purpose != Message.Topic.DIGEST or not message.to:
        return False
    failed = failures(letter)
    # Of two reports at once, one is the first.
    first = Message.objects.filter(pk=message.pk, bounced_at=None)
    if failed and first.update(bounced_at=timezone.now()):
        fields = dict(reversed(failed[0]))
        status, diagnosis = fields.get("status", ""), fields.get("diagnostic-code", "")
        words = diagnosis.partition(";")[2].strip() or diagnosis  # the server's, without addresses and numbers
        companies.note_bounce(message.to, masked(f"{status} {words}".strip() or "returned")[:200])
    return True  # also if it is only delayed: the server still tries, so there is nothing to do
