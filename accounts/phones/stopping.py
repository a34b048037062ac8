"""Stopping a link while its number is on hold (security.md H4).

The number *before* a link is the last one that was usable: a number on hold has proved nothing. So of two links within
one hold, the second one tells the number from before the first, and a stop of either undoes both: two links in a row
do not take away the old number's say. The stops end with the hold when the owner registers a number, with the password
and a code, or the helpdesk removes it.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts import audit, codes, directory
from accounts.directory import Account
from accounts.encryption import token_digest
from accounts.models import Event, Phone, PhoneLink, PhoneRemoval, User
from accounts.phones.numbers_on_file import keep, on_file
from accounts.signals import phone_link_stopped

log = logging.getLogger("idportal.phones")

# Letters and digits alone, 131 bits of chance: some telephones cut a last "-" or "_" off a link.
TOKEN_LENGTH = 22


def number_before(phone: Phone) -> tuple[str, datetime | None]:
    """The last number of the account that was usable, and when it was confirmed; "" if there was none."""
    if not phone.on_hold:
        return phone.number, phone.confirmed_at
    earlier = _on_hold(phone.user).first()
    return (earlier.old_number, earlier.old_confirmed_at) if earlier else (phone.number, phone.confirmed_at)


def stop_address(token: str) -> str:
    """The address that stops a link. The token is in the query, which is not logged, as the path is."""
    return f"{settings.PORTAL_URL}{reverse('phone-link-stop')}?nyckel={token}"


def drop_stops(user: User) -> None:
    """The account's links can't be stopped any more."""
    _on_hold(user).update(stops={})


def _on_hold(user: User) -> QuerySet[PhoneLink]:
    """The account's links that can still be stopped, the newest one first."""
    links = PhoneLink.objects.filter(user=user, stopped_at=None, usable_from__gt=timezone.now())
    return links.exclude(stops={}).order_by("-pk")


def stop(token: str, address: str | None) -> PhoneLink | None:
    """Undoes the link that this token stops, and links that were made on top of it (H4).

    The number from before is on file again, usable at once, with the day on which it was confirmed; or none, if there
    was none. It keeps its place if others have taken up the number since (G5). Codes and rights under way end.
    Returns None, and changes nothing, if the token is unknown, used or too late, or if the stops have ended.
    """
    key = token_digest(token)
    found = PhoneLink.objects.filter(stops__has_key=key, stopped_at=None).select_related("user").first()
    if found is None or found.usable_from <= timezone.now():
        return None
    account = _account_of(found.user)  # before the lock: no row waits for a server
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=found.user_id)
        on_hold = list(_on_hold(user))
        stopped = next((each for each in on_hold if key in each.stops), None)
        if stopped is None:
            return None
        _give_back(user, stopped)
        PhoneRemoval.objects.create(user=user)
        stopped.stopped_at, stopped.stopped_by = timezone.now(), stopped.stops[key]
        all_of_them = PhoneLink.objects.filter(pk__in=[each.pk for each in on_hold])
        all_of_them.update(stopped_at=stopped.stopped_at, stopped_by=stopped.stopped_by)
        codes.end_challenges(user)
        audit.record(Event.PHONE_LINK_STOPPED, account or user, result=stopped.stopped_by, address=address)
        phone_link_stopped.send(sender=PhoneLink, user=user, account=account, link=stopped)
    return stopped


def is_stopped(token: str) -> bool:
    """Whether the link that this token stops has been stopped, with this token or another one."""
    return PhoneLink.objects.filter(stops__has_key=token_digest(token), stopped_at__isnull=False).exists()


def _give_back(user: User, stopped: PhoneLink) -> None:
    if not stopped.old_number:
        Phone.objects.filter(user=user).delete()
        return
    phone = on_file(user) or Phone(user=user)
    keep(phone, stopped.old_number, confirmed_at=stopped.old_confirmed_at or timezone.now())


def _account_of(user: User) -> Account | None:
    """The account, for the notices; None if the directory does not answer, for which a stop does not wait."""
    try:
        return directory.connect().get(user.directory_id)
    except directory.DirectoryError as error:
        log.error("a link is stopped, but the directory does not say whose: %s", type(error).__name__)
        return None
