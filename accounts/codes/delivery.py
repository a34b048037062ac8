"""Making a code and sending it: finds the account, asks the limits, sends the SMS. Runs in a task."""

import logging
from datetime import timedelta

from celery import shared_task
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts import audit, directory, limits, users
from accounts.codes import counts
from accounts.directory import Account
from accounts.models import Challenge, Event, Orderer, Phone, Purpose, User
from accounts.models.codes import Owner
from idportal import message_templates, sms
from idportal.hosts import journey_host

log = logging.getLogger("idportal.codes")

_HOSTS = {Purpose.REGISTER: "REGISTER_HOST", Purpose.RESET: "RESET_HOST"}


@shared_task(name="accounts.tasks.send_code")
def send_code(challenge_id: int) -> None:
    """Makes a code and sends it, if there is a number and the limits allow it. No retry: the person asks again."""
    challenge = Challenge.objects.select_related("user", "orderer").get(pk=challenge_id)
    age = timezone.now() - challenge.asked_at
    if challenge.ended_at or challenge.verified_at or age > timedelta(seconds=limits.CODE_LIFETIME):
        return
    if challenge.purpose == Purpose.RESET and not _recognise(challenge):
        return
    owner = challenge.owner
    if owner is None or (code := _make(challenge, owner)) is None:
        return
    try:
        gateway = sms.send(challenge.number, text(code, Purpose(challenge.purpose), challenge.language))
    except sms.SmsError as error:
        log.error("a code for %s was not sent: %s", challenge.purpose, error)
        if not error.perhaps_sent:
            counts.give_back(challenge, owner)
        audit.record(Event.CODE_NOT_SENT, owner, result="no gateway took it")
        return
    audit.record(Event.CODE_SENT, owner, result=f"{challenge.purpose} by gateway {gateway}")


@sensitive_variables("code")
def text(code: str, purpose: Purpose, language: str) -> str:
    """The SMS: one GSM-7 segment. Its last line binds the code to the host (K4; WICG, Origin-bound one-time codes)."""
    event = "code_to_read_out" if purpose == Purpose.VERIFY else "code"
    return message_templates.sms(event, language, {"code": code, "host": journey_host(_HOSTS.get(purpose))})


def _recognise(challenge: Challenge) -> bool:
    """Finds the account of the user name that was typed, and its number; False if no code goes there.

    The user name is not kept after that. The account is, also without a number: one may be registered, or a hold
    end, before the next code is asked for in the same browser.
    """
    before = challenge.user
    try:
        accounts = directory.connect()
        account = accounts.get(before.directory_id) if before else accounts.find(challenge.username)
    except directory.DirectoryError as error:
        log.error("a code for %s was not sent: %s", challenge.purpose, type(error).__name__)
        audit.record(Event.CODE_WITHHELD, before, result="directory unavailable", address=challenge.address)
        return False
    challenge.username = ""
    with transaction.atomic():
        # The account first, as everywhere: if its number changes at the same time, no code goes to the other number.
        user = User.objects.select_for_update().filter(directory_id=account.id).first() if account else None
        if account and user is None:
            user = users.for_account(account)
        phone = Phone.objects.filter(user=user).first() if user else None
        refusal = _account_refusal(account, phone)
        if phone and not refusal:
            challenge.number = phone.number
        else:
            audit.record(Event.CODE_WITHHELD, account, result=refusal, address=challenge.address)
        challenge.user = user or before
        challenge.save(update_fields=["username", "user", "number"])
    return not refusal


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


def _make(challenge: Challenge, owner: Owner) -> str | None:
    """The code, with its hash on the challenge and the older codes dead; or None if a limit says no."""
    with transaction.atomic():
        # Read anew and locked: others who send to this owner wait here.
        owner = type(owner)._default_manager.select_for_update().get(pk=owner.pk)
        refusal = ""
        if isinstance(owner, Orderer) and not owner.active:
            refusal = "orderer not active"
        elif isinstance(owner, Orderer) and owner.mobile != challenge.number:
            refusal = "another number on file"
        if refusal := refusal or counts.take(challenge, owner):
            audit.record(Event.CODE_WITHHELD, owner, result=refusal, address=challenge.address)
            return None
        # Earlier challenges of this purpose lose their code. Each of them may ask again; this one then loses its own.
        whose = Q(orderer=owner) if isinstance(owner, Orderer) else Q(user=owner)
        others = Challenge.objects.filter(whose, purpose=challenge.purpose).exclude(pk=challenge.pk)
        others.filter(verified_at=None, ended_at=None).update(token="")
        audit.record(Event.CODE_ATTEMPTED, owner, result=challenge.purpose, address=challenge.address)
        challenge = Challenge.objects.select_for_update().get(pk=challenge.pk)
        # During the wait for the account, the owner may have finished another journey.
        return None if challenge.ended_at or challenge.verified_at else challenge.make_code()
