"""The second factor of agents without an app, where HELPDESK_SMS_FACTOR is on: a code to their number on file.

Who has an app is asked for that, and administrators always are: whoever takes a number over (a new SIM card, a
telephone left behind) gets its codes. The accounts of agents are protected while this is on, so that nobody with the
password alone changes the number first. Limits, tries and pauses are those of all codes (security.md K1 to K5).
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction

from accounts import audit, codes, limits, phones, signals
from accounts.models import Challenge, Event, FailedTry, Purpose, SmsFactor, User
from accounts.staff import second_factor


def number_of(user: User) -> str:
    """Where a code for this agent goes (E.164); "" for all who sign in with an app, or are to connect one.

    ``user`` is somebody whose role was asked a moment ago: ``is_staff`` says whether that of an administrator is among
    them (``accounts.staff.roles``). A number that the helpdesk linked is none before its hold is over (H4).
    """
    if not settings.HELPDESK_SMS_FACTOR or user.is_staff or second_factor.is_enrolled(user):
        return ""
    phone = phones.on_file(user)
    return phone.number if phone and not phone.on_hold else ""


def begin(user: User, before: Challenge | None, *, language: str, address: str | None) -> Challenge | None:
    """The challenge of a sign-in after the right password, with its code on the way; None if there is no number.

    ``before``: one that this browser has under way. Who goes back and types the password again within a minute keeps
    it, since no other code would be sent so soon. Raises kombu.exceptions.OperationalError if the queue is down.
    """
    number = number_of(user)
    if not number:
        return None
    if before and fits(before, user, number) and codes.resend_in(before):
        return before
    return codes.ask(Purpose.SIGN_IN, language=language, address=address, user=user, number=number)


def fits(challenge: Challenge | None, user: User, number: str) -> bool:
    """Whether a session's challenge is for this person to sign in, by the number that is on file now."""
    return (
        challenge is not None
        and challenge.purpose == Purpose.SIGN_IN
        and challenge.user_id == user.pk
        and challenge.number == number
    )


def check(user: User, challenge: Challenge, code: str, address: str | None) -> SmsFactor | None:
    """The device that the sign-in then has as its second factor, if this is the challenge's code; else None.

    The code is spent. The owner is told of FACTOR_FAILURES_TOLD wrong codes in a row, as with an app: whoever types
    them has the right password. They count over all codes of a day: two wrong ones for each would else be tried in
    silence.
    """
    account = second_factor.whom_to_tell(user)
    with transaction.atomic():
        # The account first, then its challenges, as whoever needs both.
        person = User.objects.select_for_update().get(pk=user.pk)
        if fits(challenge, person, number_of(person)) and codes.check(challenge.pk, code, address):
            FailedTry.objects.filter(subject=person.directory_id, kind=FailedTry.Secret.SMS).delete()
            audit.record(Event.SECOND_FACTOR_ACCEPTED, person, actor=person, result="sms", address=address)
            device: SmsFactor = SmsFactor.objects.get_or_create(user=person, defaults={"name": "sms"})[0]
            return device
        audit.record(Event.SECOND_FACTOR_REFUSED, person, result="sms", address=address)
        # A challenge forgets its own wrong ones with each new code.
        FailedTry.objects.create(subject=person.directory_id, kind=FailedTry.Secret.SMS)
        in_a_row = FailedTry.count(person.directory_id, FailedTry.Secret.SMS, timedelta(seconds=limits.DAY))
        if in_a_row == limits.FACTOR_FAILURES_TOLD:
            # Robustly: a notice that fails must not undo the count of the failure.
            signals.second_factor_attacked.send_robust(
                Challenge, user=person, account=account, kind=FailedTry.Secret.CODE, stopped=False
            )
    return None
