"""The second factor of agents without an app, where HELPDESK_SMS_FACTOR is on: a code to their number on file.

Users with an app, and all administrators, need the app: a stolen number (a new SIM card, a telephone left behind) gets
its codes. Agents' accounts are protected (A2), so that the password alone can't change the number, which the command
``agent_number`` enters. Limits, tries and pauses are those of all codes (security.md K1 to K5).
"""

from django.conf import settings
from django.db import transaction

from accounts import audit, codes, phones, users
from accounts.models import Challenge, Event, FailedTry, Purpose, User
from accounts.staff import second_factor


def number_of(user: User) -> str:
    """The number for this agent's codes (E.164); "" if the user signs in with an app, or has to connect one.

    ``user.is_staff`` must be fresh from the directory (``accounts.staff.roles``): it marks administrators. A number
    that the helpdesk linked does not count before its hold is over (H4).
    """
    by_sms = settings.HELPDESK_SMS_FACTOR and not settings.STAFF_PASSKEYS_ONLY
    if not by_sms or user.is_staff or second_factor.is_enrolled(user):
        return ""
    phone = phones.on_file(user)
    return phone.number if phone and not phone.on_hold else ""


def begin(user: User, before: Challenge | None, address: str | None, presented: str) -> Challenge | None:
    """The challenge of a sign-in, with its code on the way; None if there is no number.

    ``before``: this browser's challenge. It is kept within a minute, when no new code would be sent. ``presented``: as
    in ``codes.ask``.
    """
    number = number_of(user)
    if not number:
        return None
    if before and fits(before, user, number) and codes.resend_in(before):
        return before
    return codes.ask(Purpose.SIGN_IN, address=address, user=user, number=number, presented=presented)


def fits(challenge: Challenge, user: User, number: str) -> bool:
    """Whether a challenge is for this user's sign-in, and the number on file is still the same."""
    theirs = (challenge.purpose, challenge.user_id) == (Purpose.SIGN_IN, user.pk)
    return theirs and challenge.number == number


def check(user: User, challenge: Challenge, code: str, address: str | None) -> bool:
    """Whether this is the challenge's code, which is then spent.

    Notifies the owner of FACTOR_FAILURES_TOLD wrong codes in a row, as with an app: someone has the right password.
    They count over all codes of a day, or two tries for each code would stay silent.
    """
    account = users.account_to_tell(user, staff=True)
    with transaction.atomic():
        # The user first, then the challenges, as everywhere.
        person = User.objects.select_for_update().get(pk=user.pk)
        if fits(challenge, person, number_of(person)) and codes.check(challenge.pk, code, address):
            FailedTry.objects.filter(subject=person.directory_id, kind=FailedTry.Secret.SMS).delete()
            audit.record(Event.SECOND_FACTOR_ACCEPTED, person, actor=person, result="sms", address=address)
            return True
        audit.record(Event.SECOND_FACTOR_REFUSED, person, result="sms", address=address)
        # Counted here too: a challenge forgets its wrong codes with each new one.
        second_factor.count_wrong_code(person, account, FailedTry.Secret.SMS)
    return False
