"""Notices of a change to an account: to its password, number or second factor (R4, G2, G6), or of a link (H4).

A notice holds no code, password or digit of a number. It says what happened, when, to which account, and whom to ask.
It counts against no limit of codes, which an attacker could use up to silence it. ``listeners`` enqueues them.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import translation
from django.utils.translation import get_language

from accounts.directory import Account
from accounts.models import PhoneLink
from idportal.channels import message_templates, sms
from idportal.text import inert
from idportal.web.hosts import journey_host
from notifications import outbox
from notifications.models import Message

SMS_USEFUL = timedelta(hours=24)
MAIL_USEFUL = timedelta(days=3)  # a server that is down over a weekend; and past a link's hold it says whom to call

BY_SMS = (Message.Topic.PASSWORD_RESET, Message.Topic.PHONE_REPLACED)

_BETWEEN_ADDRESSES = re.compile(r"[\s,;<>]+")


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


def mail(
    event: str, purpose: Message.Topic, to: str, words: Mapping[str, Any], about: str = "", **options: Any
) -> Message:
    """A notice from its template, about the account with this directory id."""
    return outbox.letter(event, words, purpose=purpose, to=to, useful=MAIL_USEFUL, about=about, **options)


def sms_text(purpose: Message.Topic, username: str, at: datetime) -> str:
    """One GSM-7 segment, without the user name if that is too long (``checks.py`` makes sure that this fits)."""
    return message_templates.sms(event_of(purpose), get_language(), {"account": inert(username), "at": at})


def stop_sms_text(username: str, link: PhoneLink, url: str) -> str:
    """To the number that was replaced: how to stop the new one (G6). One GSM-7 segment, in the active language."""
    words = {"account": inert(username), "at": link.made_at, "until": link.usable_from, "url": url}
    return message_templates.sms("phone_replaced_stop", get_language(), words)


def link_sms_text(event: str, words: Mapping[str, Any]) -> str:
    """One GSM-7 segment, without the names if they are too long or need another alphabet."""
    names = {name: sms.gsm7(words[name]) for name in ("account", "orderer")}
    return message_templates.sms(event, "sv", {**words, **names, "host": journey_host("RESET_HOST")})


def who_stopped(link: PhoneLink) -> str:
    """Whose message a link was stopped with, for the end of a sentence; "" if it was not stopped."""
    with translation.override("sv"):
        return message_templates.part("stopped_by.txt", {"told": link.stopped_by}).strip()
