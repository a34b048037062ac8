"""Who is told when the helpdesk has linked a number to an account or taken one away, and when a link was stopped (H4).

In Swedish, whatever language the agent's pages have: those who are told are others. Each of the old number, the
account's address and the orderer gets a link of their own that stops it. No digit of either number stands in any of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.dispatch import receiver
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import signals
from accounts.directory import Account
from accounts.models import Orderer, PhoneLink, User
from notifications import link_words, outbox
from notifications.letters import Link, letter
from notifications.models import Message
from notifications.notices import MAIL_USEFUL, SMS_USEFUL, mail_address

Purpose, Told = Message.Purpose, PhoneLink.Told


@receiver(signals.phone_linked)
def number_was_linked(
    account: Account, link: PhoneLink, orderer: Orderer, stops: Mapping[PhoneLink.Told, str], **others: Any
) -> None:
    """The new number, from when codes come and where to go; all others, how to stop it and until when."""
    with translation.override("sv"):
        outbox.queue(_of_a_link(account, link, orderer, stops))


def _of_a_link(
    account: Account, link: PhoneLink, orderer: Orderer, stops: Mapping[PhoneLink.Told, str]
) -> Iterator[Message]:
    words = link_words.Words(account.username, account.name, orderer.name, link)
    yield _sms(Purpose.PHONE_LINKED, link.number, words.sms_to_new_number(), account.id)
    if url := stops.get(Told.OLD_NUMBER):
        yield _sms(Purpose.PHONE_LINK_TOLD, link.old_number, words.sms_to_old_number(url), account.id)
    if address := mail_address(account):
        yield _mail(
            Purpose.PHONE_LINK_TOLD,
            address,
            _("Ett nytt mobilnummer har kopplats till ditt konto"),
            words.to_account(),
            account.id,
            stop=stops[Told.ACCOUNT],
            after=words.after_the_button(),
        )
    yield _mail(
        Purpose.PHONE_LINK_TOLD,
        orderer.email,
        _("Ett nytt mobilnummer har kopplats, ärende %(number)s") % {"number": link.reference},
        words.to_orderer(),
        account.id,
        stop=stops[Told.ORDERER],
        after=words.after_the_button(),
    )


@receiver(signals.phone_link_stopped)
def link_was_stopped(user: User, account: Account | None, link: PhoneLink, **others: Any) -> None:
    """The number that is back, the account's address and the orderer. The helpdesk is told by ``helpdesk.stops``."""
    with translation.override("sv"):
        outbox.queue(_of_a_stop(user, account, link))


def _of_a_stop(user: User, account: Account | None, link: PhoneLink) -> Iterator[Message]:
    username, name = (account.username, account.name) if account else (user.username, "")
    words = link_words.Words(username, name, link.orderer.name if link.orderer else "", link)
    about, purpose = user.directory_id, Purpose.PHONE_LINK_STOPPED
    if link.old_number:
        yield _sms(purpose, link.old_number, words.sms_that_it_is_stopped(), about)
    if address := mail_address(account) if account else "":
        subject = _("Kopplingen av ett nytt mobilnummer till ditt konto är stoppad")
        yield _mail(purpose, address, subject, words.stopped_to_account(), about)
    if link.orderer:
        subject = _("Kopplingen av ett mobilnummer är stoppad, ärende %(number)s") % {"number": link.reference}
        yield _mail(purpose, link.orderer.email, subject, words.stopped_to_orderer(), about)


@receiver(signals.phone_removed)
def number_was_removed(account: Account, reference: str, **others: Any) -> None:
    """The account's address, never the number: whoever holds the telephone now may be the one who stole it.

    Most accounts have no address. Then the helpdesk's own mailbox is told, so that no agent does it unseen.
    """
    with translation.override("sv"):
        if address := mail_address(account):
            subject = _("Ditt mobilnummer har tagits bort")
            paragraphs = link_words.removed(account.username, reference, timezone.now())
        else:
            address = settings.HELPDESK_EMAIL
            subject = _("Ett mobilnummer har tagits bort, ärende %(number)s") % {"number": reference}
            paragraphs = link_words.removed_without_address(account.username, reference, timezone.now())
        outbox.queue([_mail(Purpose.PHONE_REMOVED, address, subject, paragraphs, account.id)])


def _sms(purpose: Message.Purpose, number: str, text: str, about: str) -> Message:
    return outbox.sms(purpose=purpose, to=number, text=text, useful=SMS_USEFUL, about=about)


def _mail(
    purpose: Message.Purpose,
    to: str,
    subject: str,
    paragraphs: list[str],
    about: str,
    *,
    stop: str = "",
    after: list[str] | None = None,
) -> Message:
    """Useful past the hold, too: then it says whom to call."""
    return letter(
        purpose=purpose,
        to=to,
        subject=subject,
        paragraphs=paragraphs,
        link=Link(_("Stoppa kopplingen"), stop) if stop else None,
        after=after or [],
        useful=MAIL_USEFUL,
        about=about,
    )
