"""Notices to a person whose password, number or second factor was changed (security.md R4, G2).

A notice holds no code, password, digit of a number or link. It says what happened, when, to which account, and whom to
ask. It counts against no limit of codes, which an attacker could use up to silence it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import get_language

from accounts import signals
from accounts.directory import Account
from accounts.models import FailedTry, User
from idportal import message_templates
from idportal.text import inert
from notifications import outbox
from notifications.models import Message
from notifications.outbox.letters import letter

log = logging.getLogger("idportal.notices")

SMS_USEFUL = timedelta(hours=24)
MAIL_USEFUL = timedelta(days=3)  # a server that is down over a weekend

Topic = Message.Topic
BY_SMS = (Topic.PASSWORD_RESET, Topic.PHONE_REPLACED)

_BETWEEN_ADDRESSES = re.compile(r"[\s,;<>]+")


@receiver(signals.password_reset)
def password_was_reset(account: Account, number: str, **others: Any) -> None:
    """R4: to the number that the code went to, and to the account's address."""
    _notify(Topic.PASSWORD_RESET, account, [number])


@receiver(signals.phone_replaced)
def phone_was_replaced(account: Account, old_numbers: Sequence[str], **others: Any) -> None:
    """G2: to the old numbers, which a thief of the account doesn't have, and to the account's address."""
    _notify(Topic.PHONE_REPLACED, account, old_numbers)


@receiver(signals.phone_registered)
def phone_was_registered(account: Account, **others: Any) -> None:
    """To the account's address alone: the owner of the new number has just entered a code."""
    _notify(Topic.PHONE_REGISTERED, account)


@receiver(signals.second_factor_added)
def second_factor_was_added(user: User, account: Account | None, what: str, **others: Any) -> None:
    """To the account's address: a thief of the password may have connected an app to an account without one."""
    _notify_staff(Topic.APP_CONNECTED if what == "app" else Topic.RECOVERY_CODES_MADE, user, account)


@receiver(signals.second_factor_removed)
def second_factor_was_removed(user: User, account: Account | None, **others: Any) -> None:
    """To the account's address: its owner learns of a call for help in their name."""
    _notify_staff(Topic.FACTOR_REMOVED, user, account)


@receiver(signals.second_factor_attacked)
def second_factor_was_attacked(
    user: User, account: Account | None, kind: FailedTry.Secret, stopped: bool, **others: Any
) -> None:
    """To the account's address. That its codes are stopped is told once a day, however long the attack lasts."""
    if not stopped:
        _notify_staff(Topic.WRONG_CODES, user, account)
        return
    purpose = Topic.APP_STOPPED if kind == FailedTry.Secret.FACTOR else Topic.RECOVERY_STOPPED
    _notify_staff(purpose, user, account, key=f"{purpose} {user.directory_id} {timezone.localdate()}")


def _notify_staff(purpose: Message.Topic, user: User, account: Account | None, *, key: str = "") -> None:
    """By mail alone. ``account`` is None if the directory did not answer, and with it the address."""
    if account:
        _notify(purpose, account, key=key)
    else:
        log.warning("account %s is not told (%s): nobody knows its mail address now", user.directory_id, purpose)


def _notify(purpose: Message.Topic, account: Account, numbers: Sequence[str] = (), *, key: str = "") -> None:
    """Enqueues the notice in the transaction of the change, in the active language. ``numbers`` in E.164."""
    now = timezone.now()
    text = sms_text(purpose, account.username, now) if numbers else ""
    messages = [
        outbox.sms(purpose=purpose, to=number, text=text, useful=SMS_USEFUL, about=account.id) for number in numbers
    ]
    if address := mail_address(account):
        words = {"account": inert(account.username), "at": now}
        messages.append(
            letter(
                event_of(purpose),
                words,
                language=get_language(),
                purpose=purpose,
                to=address,
                useful=MAIL_USEFUL,
                key=key,
                about=account.id,
            )
        )
    elif account.mail.strip():
        log.warning("account %s is not told by mail (%s): what it has is no mail address", account.id, purpose)
    else:
        # Most accounts have none, and a number is told. Staff are told by mail or not at all.
        level = logging.INFO if numbers else logging.WARNING
        log.log(level, "account %s is not told by mail (%s): it has no mail address", account.id, purpose)
    outbox.enqueue(messages)


def event_of(purpose: Message.Topic) -> str:
    """The name of the notice's templates."""
    return purpose.value.replace(" ", "_")


def mail_address(account: Account) -> str:
    """The first mail address in the directory's value, which may hold several; "" if there is none."""
    for each in (account.mail.strip(), *_BETWEEN_ADDRESSES.split(account.mail)):
        try:
            validate_email(each)
        except ValidationError:
            continue
        return each
    return ""


def sms_text(purpose: Message.Topic, username: str, at: datetime) -> str:
    """One GSM-7 segment, without the user name if that is too long (``checks.py`` makes sure that this fits)."""
    return message_templates.sms(event_of(purpose), get_language(), {"account": inert(username), "at": at})
