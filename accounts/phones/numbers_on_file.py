"""Registering, changing, linking and removing a mobile number. Source: manual-sv.md, "Registrera/Kontrollera/ändra" and
"Support", point 1; security.md G1 to G5, H4.

A number that the helpdesk *links* is on *hold* for PHONE_LINK_HOLD: it is on file, but no code to reset goes to it, and
whoever was told can *stop* it. What counts as the number before it is the last one that was usable: a number on hold
has proved nothing. So of two links within one hold the second one tells the number from before the first, and a stop
of either undoes both: nobody gets rid of the old number's say by having two numbers linked. A number that its owner
registers, with the password and a code, ends the hold, and the stops with it; so does the helpdesk when it takes the
number away.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import audit, codes, directory, users
from accounts.directory import Account
from accounts.encryption import digest, token_digest
from accounts.models import Challenge, Event, Orderer, Phone, PhoneLink, PhoneRemoval, Purpose, SendQuota, User
from accounts.signals import phone_link_stopped, phone_linked, phone_registered, phone_removed, phone_replaced

log = logging.getLogger("idportal.phones")

Told = PhoneLink.Told
# Letters and digits alone, 131 bits of chance: some telephones leave a last "-" or "_" out of the link they make of it.
TOKEN_LENGTH = 22


def on_file(user: User) -> Phone | None:
    """The number on file."""
    return Phone.objects.filter(user=user).first()


def confirm_unchanged(user: User, number: str, address: str | None) -> bool:
    """Whether this is the number on file already. Noted as checked; nothing else changes.

    Not for a number on hold: no code to reset goes there yet. A code to register proves it, and ends the hold.
    """
    phone = on_file(user)
    if phone is None or phone.on_hold or phone.number != number:
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
    phone = on_file(user)
    old = {phone.number} if phone else set()
    if phone and phone.on_hold:
        # Whoever had the number before the link is told, too: it is the last one that was proven.
        old.add(_before(phone)[0])
        # Its owner has the password and the telephone: nobody who was told of a link has a say any more.
        _on_hold(user).update(stops={})
    old -= {number, ""}
    _keep(phone or Phone(user=user), number, confirmed_at=timezone.now(), usable_from=None)
    # Codes and rights that went to the old number end with it.
    codes.end_challenges(user)
    if old:
        audit.record(Event.PHONE_REPLACED, account, actor=user, address=address)
        phone_replaced.send(sender=Phone, user=user, account=account, number=number, old_numbers=sorted(old))
    else:
        audit.record(Event.PHONE_REGISTERED, account, actor=user, address=address)
        phone_registered.send(sender=Phone, user=user, account=account, number=number)


def _keep(phone: Phone, number: str, *, confirmed_at: datetime, usable_from: datetime | None) -> None:
    phone.number, phone.number_digest = number, digest(number, "number")
    phone.confirmed_at, phone.usable_from = confirmed_at, usable_from
    phone.save()


class LinkRefused(Exception):
    """A number was not linked, and nothing changed. The text is for the agent and says what to do next."""


def link(
    account: Account, number: str, *, agent: User, orderer: Orderer, reference: str, address: str | None
) -> PhoneLink:
    """Makes a number (E.164) the account's, as the helpdesk has decided; in the caller's transaction (G1, H4).

    No code to reset goes to it for PHONE_LINK_HOLD. The old number, the account's address and the orderer are told,
    each with a link that stops it meanwhile; the new number is told, too. Raises LinkRefused.
    """
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=users.for_account(account).pk)
        phone = on_file(user)
        # The number's own row, as in ``register``: two who want its last free place wait for each other.
        SendQuota.objects.select_for_update().get_or_create(digest=digest(number, "number"), purpose=Purpose.REGISTER)
        if refusal := _refusal(account, user, phone, number):
            raise LinkRefused(refusal)
        made, stops = _link(user, phone, number)
        made.agent, made.orderer, made.reference = agent, orderer, reference
        made.save()
        _keep(phone or Phone(user=user), number, confirmed_at=made.made_at, usable_from=made.usable_from)
        # Codes and rights that went to the old number end with it.
        codes.end_challenges(user)
        audit.record(Event.PHONE_LINKED, account, actor=agent, result=reference, address=address)
        phone_linked.send(sender=PhoneLink, user=user, account=account, link=made, orderer=orderer, stops=stops)
    return made


def _refusal(account: Account, user: User, phone: Phone | None, number: str) -> str:
    """Why this number is not linked, and what to do; "" if it can be."""
    count = 0
    if account.protected:
        text = _("Kontot %(account)s är skyddat, och portalen ändrar inget på det. Avslå ärendet och förklara det.")
    elif not account.enabled:
        text = _(
            "Kontot %(account)s är avstängt. Ett nummer kan kopplas först när kontot är i bruk igen. "
            "Låt öppna kontot först, eller avslå ärendet."
        )
    elif phone and phone.number == number:
        return already_there(phone, account.username)
    elif is_crowded(user, number):
        count = _others(user, number).count()
        text = ngettext(
            "Numret finns redan på %(count)d annat konto, och fler får inte ha det. Be om ett annat nummer.",
            "Numret finns redan på %(count)d andra konton, och fler får inte ha det. Be om ett annat nummer.",
            count,
        )
    else:
        return ""
    return text % {"account": account.username, "count": count}


def already_there(phone: Phone, username: str) -> str:
    """Why a number that is on file already is not linked, and what to do."""
    if phone.usable_from and phone.on_hold:
        time = f"{timezone.localtime(phone.usable_from):%H:%M}"
        return _(
            "Numret är redan kopplat till kontot %(account)s och får säkerhetskoder från kl. %(time)s. "
            "Det finns inget att koppla. Avslå ärendet och förklara det."
        ) % {"account": username, "time": time}
    return _(
        "Kontot %(account)s har redan det numret, och säkerhetskoder går dit. "
        "Det finns inget att koppla. Avslå ärendet, och förklara att det räcker att byta lösenord på "
        "återställningssidan."
    ) % {"account": username}


def tells_old_number(phone: Phone | None, number: str) -> bool:
    """Whether a link of this number to the account with that phone would be told to an old one, which can stop it."""
    return phone is not None and _before(phone)[0] not in ("", number)


def _before(phone: Phone) -> tuple[str, datetime | None]:
    """The last number of the account that was usable, and when it was confirmed; "" if there was none."""
    if not phone.on_hold:
        return phone.number, phone.confirmed_at
    earlier = _on_hold(phone.user).first()
    return (earlier.old_number, earlier.old_confirmed_at) if earlier else (phone.number, phone.confirmed_at)


def _link(user: User, phone: Phone | None, number: str) -> tuple[PhoneLink, dict[PhoneLink.Told, str]]:
    """The link, not yet saved, and the address at which each of those who are told can stop it."""
    now = timezone.now()
    made = PhoneLink(user=user, number=number, made_at=now)
    made.usable_from = now + timedelta(seconds=settings.PHONE_LINK_HOLD)
    if phone:
        made.old_number, made.old_confirmed_at = _before(phone)
    # Back to the number of before a hold: it is told that it is linked, and not asked to stop that.
    others = [Told.OLD_NUMBER] if made.old_number not in ("", number) else []
    tokens = {told: get_random_string(TOKEN_LENGTH) for told in (*others, Told.ACCOUNT, Told.ORDERER)}
    made.stops = {token_digest(token): told for told, token in tokens.items()}
    return made, {told: stop_address(token) for told, token in tokens.items()}


def stop_address(token: str) -> str:
    """Where a link is stopped. In the query, which is not logged, as the path is."""
    return f"{settings.PORTAL_URL}{reverse('phone-link-stop')}?nyckel={token}"


def _on_hold(user: User) -> QuerySet[PhoneLink]:
    """The account's links that can still be stopped, the newest one first."""
    links = PhoneLink.objects.filter(user=user, stopped_at=None, usable_from__gt=timezone.now())
    return links.exclude(stops={}).order_by("-pk")


def stop(token: str, address: str | None) -> PhoneLink | None:
    """Undoes the link that this token was sent to stop, and what was linked on top of it meanwhile (H4).

    The number of before is on file again, with the day on which it was confirmed, and usable at once; or none, if there
    was none. It keeps its place if others have taken up the number since (G5). Codes and rights under way end. None,
    and nothing changed: unknown, stopped already, too late, or its owner has registered a number meanwhile, or the
    helpdesk has taken the number away.
    """
    key = token_digest(token)
    found = PhoneLink.objects.filter(stops__has_key=key, stopped_at=None).select_related("user").first()
    if found is None or found.usable_from <= timezone.now():
        return None
    account = _account_of(found.user)  # before the lock: no row waits for a server
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=found.user_id)
        held = list(_on_hold(user))
        stopped = next((each for each in held if key in each.stops), None)
        if stopped is None:
            return None
        _give_back(user, stopped)
        PhoneRemoval.objects.create(user=user)
        stopped.stopped_at, stopped.stopped_by = timezone.now(), stopped.stops[key]
        all_of_them = PhoneLink.objects.filter(pk__in=[each.pk for each in held])
        all_of_them.update(stopped_at=stopped.stopped_at, stopped_by=stopped.stopped_by)
        codes.end_challenges(user)
        audit.record(Event.PHONE_LINK_STOPPED, account or user, result=stopped.stopped_by, address=address)
        phone_link_stopped.send(sender=PhoneLink, user=user, account=account, link=stopped)
    return stopped


def is_stopped(token: str) -> bool:
    """Whether the link that this token was sent to stop has been stopped, by whomever."""
    return PhoneLink.objects.filter(stops__has_key=token_digest(token), stopped_at__isnull=False).exists()


def _give_back(user: User, stopped: PhoneLink) -> None:
    if not stopped.old_number:
        Phone.objects.filter(user=user).delete()
        return
    phone = on_file(user) or Phone(user=user)
    _keep(phone, stopped.old_number, confirmed_at=stopped.old_confirmed_at or timezone.now(), usable_from=None)


def _account_of(user: User) -> Account | None:
    """For whoever is told. A stop does not wait for a directory that is down: without one there is nobody to ask."""
    try:
        return directory.connect().get(user.directory_id)
    except directory.DirectoryError as error:
        log.error("a link is stopped, but the directory does not say whose: %s", type(error).__name__)
        return None


class RemoveRefused(Exception):
    """A number was not taken away, and nothing changed. The text is for the agent."""


def remove(account: Account, *, agent: User, reference: str, address: str | None) -> bool:
    """Takes the number on file away, also one on hold: its telephone is stolen, or lost.

    No code goes there any more, codes and rights under way end, and no stop of an earlier link brings a number back.
    The account's address is told, or the helpdesk's if it has none. The number is not: a thief may hold it.
    ``reference``: the number of the request in which the reason stands; the trail keeps nothing that anybody typed.
    False, and nothing changed: there is no number. Raises RemoveRefused.
    """
    if account.protected:
        raise RemoveRefused(_("Kontot är skyddat. Portalen ändrar inget i det."))
    with transaction.atomic():
        user = User.objects.select_for_update().filter(directory_id=account.id).first()
        if user is None or not Phone.objects.filter(user=user).delete()[0]:
            return False
        _on_hold(user).update(stops={})
        PhoneRemoval.objects.create(user=user, agent=agent, reference=reference)
        codes.end_challenges(user)
        audit.record(Event.PHONE_REMOVED, account, actor=agent, result=reference, address=address)
        phone_removed.send(sender=Phone, user=user, account=account, reference=reference)
    return True
