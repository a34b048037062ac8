"""The outbox: a row is written with the change that causes it, delivered after commit, and settled once.

``mail``, ``letter`` and ``sms`` make a message that is not saved yet; ``enqueue`` takes it. A message goes out at least
once. Only a crash between the server's yes and the row's update sends it twice, and a mail's Message-ID, the same at
each try, lets the receiver see that. An SMS has none: if it may have gone out already, the second try is the last.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Required, TypedDict, Unpack

from django.utils import timezone

from accounts.models import Company
from accounts.privacy.encryption import digest
from idportal.channels import message_templates
from idportal.text import one_line
from notifications.models import Message
from notifications.outbox.queueing import Swept, enqueue, sweep

__all__ = ["Swept", "enqueue", "letter", "mail", "receiver_digest", "sms", "sweep"]


class Options(TypedDict, total=False):
    """What every message is told."""

    purpose: Required[Message.Topic]
    to: Required[str]  # a mail address, or a number in E.164
    useful: Required[timedelta]  # the message is not sent later than so long after it may be sent first
    key: str  # of the messages with the same key only the first is sent; none: this one is sent in any case
    about: str  # the directory id of the account it is about
    company: Company | None  # of a mail


def mail(*, subject: str, text: str, html: str = "", **options: Unpack[Options]) -> Message:
    """A mail to one address."""
    begins = timezone.now()
    return _message(Message.Channel.MAIL, begins, subject=one_line(subject)[:200], text=text, html=html, **options)


def letter(event: str, context: Mapping[str, Any], *, language: str = "sv", **options: Unpack[Options]) -> Message:
    """A mail from its template. ``event`` and ``context`` as in ``message_templates.mail``.

    A text that a person wrote goes into the context through ``idportal.text.inert``.
    """
    return mail(**message_templates.mail(event, language, context)._asdict(), **options)


def sms(*, text: str, not_before: datetime | None = None, **options: Unpack[Options]) -> Message:
    """An SMS to one number, sent from ``not_before`` on."""
    now = timezone.now()
    return _message(Message.Channel.SMS, max(now, not_before or now), text=text, **options)


def _message(
    kind: Message.Channel, begins: datetime, *, to: str, useful: timedelta, key: str = "", **fields: Any
) -> Message:
    if key:
        fields["key"] = key
    of_receiver = receiver_digest(kind, to)
    return Message(kind=kind, to=to, to_digest=of_receiver, next_try_at=begins, useful_until=begins + useful, **fields)


def receiver_digest(kind: str, to: str) -> str:
    """The digest by which all messages to one receiver are found; that of a number is the one of ``Phone``."""
    return digest(to, "number") if kind == Message.Channel.SMS else digest(to.lower(), "mail address")
