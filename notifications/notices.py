"""What a person is told when a password or a number of theirs was changed (security.md R4, G2).

None of it holds a code, a password, a digit of a number or a link: it says what happened, when, to which account, and
whom to ask. It counts against no limit of codes, or who burns one could silence it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.dispatch import receiver
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts import signals
from accounts.directory import Account
from idportal import sms
from notifications import outbox
from notifications.models import Message
from notifications.names import inert

SMS_USEFUL = timedelta(hours=24)
MAIL_USEFUL = timedelta(days=3)  # a server that is down over a weekend

Purpose = Message.Purpose
BY_SMS = (Purpose.PASSWORD_RESET, Purpose.PHONE_REPLACED)


@receiver(signals.password_reset)
def password_was_reset(account: Account, number: str, **others: Any) -> None:
    """R4: to the number that the code went to, and to the account's address."""
    _tell(Purpose.PASSWORD_RESET, account, number)


@receiver(signals.phone_replaced)
def phone_was_replaced(account: Account, old_number: str, **others: Any) -> None:
    """G2: to the old number, which whoever took the account over doesn't have, and to the account's address."""
    _tell(Purpose.PHONE_REPLACED, account, old_number)


@receiver(signals.phone_registered)
def phone_was_registered(account: Account, **others: Any) -> None:
    """To the account's address alone: the number is the new one, and its owner has just entered a code."""
    _tell(Purpose.PHONE_REGISTERED, account, "")


def _tell(purpose: Message.Purpose, account: Account, number: str) -> None:
    """Queues it in the transaction of the change, in the language that is active."""
    outbox.queue(_notices(purpose, account, number, timezone.now()))


def _notices(purpose: Message.Purpose, account: Account, number: str, at: datetime) -> Iterator[Message]:
    if number:
        text = sms_text(purpose, account.username, at)
        yield outbox.sms(purpose=purpose, to=number, text=text, useful=SMS_USEFUL, about=account.id)
    if account.mail:
        context = {
            "language": get_language(),
            "subject": subject(purpose),
            "paragraphs": paragraphs(purpose, account.username, at),
            "municipality": settings.MUNICIPALITY_NAME,
        }
        yield outbox.mail(
            purpose=purpose,
            to=account.mail,
            subject=subject(purpose),
            text=render_to_string("mail/notice.txt", context),
            html=render_to_string("mail/notice.html", context),
            useful=MAIL_USEFUL,
            about=account.id,
        )


def sms_text(purpose: Message.Purpose, username: str, at: datetime) -> str:
    """One GSM-7 segment. A user name with which it would be more is left out (``checks.py`` sees to the rest)."""
    text = _sms_text(purpose, inert(username), at) if username else ""
    length = sms.septets(text)
    fits = text and length is not None and length <= sms.SEGMENT
    return text if fits else _sms_text(purpose, _("ditt konto"), at)


def _sms_text(purpose: Message.Purpose, account: str, at: datetime) -> str:
    words = {"account": account, "when": f"{_local(at):%Y-%m-%d %H:%M}", "helpdesk": settings.HELPDESK_EMAIL}
    if purpose == Purpose.PASSWORD_RESET:
        return _("Lösenordet för %(account)s byttes %(when)s. Var det inte du? Kontakta genast %(helpdesk)s") % words
    return _("Mobilnumret för %(account)s ändrades %(when)s. Var det inte du? Kontakta genast %(helpdesk)s") % words


def subject(purpose: Message.Purpose) -> str:
    """Of a mail. Says nothing of whose it is."""
    match purpose:
        case Purpose.PASSWORD_RESET:
            return _("Ditt lösenord har bytts")
        case Purpose.PHONE_REPLACED:
            return _("Ditt mobilnummer har ändrats")
        case _:
            return _("Ett mobilnummer har registrerats för ditt konto")


def paragraphs(purpose: Message.Purpose, username: str, at: datetime) -> list[str]:
    """Of a mail: the same in both of its parts."""
    local = _local(at)
    words = {"account": inert(username), "date": date_format(local, "j F Y"), "time": f"{local:%H:%M}"}
    helpdesk = {"helpdesk": settings.HELPDESK_EMAIL}
    return [
        _("Hej!"),
        _happened(purpose) % words,
        _("Om det var du behöver du inte göra något."),
        _("Om det inte var du kan någon annan ha tagit över ditt konto. Kontakta genast %(helpdesk)s.") % helpdesk,
        _("Lämna aldrig ut ditt lösenord eller en säkerhetskod till någon."),
        _("Detta mejl skickades automatiskt från systemet."),
    ]


def _happened(purpose: Message.Purpose) -> str:
    match purpose:
        case Purpose.PASSWORD_RESET:
            return _("Lösenordet för kontot %(account)s byttes den %(date)s kl. %(time)s.")
        case Purpose.PHONE_REPLACED:
            return _(
                "Mobilnumret för kontot %(account)s ändrades den %(date)s kl. %(time)s. "
                "Säkerhetskoder skickas nu till det nya numret."
            )
        case _:
            return _(
                "Ett mobilnummer registrerades för kontot %(account)s den %(date)s kl. %(time)s. "
                "Säkerhetskoder skickas nu till det numret."
            )


def _local(at: datetime) -> datetime:
    """As the clocks on the wall show it, in Stockholm."""
    return timezone.localtime(at, timezone.get_default_timezone())
