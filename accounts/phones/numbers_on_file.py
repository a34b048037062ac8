"""Numbers on file: registered and changed by their owners, removed by the helpdesk (manual-sv.md; G1 to G5)."""

from collections.abc import Iterable, Mapping

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, codes, limits
from accounts.directory import Account
from accounts.models import Event, Phone, PhoneLink, PhoneRemoval, Purpose, SendQuota, User
from accounts.phones.holds import is_blocked, keep, links_on_hold, number_before, on_file, put_on_hold
from accounts.privacy.encryption import digest
from accounts.signals import phone_registered, phone_removed, phone_replaced
from accounts.users import for_account


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


def confirm_unchanged(user: User, number: str, address: str | None) -> bool:
    """Whether this is the number on file already, which leaves an audit event."""
    phone = on_file(user)
    # Not a number on hold: a code to it shows first that the telephone is there.
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
        if phone is None and is_blocked(user.directory_id):
            return False
        _put_on_file(user, phone, number, account, address)
    return True


def _put_on_file(user: User, phone: Phone | None, number: str, account: Account, address: str | None) -> None:
    """A first number is usable at once, and so is the one from before a hold. Any other one is on hold (G6)."""
    before = number_before(phone)[0] if phone else ""
    old = {phone.number, before} if phone else set()
    if phone and before not in ("", number) and settings.PHONE_LINK_HOLD:
        if phone.number == number:  # the hold of the helpdesk's link, or of an earlier visit, goes on
            codes.end_challenges(user)
            audit.record(Event.PHONE_CONFIRMED, account, actor=user, address=address)
            return
        link = PhoneLink(user=user, number=number)
        stops = put_on_hold(phone, link, [PhoneLink.Told.ACCOUNT])
        _replaced(user, number, account, old, actor=user, address=address, link=link, stops=stops)
        return
    # The owner has the password and the last telephone that was proven: nobody can stop an earlier link any more.
    if phone and phone.on_hold:
        links_on_hold(user).update(stops={})
    keep(phone or Phone(user=user), number, confirmed_at=timezone.now())
    _replaced(user, number, account, old, actor=user, address=address)


def enter(account: Account, number: str) -> None:
    """Makes a number (E.164) the account's, as the system owner has it in a command: for agents, who get codes there.

    Their accounts are protected, so that no page changes the number (A2). The next sign-in proves it.
    """
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=for_account(account).pk)
        phone = on_file(user)
        old = {phone.number} if phone else set()
        links_on_hold(user).update(stops={})
        keep(phone or Phone(user=user), number, confirmed_at=timezone.now())
        _replaced(user, number, account, old, actor=None, address=None)


def _replaced(
    user: User,
    number: str,
    account: Account,
    old: set[str],
    *,
    actor: User | None,
    address: str | None,
    link: PhoneLink | None = None,
    stops: Mapping[PhoneLink.Told, str] | None = None,
) -> None:
    """Notes that a number stands in place of the ``old`` ones, which are told. ``link``: its hold, if it has one."""
    old -= {number, ""}
    # Codes and rights that went to the old number end with it.
    codes.end_challenges(user)
    audit.record(Event.PHONE_REPLACED if old else Event.PHONE_REGISTERED, account, actor=actor, address=address)
    if old:
        told = {"old_numbers": sorted(old), "link": link, "stops": stops or {}}
        phone_replaced.send(sender=Phone, user=user, account=account, number=number, **told)
    else:
        phone_registered.send(sender=Phone, user=user, account=account, number=number)


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
        PhoneLink.objects.filter(user=user, blocks=True).update(blocks=False)  # an agent has decided (G7)
        PhoneRemoval.objects.create(user=user, agent=agent, reference=reference, number=number)
        codes.end_challenges(user)
        audit.record(Event.PHONE_REMOVED, account, actor=agent, result=reference, address=address)
        phone_removed.send(sender=Phone, user=user, account=account, reference=reference)
    return True
