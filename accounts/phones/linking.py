"""Linking a number, by the helpdesk. Source: manual-sv.md, "Support", point 1; security.md G1, G5, H4.

A linked number is on *hold* for PHONE_LINK_HOLD: it is on file, but no code to reset goes to it. Meanwhile the old
number, the account's address and the orderer can *stop* it (``stopping``).
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import audit, codes, users
from accounts.directory import Account
from accounts.encryption import digest, token_digest
from accounts.models import Event, Orderer, Phone, PhoneLink, Purpose, SendQuota, User
from accounts.phones.numbers_on_file import keep, on_file, others
from accounts.phones.stopping import TOKEN_LENGTH, number_before, stop_address
from accounts.signals import phone_linked

Told = PhoneLink.Told


class LinkRefused(Exception):
    """A number was not linked, and nothing changed. The text is for the agent and says what to do next."""


def link(
    account: Account, number: str, *, agent: User, orderer: Orderer, reference: str, address: str | None
) -> PhoneLink:
    """Makes a number (E.164) the account's, as the helpdesk has decided; in the caller's transaction (G1, H4).

    No code to reset goes to it for PHONE_LINK_HOLD. The old number, the account's address and the orderer are told,
    each with a link that stops it meanwhile; the new number is told, too. ``reference``: the ticket's number. Raises
    LinkRefused.
    """
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=users.for_account(account).pk)
        phone = on_file(user)
        # The number's own row, as in ``register``: two links to its last free place wait for each other.
        SendQuota.objects.select_for_update().get_or_create(digest=digest(number, "number"), purpose=Purpose.REGISTER)
        if refusal := _refusal(account, user, phone, number):
            raise LinkRefused(refusal)
        made, stops = _link(user, phone, number)
        made.agent, made.orderer, made.reference = agent, orderer, reference
        made.save()
        keep(phone or Phone(user=user), number, confirmed_at=made.made_at, usable_from=made.usable_from)
        # Codes and rights that went to the old number end with it.
        codes.end_challenges(user)
        audit.record(Event.PHONE_LINKED, account, actor=agent, result=reference, address=address)
        phone_linked.send(sender=PhoneLink, user=user, account=account, link=made, orderer=orderer, stops=stops)
    return made


def _refusal(account: Account, user: User, phone: Phone | None, number: str) -> str:
    """Why this number is not linked, and what to do; "" if it can be."""
    count = others(user, number)
    if account.protected:
        text = _("Kontot %(account)s är skyddat, och portalen ändrar inget på det. Avslå ärendet och förklara det.")
    elif not account.enabled:
        text = _(
            "Kontot %(account)s är avstängt. Ett nummer kan kopplas först när kontot är i bruk igen. "
            "Låt öppna kontot först, eller avslå ärendet."
        )
    elif phone and phone.number == number:
        return already_there(phone, account.username)
    elif count >= settings.LIMIT_ACCOUNTS_PER_NUMBER:
        text = ngettext(
            "Numret finns redan på %(count)d annat konto, och fler får inte ha det. Be om ett annat nummer.",
            "Numret finns redan på %(count)d andra konton, och fler får inte ha det. Be om ett annat nummer.",
            count,
        )
    else:
        return ""
    return text % {"account": account.username, "count": count}


def already_there(phone: Phone, username: str) -> str:
    """Why a number that is on file already is not linked, and what the agent does."""
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
    """Whether an old number is told of a link of ``number`` to the account with that phone, and can stop it."""
    return phone is not None and number_before(phone)[0] not in ("", number)


def _link(user: User, phone: Phone | None, number: str) -> tuple[PhoneLink, dict[PhoneLink.Told, str]]:
    """The link, not yet saved; and for each that is told, the address that stops it."""
    now = timezone.now()
    made = PhoneLink(user=user, number=number, made_at=now)
    made.usable_from = now + timedelta(seconds=settings.PHONE_LINK_HOLD)
    if phone:
        made.old_number, made.old_confirmed_at = number_before(phone)
    # If the number from before a hold is linked again, it is told so, and not asked to stop it.
    old = [Told.OLD_NUMBER] if made.old_number not in ("", number) else []
    tokens = {told: get_random_string(TOKEN_LENGTH) for told in (*old, Told.ACCOUNT, Told.ORDERER)}
    made.stops = {token_digest(token): told for told, token in tokens.items()}
    return made, {told: stop_address(token) for told, token in tokens.items()}
