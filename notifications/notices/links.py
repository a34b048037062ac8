"""Notices that the helpdesk has linked a number to an account or removed one, or that a link was stopped (H4).

In Swedish, whatever language the agent's pages have. The old number, the account's address and the orderer each get a
link of their own that stops it. No text holds a digit of either number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.dispatch import receiver
from django.utils import timezone, translation

from accounts import signals
from accounts.directory import Account
from accounts.models import Orderer, PhoneLink, User
from idportal import message_templates, sms
from idportal.hosts import journey_host
from idportal.text import inert
from notifications import outbox
from notifications.models import Message
from notifications.notices.changes import MAIL_USEFUL, SMS_USEFUL, mail_address
from notifications.outbox.letters import letter

Topic, Told = Message.Topic, PhoneLink.Told


@receiver(signals.phone_linked)
def number_was_linked(
    account: Account, link: PhoneLink, orderer: Orderer, stops: Mapping[PhoneLink.Told, str], **others: Any
) -> None:
    """Tells the new number from when it gets codes, and all others how to stop the link and until when."""
    words = _context(account.username, account.name, orderer.name, link)
    told, about = Topic.PHONE_LINK_TOLD, account.id
    messages = [
        _sms("phone_linked", Topic.PHONE_LINKED, link.number, words, about),
        _mail("phone_linked_orderer", told, orderer.email, {**words, "link": stops[Told.ORDERER]}, about),
    ]
    if url := stops.get(Told.OLD_NUMBER):
        messages.append(_sms("phone_link_told", told, link.old_number, {**words, "url": url}, about))
    if address := mail_address(account):
        messages.append(_mail("phone_linked", told, address, {**words, "link": stops[Told.ACCOUNT]}, about))
    outbox.enqueue(messages)


@receiver(signals.phone_link_stopped)
def link_was_stopped(user: User, account: Account | None, link: PhoneLink, **others: Any) -> None:
    """Tells the number that is back, the account's address and the orderer. ``helpdesk`` listens for itself."""
    username, name = (account.username, account.name) if account else (user.username, "")
    words = _context(username, name, link.orderer.name if link.orderer else "", link)
    about, topic, messages = user.directory_id, Topic.PHONE_LINK_STOPPED, []
    if link.old_number:
        messages.append(_sms("phone_link_stopped", topic, link.old_number, words, about))
    if address := mail_address(account) if account else "":
        messages.append(_mail("phone_link_stopped", topic, address, words, about))
    if link.orderer:
        messages.append(_mail("phone_link_stopped_orderer", topic, link.orderer.email, words, about))
    outbox.enqueue(messages)


@receiver(signals.phone_removed)
def number_was_removed(account: Account, reference: str, **others: Any) -> None:
    """Tells the account's address, never the number: a thief may have the telephone now.

    Most accounts have no address. Then the helpdesk's own mailbox is told, so that no agent does it unseen.
    """
    words = {"account": inert(account.username), "number": reference, "at": timezone.now()}
    address = mail_address(account)
    event = "phone_removed" if address else "phone_removed_helpdesk"
    outbox.enqueue([_mail(event, Topic.PHONE_REMOVED, address or settings.HELPDESK_EMAIL, words, account.id)])


def who_stopped(link: PhoneLink) -> str:
    """Whose message a link was stopped with, for the end of a sentence; "" if it was not stopped."""
    with translation.override("sv"):
        return message_templates.part("stopped_by.txt", {"told": link.stopped_by}).strip()


def _context(username: str, name: str, orderer: str, link: PhoneLink) -> dict[str, Any]:
    """The context of the texts about one link. ``name`` may be ""."""
    account, name = inert(username), inert(name)
    return {
        "account": account,
        "who": f"{name} ({account})" if name else account,
        "orderer": inert(orderer),
        "number": link.reference,
        "made": link.made_at,
        "until": link.usable_from,
        "stopped": link.stopped_at or link.made_at,
        "by": who_stopped(link),
        "old_number": bool(link.old_number),
    }


def sms_text(event: str, words: Mapping[str, Any]) -> str:
    """One GSM-7 segment, without the names if they are too long or need another alphabet."""
    names = {name: sms.gsm7(words[name]) for name in ("account", "orderer")}
    return message_templates.sms(event, "sv", {**words, **names, "host": journey_host("RESET_HOST")})


def _sms(event: str, purpose: Message.Topic, number: str, words: Mapping[str, Any], about: str) -> Message:
    return outbox.sms(purpose=purpose, to=number, text=sms_text(event, words), useful=SMS_USEFUL, about=about)


def _mail(event: str, purpose: Message.Topic, to: str, words: Mapping[str, Any], about: str) -> Message:
    """Useful past the hold, too: then it says whom to call."""
    return letter(event, words, purpose=purpose, to=to, useful=MAIL_USEFUL, about=about)
