"""Registering and changing a number, by its owner. Source: manual-sv.md, "Registrera/Kontrollera/ändra"; G1 to G5."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts import audit, codes
from accounts.directory import Account
from accounts.encryption import digest
from accounts.models import Challenge, Event, Phone, Purpose, SendQuota, User
from accounts.phones.numbers_on_file import is_crowded, keep, on_file
from accounts.phones.stopping import drop_stops, number_before
from accounts.signals import phone_registered, phone_replaced


def confirm_unchanged(user: User, number: str, address: str | None) -> bool:
    """Whether this is the number on file already. Leaves an audit event; nothing else changes.

    False for a number on hold, to which no code to reset goes yet: a code to register proves it, and ends the hold.
    """
    phone = on_file(user)
    if phone is None or phone.on_hold or phone.number != number:
        return False
    audit.record(Event.PHONE_CONFIRMED, user, actor=user, address=address)
    return True


def register(challenge_id: int, code: str, account: Account, address: str | None) -> bool:
    """Makes a challenge's number the account's own if the code is right. False: wrong code, nothing changed.

    The number, its audit event and its notice come together or not at all (G1, G2).
    """
    with transaction.atomic():
        # The account first, then its challenges: all verbs lock in this order, so that none waits for another.
        user = User.objects.select_for_update().filter(directory_id=account.id).first()
        challenge = codes.check(challenge_id, code, address)
        if user is None or challenge is None or challenge.user != user or challenge.purpose != Purpose.REGISTER:
            return False
        # The number's own row, made when a code went to it. Locked, so that two accounts that register the last free
        # place at the same time wait for each other.
        quota = SendQuota.objects.filter(digest=digest(challenge.number, "number"), purpose=Purpose.REGISTER)
        list(quota.select_for_update())
        if is_crowded(user, challenge.number):
            return False
        _store(user, challenge, account, address)
    return True


def _store(user: User, challenge: Challenge, account: Account, address: str | None) -> None:
    number = challenge.number
    phone = on_file(user)
    old = {phone.number} if phone else set()
    if phone and phone.on_hold:
        # The number before the link is told, too: it is the last one that was proven.
        old.add(number_before(phone)[0])
        # The owner has the password and the telephone: nobody else can stop an earlier link any more.
        drop_stops(user)
    old -= {number, ""}
    keep(phone or Phone(user=user), number, confirmed_at=timezone.now())
    # Codes and rights that went to the old number end with it.
    codes.end_challenges(user)
    if old:
        audit.record(Event.PHONE_REPLACED, account, actor=user, address=address)
        phone_replaced.send(sender=Phone, user=user, account=account, number=number, old_numbers=sorted(old))
    else:
        audit.record(Event.PHONE_REGISTERED, account, actor=user, address=address)
        phone_registered.send(sender=Phone, user=user, account=account, number=number)
