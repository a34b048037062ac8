"""Queues notices when ``accounts`` announces a change, in the transaction of that change.

Of the helpdesk's link to a new number, the old one, the account's address and the orderer are told in Swedish, each
with a way of its own to stop it.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import get_language

from accounts import signals
from accounts.companies import CompanyMatcher
from accounts.directory import Account
from accounts.models import Orderer, PhoneLink, User
from idportal.text import inert
from notifications import outbox
from notifications.models import Message, UntoldNumber
from notifications.notices import (
    SMS_USEFUL,
    event_of,
    link_sms_text,
    mail,
    mail_address,
    sms_text,
    stop_sms_text,
    who_stopped,
)

log = logging.getLogger("idportal.notices")

Topic, Told = Message.Topic, PhoneLink.Told


@receiver(signals.password_reset)
def password_was_reset(account: Account, number: str, **others: Any) -> None:
    """R4: to the number that the code went to, and to the account's address."""
    notify(Topic.PASSWORD_RESET, account, [number])


@receiver(signals.phone_replaced)
def phone_was_replaced(
    account: Account,
    old_numbers: Sequence[str],
    link: PhoneLink | None,
    stops: Mapping[PhoneLink.Told, str],
    **others: Any,
) -> None:
    """G2: to the old numbers, which a thief of the account doesn't have, and to the account's address.

    While the new number is on hold, the last proven one and the address get a link each that stops it (G6).
    """
    if link is None:
        notify(Topic.PHONE_REPLACED, account, old_numbers)
        return
    url, others_told = stops.get(Told.OLD_NUMBER), [number for number in old_numbers if number != link.old_number]
    notify(Topic.PHONE_REPLACED, account, others_told, until=link.usable_from, link=stops.get(Told.ACCOUNT, ""))
    if url:
        text = stop_sms_text(account.username, link, url)
        outbox.enqueue([_sms(Topic.PHONE_REPLACED, link.old_number, text, account.id)])


@receiver(signals.phone_registered)
def phone_was_registered(account: Account, **others: Any) -> None:
    """To the account's address alone: the owner of the new number has just entered a code.

    Without an address, the company's recipients hear of it in the next daily mail (G6).
    """
    notify(Topic.PHONE_REGISTERED, account)
    if not mail_address(account):
        UntoldNumber.objects.create(account=account.id)


@receiver(signals.phone_linked)
def number_was_linked(
    account: Account,
    link: PhoneLink,
    orderer: Orderer,
    stops: Mapping[PhoneLink.Told, str],
    removed_numbers: Sequence[str],
    **others: Any,
) -> None:
    """Tells the new number from when it gets codes, and all others how to stop the link and until when.

    A number that the helpdesk removed is only told (H8): a thief may have the telephone.
    """
    words = _link_words(account.username, account.name, orderer.name, link)
    told, about = Topic.PHONE_LINK_TOLD, account.id
    messages = [
        _link_sms("phone_linked", Topic.PHONE_LINKED, link.number, words, about),
        mail("phone_linked_orderer", told, orderer.email, {**words, "link": stops[Told.ORDERER]}, about),
    ]
    if url := stops.get(Told.OLD_NUMBER):
        messages.append(_link_sms("phone_link_told", told, link.old_number, {**words, "url": url}, about))
    if address := mail_address(account):
        messages.append(mail("phone_linked", told, address, {**words, "link": stops[Told.ACCOUNT]}, about))
    messages += [_link_sms("phone_link_told_removed", told, number, words, about) for number in removed_numbers]
    outbox.enqueue(messages)


@receiver(signals.phone_link_stopped)
def link_was_stopped(user: User, account: Account | None, link: PhoneLink, **others: Any) -> None:
    """Tells the number from before, the account's address and the orderer. ``helpdesk`` listens for itself."""
    username, name = (account.username, account.name) if account else (user.username, "")
    words = _link_words(username, name, link.orderer.name if link.orderer else "", link)
    about, topic, messages = user.directory_id, Topic.PHONE_LINK_STOPPED, []
    if link.old_number:
        messages.append(_link_sms("phone_link_stopped", topic, link.old_number, words, about))
    if address := mail_address(account) if account else "":
        messages.append(mail("phone_link_stopped", topic, address, words, about))
    if link.orderer:
        messages.append(mail("phone_link_stopped_orderer", topic, link.orderer.email, words, about))
    outbox.enqueue(messages)


@receiver(signals.phone_removed)
def number_was_removed(account: Account, reference: str, **others: Any) -> None:
    """Tells the account's address and the company's orderers, never the number: a thief may have the telephone now.

    Most accounts have no address. Then the helpdesk's own mailbox is told, so that no agent does it unseen.
    """
    who = _who(inert(account.username), inert(account.name))
    words = {"account": inert(account.username), "who": who, "number": reference, "at": timezone.now()}
    address = mail_address(account)
    event = "phone_removed" if address else "phone_removed_helpdesk"
    company = CompanyMatcher().company_of(account)
    orderers = company.orderers.filter(active=True).order_by("pk") if company else []
    outbox.enqueue(
        [
            mail(event, Topic.PHONE_REMOVED, address or settings.HELPDESK_EMAIL, words, account.id),
            *(mail("phone_removed_orderer", Topic.PHONE_REMOVED, each.email, words, account.id) for each in orderers),
        ]
    )


@receiver(signals.logins_failing)
def many_logins_failed(usual: int, **others: Any) -> None:
    """To the helpdesk's mailbox, once an hour: also if the cache, which counts them, forgot that it was told."""
    topic, now = Topic.LOGINS_FAILING, timezone.now()
    words, key = {"usual": usual, "at": now}, f"{topic} {now:%Y-%m-%d %H}"
    outbox.enqueue([mail(event_of(topic), topic, settings.HELPDESK_EMAIL, words, "", key=key)])


def notify(
    purpose: Message.Topic, account: Account, numbers: Sequence[str] = (), *, key: str = "", **more: Any
) -> None:
    """Enqueues the notice in the transaction of the change, in the active language.

    ``numbers`` in E.164; ``more`` words of the mail.
    """
    now = timezone.now()
    text = sms_text(purpose, account.username, now) if numbers else ""
    messages = [_sms(purpose, number, text, account.id) for number in numbers]
    if address := mail_address(account):
        words = {"account": inert(account.username), "at": now, **more}
        messages.append(mail(event_of(purpose), purpose, address, words, account.id, language=get_language(), key=key))
    elif account.mail.strip():
        log.warning("account %s is not told by mail (%s): what it has is no mail address", account.id, purpose)
    else:
        # Most accounts have none, and a number is told. Staff are told by mail or not at all.
        level = logging.INFO if numbers else logging.WARNING
        log.log(level, "account %s is not told by mail (%s): it has no mail address", account.id, purpose)
    outbox.enqueue(messages)


def _link_words(username: str, name: str, orderer: str, link: PhoneLink) -> dict[str, Any]:
    """The context of the texts about one link. ``name`` may be ""."""
    account, name = inert(username), inert(name)
    return {
        "account": account,
        "who": _who(account, name),
        "orderer": inert(orderer),
        "number": link.reference,
        "made": link.made_at,
        "until": link.usable_from,
        "stopped": link.stopped_at or link.made_at,
        "by": who_stopped(link),
        "old_number": bool(link.old_number),
        "blocked": link.blocks,
    }


def _who(account: str, name: str) -> str:
    return f"{name} ({account})" if name else account


def _link_sms(event: str, purpose: Message.Topic, number: str, words: Mapping[str, Any], about: str) -> Message:
    return _sms(purpose, number, link_sms_text(event, words), about)


def _sms(purpose: Message.Topic, number: str, text: str, about: str) -> Message:
    return outbox.sms(purpose=purpose, to=number, text=text, useful=SMS_USEFUL, about=about)
