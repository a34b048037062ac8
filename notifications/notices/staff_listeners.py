"""Notices to staff, by mail alone, of their second factors and sign-ins; administrators get them too (A1)."""

import logging
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.dispatch import receiver
from django.utils import timezone

from accounts import signals
from accounts.directory import Account
from accounts.models import FailedTry, User
from idportal.text import inert
from notifications import outbox
from notifications.models import Message
from notifications.notices import event_of, mail, mail_address
from notifications.notices.listeners import notify

log = logging.getLogger("idportal.notices")

Topic = Message.Topic
Administrators = Sequence[Account]


@receiver(signals.enrolment_code_issued)
def enrolment_code_was_issued(user: User, account: Account, **others: Any) -> None:
    """To the account's address: its owner learns of a code that somebody asked for in their name."""
    _tell(Topic.ENROLMENT_ISSUED, user, account)


@receiver(signals.enrolment_stopped)
def enrolment_was_stopped(user: User, account: Account | None, administrators: Administrators, **others: Any) -> None:
    """The right password with wrong enrolment codes may be a stolen one."""
    _tell(Topic.ENROLMENT_STOPPED, user, account)
    _tell_administrators(Topic.ENROLMENT_STOPPED, user, administrators)


@receiver(signals.second_factor_added)
def second_factor_was_added(
    user: User, account: Account | None, administrators: Administrators, what: str, **others: Any
) -> None:
    """An app or a passkey, to all; new recovery codes, to the owner: only who is signed in can make them."""
    topics = {"app": Topic.APP_CONNECTED, "passkey": Topic.PASSKEY_ADDED, "recovery codes": Topic.RECOVERY_CODES_MADE}
    _tell(topics[what], user, account)
    if what != "recovery codes":
        _tell_administrators(topics[what], user, administrators)


@receiver(signals.second_factor_removed)
def second_factor_was_removed(
    user: User, account: Account | None, administrators: Administrators, what: str = "", **others: Any
) -> None:
    """The owner learns of a call for help in their name."""
    topic = Topic.PASSKEY_REMOVED if what == "passkey" else Topic.FACTOR_REMOVED
    _tell(topic, user, account)
    _tell_administrators(topic, user, administrators)


@receiver(signals.signed_in_anew)
def signed_in_from_new_browser(
    user: User, account: Account | None, administrators: Administrators, browser: str, **others: Any
) -> None:
    _tell(Topic.NEW_BROWSER, user, account, browser=browser)
    _tell_administrators(Topic.NEW_BROWSER, user, administrators, browser=browser)


@receiver(signals.second_factor_attacked)
def second_factor_was_attacked(
    user: User, account: Account | None, kind: FailedTry.Secret, stopped: bool, **others: Any
) -> None:
    """To the account's address. That its codes are stopped is told once a day, however long the attack lasts."""
    if not stopped:
        _tell(Topic.WRONG_CODES, user, account)
        return
    purpose = Topic.APP_STOPPED if kind == FailedTry.Secret.FACTOR else Topic.RECOVERY_STOPPED
    _tell(purpose, user, account, key=f"{purpose} {user.directory_id} {timezone.localdate()}")


def _tell(purpose: Message.Topic, user: User, account: Account | None, *, key: str = "", browser: str = "") -> None:
    """``account`` is None if the directory did not answer, and with it the address."""
    if account:
        notify(purpose, account, key=key, browser=browser)
    else:
        log.warning("account %s is not told (%s): nobody knows its mail address now", user.directory_id, purpose)


def _tell_administrators(
    purpose: Message.Topic, user: User, administrators: Administrators, *, browser: str = ""
) -> None:
    """One mail to each other administrator. For those without an address, and if there are none, to the helpdesk."""
    to = {mail_address(each) for each in administrators if each.id != user.directory_id}
    if not to or "" in to:
        to = to - {""} | {settings.HELPDESK_EMAIL}
    words = {"account": inert(user.username), "at": timezone.now(), "browser": browser}
    event = f"staff_{event_of(purpose)}"
    outbox.enqueue([mail(event, purpose, address, words, user.directory_id) for address in sorted(to)])
