"""Makes a code and sends it, in a task: finds the account, checks the limits, sends the SMS."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

from celery import shared_task
from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts import audit, directory, limits, users
from accounts.directory import Account
from accounts.models import Challenge, Event, Orderer, Phone, Purpose, User, statements
from accounts.models.codes import Owner
from accounts.privacy.encryption import as_columns
from accounts.throttling import counts
from idportal.channels import message_templates, sms
from idportal.web.hosts import journey_host

log = logging.getLogger("idportal.codes")

# Fields of a challenge: what the look-up finds, and what a code adds.
_FOUND = ("username", "user_id", "number", "known")
_CODE = ("token", "valid_until", "failures", "withheld")

# What a code is for that is read out (H10): the words of its SMS, by the app that asks for such codes.
Matter = Mapping[str, str]
_matters: list[Callable[[Challenge], Matter]] = []

_HOSTS = {
    Purpose.REGISTER: "REGISTER_HOST",
    Purpose.OLD_NUMBER: "REGISTER_HOST",
    Purpose.RESET: "RESET_HOST",
}
_TEXTS = {Purpose.VERIFY: "code_to_read_out", Purpose.OLD_NUMBER: "code_to_old_number"}  # that approve something


@shared_task(name="accounts.tasks.send_code")
def send_code(challenge_id: int) -> None:
    """Makes a code and sends it, if there is a number and the limits allow it. No retry: the person asks again."""
    challenge = Challenge.to_send(challenge_id)
    if challenge is None:
        return
    age = timezone.now() - challenge.asked_at
    if challenge.ended_at or challenge.verified_at or age > timedelta(seconds=limits.CODE_LIFETIME):
        return
    try:
        account = _look_up(challenge) if challenge.purpose == Purpose.RESET else None
    except directory.DirectoryError as error:
        log.error("a code for %s was not sent: %s", challenge.purpose, type(error).__name__)
        audit.record(Event.CODE_WITHHELD, challenge.user, result="directory unavailable", address=challenge.address)
        return
    code = _make(challenge, account)
    owner = challenge.owner
    if code is None or owner is None:
        return
    try:
        matter = _matter(challenge) if challenge.purpose == Purpose.VERIFY else {}
        gateway = sms.send(challenge.number, text(code, Purpose(challenge.purpose), challenge.language, matter))
    except sms.SmsError as error:
        log.error("a code for %s was not sent: %s", challenge.purpose, error)
        if not error.perhaps_sent:
            counts.give_back(challenge, owner)
            Challenge.objects.filter(pk=challenge.pk).update(withheld=limits.NO_GATEWAY)
        audit.record(Event.CODE_NOT_SENT, owner, result=limits.NO_GATEWAY)
        return
    audit.record(Event.CODE_SENT, owner, result=f"{challenge.purpose} by gateway {gateway}")


@sensitive_variables("code")
def text(code: str, purpose: Purpose, language: str, matter: Matter = MappingProxyType({})) -> str:
    """The SMS: one GSM-7 segment. Its last line binds the code to the host (K4; WICG, Origin-bound one-time codes)."""
    words = {"code": code, "host": journey_host(_HOSTS.get(purpose)), **matter}
    return message_templates.sms(_TEXTS.get(purpose, "code"), language, words)


def register_matter(matter: Callable[[Challenge], Matter]) -> None:
    """Adds who knows what a code is for that is read out."""
    _matters.append(matter)


def _matter(challenge: Challenge) -> Matter:
    return {name: word for matter in _matters for name, word in matter(challenge).items()}


def _look_up(challenge: Challenge) -> Account | None:
    """The account that was found before, or that of the user name that was typed."""
    accounts = directory.connect()
    if challenge.user:
        served = accounts.served(challenge.user.directory_id)
        account = served.account if served else None
    else:
        account = accounts.served_by_name(challenge.username)
    if account:
        return account
    # For the trail, which says why somebody gets no code: it gives nobody one. No answer shows how long a task takes.
    found = accounts.get(challenge.user.directory_id) if challenge.user else accounts.find(challenge.username)
    return replace(found, protected=True) if found and found.served else found


def _make(challenge: Challenge, account: Account | None) -> str | None:
    """The code, with its hash on the challenge and the older codes dead; None, with the reason in the trail, if not."""
    try:
        with transaction.atomic():
            # The owner first, as everywhere: others who send to this owner wait here. If the number changes at the same
            # time, no code goes to the other one.
            to_reset = challenge.purpose == Purpose.RESET
            refusal = _recognise(challenge, account) if to_reset else _refusal_now(challenge)
            if challenge.owner and not refusal:
                return _give(challenge, challenge.owner)
            _withhold(challenge, refusal, account if to_reset else challenge.owner)
    except counts.UsedUp as limit:
        with transaction.atomic():
            _withhold(challenge, str(limit), challenge.owner)
    return None


def _give(challenge: Challenge, owner: Owner) -> str | None:
    counts.take(challenge, owner)
    audit.record(Event.CODE_ATTEMPTED, owner, result=challenge.purpose, address=challenge.address)
    code, challenge.withheld = challenge.make_code(), ""
    counts.take_sms(challenge, owner)
    # Earlier challenges of this purpose lose their code. Each of them may ask again; this one then loses its own.
    user, orderer = (None, owner.pk) if isinstance(owner, Orderer) else (owner.pk, None)
    whose = {"purpose": challenge.purpose, "user": user, "orderer": orderer}
    if statements.give_code(challenge.pk, whose, as_columns(challenge, *_FOUND, *_CODE)):
        return code
    challenge.save(update_fields=_FOUND)  # during the wait for the account, the owner has finished another journey
    return None


def _withhold(challenge: Challenge, why: str, subject: Account | Owner | None) -> None:
    audit.record(Event.CODE_WITHHELD, subject, result=why, address=challenge.address)
    challenge.withheld = why
    challenge.save(update_fields=[*_FOUND, "withheld"])


def _recognise(challenge: Challenge, account: Account | None) -> str:
    """Ties the challenge to the account and its number; returns why no code goes there, or "".

    The user name is not kept after that. The account is, also without a number: one may be registered, or a hold
    end, before the next code is asked for in the same browser.
    """
    user = User.locked_with_phone(account.id) if account else None
    phone = user.phone if user else None
    if account and user is None:
        user = User.locked(account.id) or users.for_account(account)
        phone = Phone.of_user(user)  # one that came before the lock
    if account and user:
        users.note_name(user, account)
    challenge.username = ""
    challenge.user = user or challenge.user
    refusal = _account_refusal(account, phone)
    if phone and not refusal:
        challenge.number = phone.number
    return refusal


def _account_refusal(account: Account | None, phone: Phone | None) -> str:
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


def _refusal_now(challenge: Challenge) -> str:
    """Locks the owner; returns why no code goes to an orderer who is no longer one, or has another number, or ""."""
    if challenge.user:
        User.locked(challenge.user.directory_id)
    if challenge.orderer is None:
        return ""
    orderer = Orderer.objects.select_for_update().get(pk=challenge.orderer.pk)
    if not orderer.active:
        return "orderer not active"
    return "" if orderer.mobile == challenge.number else "another number on file"
