"""Whose a code is: a user's of the directory; or an orderer's, who has no account there."""

from __future__ import annotations

import logging

from django.db import transaction
from django.db.models import Q

from accounts import audit, directory, users
from accounts.directory import Account
from accounts.models import Challenge, Event, Orderer, Phone, Purpose, User

log = logging.getLogger("idportal.codes")

Owner = User | Orderer


def owner_of(challenge: Challenge) -> Owner | None:
    """Whose code it is, once that is known. Asks no more of the database for a user than for nobody (E2)."""
    return challenge.orderer if challenge.orderer_id else challenge.user


def asker(owner: Owner | None, purpose: str) -> Owner | None:
    """Who does what is done with a code, as far as the code tells: what is read to the helpdesk, an agent enters."""
    return None if purpose == Purpose.VERIFY else owner


def subject(owner: Owner, purpose: str) -> str:
    """As what wrong codes are counted: the directory's id; or "orderer", its key, and what the code is for.

    Whoever can ask for an orderer's codes to sign in must not keep the helpdesk from verifying that orderer.
    """
    return f"orderer {owner.pk} {purpose!s}" if isinstance(owner, Orderer) else owner.directory_id


def lock(owner: Owner) -> Owner:
    """The owner as they are now; within a transaction, in which others wait for this one."""
    if isinstance(owner, Orderer):
        return Orderer.objects.select_for_update().get(pk=owner.pk)
    return User.objects.select_for_update().get(pk=owner.pk)


def gone(challenge: Challenge, owner: Owner) -> str:
    """Why an orderer gets no code any more, as the register has them now; "" if they do."""
    if not isinstance(owner, Orderer):
        return ""
    if not owner.active:
        return "orderer not active"
    return "" if owner.mobile == challenge.number else "another number on file"


def theirs(owner: Owner) -> Q:
    """Their challenges."""
    return Q(orderer=owner) if isinstance(owner, Orderer) else Q(user=owner)


def recognise(challenge: Challenge) -> bool:
    """Finds the account and the number that belong to what was typed. False: there is nobody to send to.

    What was typed is not kept after that. The account is, also if nothing is sent: a number may be registered or a
    hold end before the next code is asked for in the same browser.
    """
    known = challenge.user
    try:
        people = directory.connect()
        account = people.get(known.directory_id) if known else people.find(challenge.asked_for)
    except directory.DirectoryError as error:
        log.error("a code for %s was not sent: %s", challenge.purpose, type(error).__name__)
        audit.record(Event.CODE_WITHHELD, known, result="directory unavailable", address=challenge.address)
        return False
    challenge.asked_for = ""
    with transaction.atomic():
        # The account first, as everywhere: one whose number changes at the same time gets no code to the other one.
        user = User.objects.select_for_update().filter(directory_id=account.id).first() if account else None
        if account and user is None:
            user = users.for_account(account)
        phone = Phone.objects.filter(user=user).first() if user else None
        refusal = _why_not(account, phone)
        if phone and not refusal:
            challenge.number = phone.number
        else:
            audit.record(Event.CODE_WITHHELD, account, result=refusal, address=challenge.address)
        challenge.user = user or known
        challenge.save(update_fields=["asked_for", "user", "number"])
    return not refusal


def _why_not(account: Account | None, phone: Phone | None) -> str:
    """Why no code to reset goes to this account's number (R6, H4); "" if one does."""
    if account is None:
        return "no such account"
    if account.protected:
        return "protected account"
    if not account.enabled:
        return "disabled account"
    if phone is None:
        return "no number"
    return "number on hold" if phone.on_hold else ""
