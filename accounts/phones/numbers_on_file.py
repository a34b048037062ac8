"""Numbers on file: registered and changed by their owners, removed by the helpdesk (manual-sv.md; G1 to G5)."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, codes, limits
from accounts.directory import Account
from accounts.encryption import digest
from accounts.models import Event, Phone, PhoneLink, PhoneRemoval, Purpose, SendQuota, User
from accounts.signals import phone_registered, phone_removed, phone_replaced
from accounts.users import for_account


def on_file(user: User) -> Phone | None:
    """The number on file."""
    return Phone.of_user(user)


def usable_numbers(account_ids: Iterable[str]) -> dict[str, str]:
    """The numbers (E.164) by the directory's ids, without those on hold (H4). No more ids than a query takes."""
    phones = Phone.objects.filter(user__directory_id__in=list(account_ids)).exclude(usable_from__gt=timezone.now())
    return {phone.user.directory_id: phone.number for phone in phones.select_related("user")}


def sharing(number: str) -> QuerySet[Phone]:
    """All that have this number (E.164)."""
    return Phone.objects.filter(number_digest=digest(number, "number"))


def others(user: User, number: str) -> int:
    """How many other accounts have this number (E.164)."""
    return sharing(number).exclude(user=user).count()


def is_crowded(user: User, number: str) -> bool:
    """Whether as many other accounts as allowed have this number (G5)."""
    return others(user, number) >= settings.LIMIT_ACCOUNTS_PER_NUMBER


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
    """The account's links that can still be stopped, the newest one first."""
    links = user.links.filter(stopped_at=None, usable_from__gt=timezone.now())
    return links.exclude(stops={}).order_by("-pk")


def confirm_unchanged(user: User, number: str, address: str | None) -> bool:
    """Whether this is the number on file already, which leaves an audit event."""
    phone = on_file(user)
    # Not a number on hold, to which no code to reset goes yet: a code to register proves it, and ends the hold.
    if phone is None or phone.on_hold or phone.number != number:
        return False
    audit.record(Event.PHONE_CONFIRMED, user, actor=user, address=address)
    return True


def register(challenge_id: int, code: str, account: Account, address: str | None) -> bool:
    """Makes a challenge's number the account's own if the code is right (G1, G2). False: nothing changed."""
    with transaction.atomic():
        # The account first, then its challenges: all verbs lock in this order, so that none waits for another.
        user = User.locked(account.id)
        challenge = codes.check(challenge_id, code, address)
        if user is None or challenge is None or challenge.user != user or challenge.purpose != Purpose.REGISTER:
            return False
        number = challenge.number
        # The number's own row, locked so that two accounts that register the last free place at the same time wait for
        # each other. Not that of known browsers: one of the two may come from another kind of browser.
        SendQuota.locked(digest(number, "number"), Purpose.REGISTER)
        if is_crowded(user, number):
            return False
        phone = on_file(user)
        old = {phone.number} if phone else set()
        if phone and phone.on_hold:
            # The number before the link is told, too: it is the last one that was proven.
            old.add(number_before(phone)[0])
            # The owner has the password and the telephone: nobody else can stop an earlier link any more.
            links_on_hold(user).update(stops={})
        _replace(phone or Phone(user=user), number, account, old, actor=user, address=address)
    return True


def enter(account: Account, number: str) -> None:
    """Makes a number (E.164) the account's, as the system owner has it in a command: for agents, who get codes there.

    Their accounts are protected, so that no page changes the number (A2). The next sign-in proves it.
    """
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=for_account(account).pk)
        phone = on_file(user) or Phone(user=user)
        _replace(phone, number, account, {phone.number}, actor=None, address=None)


def _replace(
    phone: Phone, number: str, account: Account, old: set[str], *, actor: User | None, address: str | None
) -> None:
    """Saves another number in place of the ``old`` ones, which are told."""
    old -= {number, ""}
    keep(phone, number, confirmed_at=timezone.now())
    # Codes and rights that went to the old number end with it.
    codes.end_challenges(phone.user)
    event = Event.PHONE_REPLACED if old else Event.PHONE_REGISTERED
    audit.record(event, account, actor=actor, address=address)
    if old:
        phone_replaced.send(sender=Phone, user=phone.user, account=account, number=number, old_numbers=sorted(old))
    else:
        phone_registered.send(sender=Phone, user=phone.user, account=account, number=number)


def recent_removals(account_id: str) -> list[PhoneRemoval]:
    """The removals of the account's numbers within REMOVALS_WATCHED, the newest one first (security.md H8)."""
    removals = PhoneRemoval.objects.filter(
        user__directory_id=account_id, at__gt=timezone.now() - limits.REMOVALS_WATCHED
    )
    return list(removals.select_related("agent", "user").order_by("-at", "-pk"))


class RemoveRefused(Exception):
    """A number was not removed, and nothing changed. The text is for the agent."""


def remove(account: Account, *, agent: User, reference: str, address: str | None) -> bool:
    """Removes the number on file, also one on hold; False if there is none. Raises RemoveRefused.

    Codes and rights under way end, and no stop of an earlier link brings a number back. The account's address is told,
    or the helpdesk's if it has none, and the company's orderers; the number is not, a thief may hold it. It is kept to
    be told of a link. ``reference``: the ticket's number.
    """
    if account.protected:
        raise RemoveRefused(_("Kontot är skyddat. Portalen ändrar inget i det."))
    with transaction.atomic():
        user = User.locked(account.id)
        phone = on_file(user) if user else None
        if user is None or phone is None:
            return False
        # The last one that was proven, if there is one: an agent who links and removes does not silence it.
        number = number_before(phone)[0] or phone.number
        phone.delete()
        links_on_hold(user).update(stops={})
        PhoneRemoval.objects.create(user=user, agent=agent, reference=reference, number=number)
        codes.end_challenges(user)
        audit.record(Event.PHONE_REMOVED, account, actor=agent, result=reference, address=address)
        phone_removed.send(sender=Phone, user=user, account=account, reference=reference)
    return True
