"""Links a number as the helpdesk does, and finds the addresses where it can be stopped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qs, urlsplit

from django.core.mail import EmailMessage
from django.db import transaction

from accounts import directory, phones
from accounts.directory import Account
from accounts.models import Orderer, PhoneLink, User
from accounts.users import for_account
from deploy.local.cast import CARIN, PER, Person
from tests.accounts.helpers import NEW_NUMBER
from tests.conftest import Inbox

REFERENCE = "2026-00042"
ADDRESS = "192.0.2.7"
_URL = re.compile(r"https?://\S+/stoppa/\?nyckel=\w+")


def account_of(person: Person) -> Account:
    account = directory.connect().find(person.username)
    assert account, f"{person.username} is not in the directory"
    return account


def agent() -> User:
    return for_account(account_of(PER))


def orderer() -> Orderer:
    """Carin, as the register has her."""
    found = Orderer.objects.filter(email=CARIN.mail).first()
    return found or Orderer.objects.create(name=CARIN.name, email=CARIN.mail, mobile=CARIN.phone)


def link(person: Person, number: str = NEW_NUMBER, reference: str = REFERENCE) -> PhoneLink:
    """The helpdesk links the number, in a transaction as an approval has one. Raises LinkRefused."""
    account, who, whose = account_of(person), agent(), orderer()
    with transaction.atomic():
        return phones.link(account, number, agent=who, orderer=whose, reference=reference, address=ADDRESS)


def addresses(texts: Iterable[str]) -> list[str]:
    """Those of a stop that stand in these texts."""
    return [found for text in texts for found in dict.fromkeys(_URL.findall(text))]


def keys_by_sms(sms: Inbox, number: str) -> list[str]:
    """The keys that were sent to a number, oldest first."""
    return [key_in(url) for url in addresses(text for to, text in sms.messages() if to == number)]


def keys_by_mail(mails: Iterable[EmailMessage], address: str) -> list[str]:
    """The keys that were sent to a mail address, oldest first."""
    return [key_in(url) for url in addresses(str(mail.body) for mail in mails if mail.to == [address])]


def key_in(url: str) -> str:
    [key] = parse_qs(urlsplit(url).query)["nyckel"]
    return key
