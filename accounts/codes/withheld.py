"""What a person is told whose code was not sent (security.md D2), where that tells no stranger anything: after a right
password or a link by mail, and an agent. Never before: who resets a password sees the same page for every name (E1).
"""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import limits
from accounts.models import Challenge, Purpose


class Withheld(NamedTuple):
    """``why`` there is no code, and what to ``do``."""

    why: Promise | str
    do: Promise | str


_LATER = _("Vänta en stund och be om en ny kod. Kommer ingen då heller, försök igen i morgon.")
_TOMORROW = _("Försök igen i morgon.")

_WORDS = {
    limits.TOO_MANY_SMS: Withheld(_("Portalen kan inte skicka fler sms i dag."), _TOMORROW),
    limits.TOO_MANY_TO_NUMBER: Withheld(_("Det har redan gått koder till numret."), _LATER),
    limits.TOO_MANY_FOR_ACCOUNT: Withheld(_("Kontot har redan fått flera koder."), _LATER),
    limits.TOO_MANY_WRONG_CODES: Withheld(_("Det har skrivits för många fel koder det senaste dygnet."), _TOMORROW),
    limits.NO_GATEWAY: Withheld(_("Sms-leverantören svarar inte."), _("Vänta en stund och be om en ny kod.")),
}


def words(reason: str) -> Withheld | None:
    """What to say of a reason of ``accounts.limits``; None if it is none."""
    return _WORDS.get(reason)


def why_withheld(challenge: Challenge) -> Withheld | None:
    """Why the code that was asked for last was not sent; None if it was, or is on its way."""
    return None if challenge.purpose == Purpose.RESET else words(challenge.withheld)
