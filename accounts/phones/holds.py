"""Holds: a new number gets no reset codes yet, and can be stopped meanwhile (security.md H4, G6, G7).

The number *before* a hold is the last one that was usable: a number on hold has proved nothing. So of two new numbers
within one hold, the second one tells the number from before the first, and a stop of either undoes both: two in a row
do not take away the old number's say.

A stop from the old number *blocks* the account: it has no number, and gets none but by a link of the helpdesk. Who
pressed it may be the owner, or the thief of the old telephone.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string

from accounts import audit, codes
from accounts.directory import Account
from accounts.models import Event, Phone, PhoneLink, Purpose, User
from accounts.privacy.encryption import digest, token_digest

Told = PhoneLink.Told

# Letters and digits alone, 131 bits of chance: some telephones cut a last "-" or "_" off a link.
TOKEN_LENGTH = 22


def on_file(user: User) -> Phone | None:
    """The number on file."""
    return Phone.of_user(user)


def keep(phone: Phone, number: str, *, confirmed_at: datetime, usable_from: datetime | None = None) -> None:
    """Saves the number (E.164) with its digest. ``usable_from``: the end of a hold."""
    phone.number, phone.number_digest = number, digest(number, "number")
    phone.confirmed_at, phone.usable_from = confirmed_at, usable_from
    phone.save()


def number_before(phone: Phone) -> tuple[str, datetime | None]:
    """The last number of the account that was usable, and when it was confirmed; "" if there was none."""
    if not phone.on_hold:
        return phone.number, phone.confirmed_at
    earlier = links_on_hold(phone.user).first()
    return (earlier.old_number, earlier.old_confirmed_at) if earlier else (phone.number, phone.confirmed_at)


def links_on_hold(user: User) -> QuerySet[PhoneLink]:
    """The account's new numbers that can still be stopped, the newest one first."""
    links = user.links.filter(stopped_at=None, usable_from__gt=timezone.now())
    return links.exclude(stops={}).order_by("-pk")


def put_on_hold(phone: Phone, made: PhoneLink, told: Iterable[Told]) -> dict[Told, str]:
    """Puts the new number on file and on hold, under the account's lock; returns each receiver's address of a stop.

    The old number is added to the receivers, if it is another one.
    """
    made.made_at = timezone.now()
    made.usable_from = made.made_at + timedelta(seconds=settings.PHONE_LINK_HOLD)
    if phone.pk:
        made.old_number, made.old_confirmed_at = number_before(phone)
    # If the number from before a hold is linked again, it is told so, and not asked to stop it.
    old = [Told.OLD_NUMBER] if made.old_number not in ("", made.number) else []
    tokens = {each: get_random_string(TOKEN_LENGTH) for each in (*old, *told)}
    made.stops = {token_digest(token): each for each, token in tokens.items()}
    made.save()
    keep(phone, made.number, confirmed_at=made.made_at, usable_from=made.usable_from)
    return {each: stop_address(token) for each, token in tokens.items()}


def stop_address(token: str) -> str:
    """The address that stops a link. The token is in the query, which is not logged, as the path is."""
    return f"{settings.PORTAL_URL}{reverse('phone-link-stop')}?nyckel={token}"


def waiting(user: User) -> PhoneLink | None:
    """The hold of the number on file, if a code to an old number would end it."""
    newest = links_on_hold(user).first()
    return newest if newest and newest.old_number not in ("", newest.number) else None


def end_hold(link_id: int, challenge_id: int, code: str, account: Account, address: str | None) -> bool:
    """Ends a hold, if the code that was sent to the old number is right (G6). False: nothing changed.

    The number that is on hold must be the one that was shown: another may have been registered meanwhile.
    """
    with transaction.atomic():
        user = User.locked(account.id)
        challenge = codes.check(challenge_id, code, address)
        held = waiting(user) if user else None
        if user is None or held is None or held.pk != link_id or challenge is None or challenge.user != user:
            return False
        if (challenge.purpose, challenge.number) != (Purpose.OLD_NUMBER, held.old_number):
            return False
        Phone.objects.filter(user=user).update(usable_from=None)
        links_on_hold(user).update(stops={})
        codes.end_challenges(user)
        audit.record(Event.PHONE_HOLD_ENDED, account, actor=user, address=address)
    return True


def is_blocked(account_id: str) -> bool:
    """Whether an account without a number gets one by a link of the helpdesk alone (G7).

    Until such a link stands: one that is stopped in its turn decides nothing.
    """
    links = PhoneLink.objects.filter(Q(blocks=True) | Q(stopped_at=None), user__directory_id=account_id)
    newest = links.order_by("-pk").first()
    return newest is not None and newest.blocks
