"""Removing a number, by the helpdesk: its telephone is stolen, or lost."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit, codes
from accounts.directory import Account
from accounts.models import Event, Phone, PhoneRemoval, User
from accounts.phones.stopping import drop_stops
from accounts.signals import phone_removed


class RemoveRefused(Exception):
    """A number was not removed, and nothing changed. The text is for the agent."""


def remove(account: Account, *, agent: User, reference: str, address: str | None) -> bool:
    """Removes the number on file, also one on hold. False, and nothing changed: there is no number.

    No code goes there any more, codes and rights under way end, and no stop of an earlier link brings a number back.
    The account's address is told, or the helpdesk's if it has none; the number is not, a thief may hold it.
    ``reference``: the number of the ticket that holds the reason; the trail keeps no text that a person typed.
    Raises RemoveRefused.
    """
    if account.protected:
        raise RemoveRefused(_("Kontot är skyddat. Portalen ändrar inget i det."))
    with transaction.atomic():
        user = User.objects.select_for_update().filter(directory_id=account.id).first()
        if user is None or not Phone.objects.filter(user=user).delete()[0]:
            return False
        drop_stops(user)
        PhoneRemoval.objects.create(user=user, agent=agent, reference=reference)
        codes.end_challenges(user)
        audit.record(Event.PHONE_REMOVED, account, actor=agent, result=reference, address=address)
        phone_removed.send(sender=Phone, user=user, account=account, reference=reference)
    return True
