"""A message of the outbox, not yet saved: ``enqueue`` takes it.

A message goes out at least once. Only a crash between the server's yes and the row's update sends it twice, and a
mail's Message-ID, the same at each try, lets the receiver see that. An SMS has none: of those that may have gone out
already, the second try is the last.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.encryption import digest
from accounts.models import Company
from idportal.text import one_line
from notifications.models import Message

OPEN = (Message.Status.WAITING, Message.Status.SENDING)


def mail(
    *,
    purpose: Message.Topic,
    to: str,
    subject: str,
    text: str,
    html: str = "",
    useful: timedelta,
    key: str = "",
    company: Company | None = None,
    about: str = "",
) -> Message:
    """A mail to one address. It is not sent later than ``useful`` from now.

    ``key``: of the messages with the same key only the first is sent; "": this one is sent in any case.
    ``about``: the directory id of the account it is about.
    """
    return _message(
        Message.Channel.MAIL,
        to,
        timezone.now(),
        useful,
        key,
        purpose=purpose,
        subject=one_line(subject)[:200],
        text=text,
        html=html,
        company=company,
        about=about,
    )


def sms(
    *,
    purpose: Message.Topic,
    to: str,
    text: str,
    useful: timedelta,
    key: str = "",
    about: str = "",
    not_before: datetime | None = None,
) -> Message:
    """An SMS to a number (E.164), sent from ``not_before`` on and not later than ``useful`` after that."""
    now = timezone.now()
    begins = max(now, not_before or now)
    return _message(Message.Channel.SMS, to, begins, useful, key, purpose=purpose, text=text, about=about)


def _message(kind: Message.Channel, to: str, begins: datetime, useful: timedelta, key: str, **fields: Any) -> Message:
    if key:
        fields["key"] = key
    digest_of = receiver_digest(kind, to)
    return Message(kind=kind, to=to, to_digest=digest_of, next_try_at=begins, useful_until=begins + useful, **fields)


def receiver_digest(kind: str, to: str) -> str:
    """The digest by which all messages to one receiver are found; that of a number is the one of ``Phone``."""
    return digest(to, "number") if kind == Message.Channel.SMS else digest(to.lower(), "mail address")
