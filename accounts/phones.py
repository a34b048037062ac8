"""Registering and changing a mobile number. Source: manual-sv.md, "Registrera/Kontrollera/ändra"; security.md G."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audit, codes
from accounts.directory import Account
from accounts.encryption import digest
from accounts.models import Challenge, Event, Orderer, Phone, PhoneLink, Purpose, SendQuota, User
from accounts.signals import phone_registered, phone_replaced


def current(user: User) -> str:
    """The number on file in E.164, or ""."""
    phone = Phone.objects.filter(user=user).first()
    return phone.number if phone else ""


def confirm_unchanged(user: User, number: str, address: str | None) -> bool:
    """Whether this is the number on file already. Noted as checked; nothing else changes."""
    if not number or current(user) != number:
        return False
    audit.record(Event.PHONE_CONFIRMED, user, actor=user, address=address)
    return True


def is_crowded(user: User, number: str) -> bool:
    """Whether as many other accounts as allowed have this number (G5)."""
    return _others(user, number).count() >= settings.LIMIT_ACCOUNTS_PER_NUMBER


def _others(user: User, number: str) -> QuerySet[Phone]:
    return Phone.objects.filter(number_digest=digest(number, "number")).exclude(user=user)


def register(challenge_id: int, code: str, account: Account, address: str | None) -> bool:
    """Makes a challenge's number the person's own if the code is right. False: wrong code, nothing changed.

    The number, its trail and its notice come together or not at all (G1, G2).
    """
    with transaction.atomic():
        # The account first, then its challenges: in this order whoever needs both, or two would wait for each other.
        user = User.objects.select_for_update().filter(directory_id=account.id).first()
        challenge = codes.check(challenge_id, code, address)
        if user is None or challenge is None or challenge.user != user or challenge.purpose != Purpose.REGISTER:
            return False
        # The number's own row, made when a code went to it. Locked, so that two who register the last free place at
        # the same time wait for each other.
        quota = SendQuota.objects.filter(digest=digest(challenge.number, "number"), purpose=Purpose.REGISTER)
        list(quota.select_for_update())
        if is_crowded(user, challenge.number):
            return False
        _store(user, challenge, account, address)
    return True


def _store(user: User, challenge: Challenge, account: Account, address: str | None) -> None:
    number = challenge.number
    phone = Phone.objects.filter(user=user).first()
    old = phone.number if phone else ""
    phone = phone or Phone(user=user)
    phone.number, phone.number_digest, phone.confirmed_at = number, digest(number, "number"), timezone.now()
    phone.save()
    # Codes and rights that went to the old number end with it.
    codes.end_challenges(user)
    if old and old != number:
        audit.record(Event.PHONE_REPLACED, account, actor=user, address=address)
        phone_replaced.send(sender=Phone, user=user, account=account, number=number, old_number=old)
    else:
        audit.record(Event.PHONE_REGISTERED, account, actor=user, address=address)
        phone_registered.send(sender=Phone, user=user, account=account, number=number)


class LinkRefused(Exception):
    """A number was not linked, and nothing changed. The text is for the agent and says what to do next."""


def link(
    account: Account, number: str, *, agent: User, orderer: Orderer, reference: str, address: str | None
) -> PhoneLink:
    """Makes a number (E.164) the account's, as the helpdesk has decided; in the caller's transaction (G1, H4).

    No code to reset goes to it for PHONE_LINK_HOLD. The old number, the account's address and the orderer are told,
    each with a link that stops it meanwhile; the new number is told, too. Raises LinkRefused.
    """
    raise NotImplementedError
