"""The helpdesk links a number, and a link is stopped. Source: manual-sv.md, "Support", point 1; G1, G5 to G7.

A linked number is on hold (``holds``): the old number, the account's address and the orderer can *stop* it (H4). So is
one that replaces another (G6). The stops end with the hold, or when the owner registers a number in a way that needs no
hold, or when the helpdesk removes it.
"""

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import audit, codes, users
from accounts.directory import Account
from accounts.models import Event, Orderer, Phone, PhoneLink, PhoneRemoval, Purpose, SendQuota, User
from accounts.phones.holds import Told, keep, links_on_hold, number_before, on_file, put_on_hold
from accounts.phones.numbers_on_file import others, recent_removals
from accounts.privacy.encryption import digest, token_digest
from accounts.signals import phone_link_stopped, phone_linked


class LinkRefused(Exception):
    """A number was not linked, and nothing changed. The text is for the agent and says what to do next."""


def link(
    account: Account, number: str, *, agent: User, orderer: Orderer, reference: str, address: str | None
) -> PhoneLink:
    """Makes a number (E.164) the account's, as the helpdesk has decided; in the caller's transaction (G1, H4).

    No code to reset goes to it for PHONE_LINK_HOLD. The old number, the account's address and the orderer are told,
    each with a link that stops it meanwhile; the new number and those that were removed lately are told, too.
    ``reference``: the ticket's number. Raises LinkRefused.
    """
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=users.for_account(account).pk)
        phone = on_file(user)
        # The number's own row, as in ``register``: two links to its last free place wait for each other.
        SendQuota.locked(digest(number, "number"), Purpose.REGISTER)
        if refusal := _refusal(account, user, phone, number):
            raise LinkRefused(refusal)
        made = PhoneLink(user=user, number=number, agent=agent, orderer=orderer, reference=reference)
        stops = put_on_hold(phone or Phone(user=user), made, [Told.ACCOUNT, Told.ORDERER])
        # Codes and rights that went to the old number end with it.
        codes.end_challenges(user)
        audit.record(Event.PHONE_LINKED, account, actor=agent, result=reference, address=address)
        removed = sorted({each.number for each in recent_removals(account.id)} - {"", number, made.old_number})
        told = {"link": made, "orderer": orderer, "stops": stops, "removed_numbers": removed}
        phone_linked.send(sender=PhoneLink, user=user, account=account, **told)
    return made


def _refusal(account: Account, user: User, phone: Phone | None, number: str) -> str:
    """Why this number is not linked, and what to do; "" if it can be."""
    count = others(user, number)
    if account.protected:
        text = _("Kontot %(account)s är skyddat, och portalen ändrar inget på det. Avslå ärendet och förklara det.")
    elif not account.enabled:
        text = _(
            "Kontot %(account)s är avstängt. Ett nummer kan kopplas först när kontot är i bruk igen. "
            "Låt aktivera kontot först, eller avslå ärendet."
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


def stop(token: str, address: str | None) -> PhoneLink | None:
    """Undoes the link that this token stops, and links that were made on top of it (H4).

    From the old number: the account has no number, and gets one by a link of the helpdesk alone (G7). The telephone may
    be stolen, and the thief's stop must not bring the codes back. From the account's address and by the orderer: the
    number from before is on file again, usable at once, with the day on which it was confirmed; or none, if there was
    none. Neither of the two is the thief's, and to stop gives no code to either. It keeps its place if others have
    taken up the number since (G5). Codes and rights under way end.

    Returns None, and changes nothing, if the token is unknown, used or too late, or if the stops have ended.
    """
    key = token_digest(token)
    found = PhoneLink.objects.filter(stops__has_key=key, stopped_at=None).select_related("user").first()
    if found is None or found.usable_from <= timezone.now():
        return None
    account = users.account_to_tell(found.user)  # before the lock: no row waits for a server
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=found.user_id)
        on_hold = list(links_on_hold(user))
        stopped = next((each for each in on_hold if key in each.stops), None)
        if stopped is None:
            return None
        stopped.stopped_at, stopped.stopped_by = timezone.now(), stopped.stops[key]
        stopped.blocks = stopped.stopped_by == Told.OLD_NUMBER
        if stopped.old_number and not stopped.blocks:
            phone = on_file(user) or Phone(user=user)
            keep(phone, stopped.old_number, confirmed_at=stopped.old_confirmed_at or timezone.now())
        else:
            Phone.objects.filter(user=user).delete()
        # Told of the next link, and no more asked to stop it (H8).
        PhoneRemoval.objects.create(user=user, number=stopped.old_number if stopped.blocks else "")
        all_of_them = PhoneLink.objects.filter(pk__in=[each.pk for each in on_hold])
        all_of_them.update(stopped_at=stopped.stopped_at, stopped_by=stopped.stopped_by, blocks=stopped.blocks)
        codes.end_challenges(user)
        audit.record(Event.PHONE_LINK_STOPPED, account or user, result=stopped.stopped_by, address=address)
        phone_link_stopped.send(sender=PhoneLink, user=user, account=account, link=stopped)
    return stopped


def stopped_before(token: str) -> PhoneLink | None:
    """The link that this token stops, if it has been stopped, with this token or another one."""
    return PhoneLink.objects.filter(stops__has_key=token_digest(token), stopped_at__isnull=False).first()
