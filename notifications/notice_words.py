"""What each notice says. ``notices`` fills in account, date, time, helpdesk and count, and sends it."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import limits
from notifications.models import Message

Purpose = Message.Purpose

YOURS = _("Om det var du behöver du inte göra något.")
NOT_YOURS = _("Om det inte var du kan någon annan ha tagit över ditt konto. Kontakta genast %(helpdesk)s.")
STOLEN = _(
    "Om det inte var du känner någon annan till ditt lösenord. Kontakta genast %(helpdesk)s, och byt lösenordet."
)


class Words(NamedTuple):
    """Of a mail. The subject says nothing of whose it is. ``times``: how often it happened, if told."""

    subject: Promise
    happened: Promise
    yours: Promise = YOURS
    not_yours: Promise = NOT_YOURS
    times: int = 0


WORDS: dict[Message.Purpose, Words] = {
    Purpose.PASSWORD_RESET: Words(
        _("Ditt lösenord har bytts"),
        _("Lösenordet för kontot %(account)s byttes den %(date)s kl. %(time)s."),
    ),
    Purpose.PHONE_REPLACED: Words(
        _("Ditt mobilnummer har ändrats"),
        _(
            "Mobilnumret för kontot %(account)s ändrades den %(date)s kl. %(time)s. "
            "Säkerhetskoder skickas nu till det nya numret."
        ),
    ),
    Purpose.PHONE_REGISTERED: Words(
        _("Ett mobilnummer har registrerats för ditt konto"),
        _(
            "Ett mobilnummer registrerades för kontot %(account)s den %(date)s kl. %(time)s. "
            "Säkerhetskoder skickas nu till det numret."
        ),
    ),
    Purpose.APP_CONNECTED: Words(
        _("En app har kopplats till ditt konto"),
        _(
            "En app för engångskoder kopplades till kontot %(account)s den %(date)s kl. %(time)s. "
            "Portalen frågar nu efter appens koder när du loggar in."
        ),
    ),
    Purpose.RECOVERY_CODES_MADE: Words(
        _("Nya återställningskoder har gjorts för ditt konto"),
        _(
            "Nya återställningskoder gjordes för kontot %(account)s den %(date)s kl. %(time)s. "
            "Tidigare koder gäller inte längre."
        ),
    ),
    Purpose.FACTOR_REMOVED: Words(
        _("Din app för engångskoder har nollställts"),
        _(
            "Appen och återställningskoderna för kontot %(account)s slutade gälla den %(date)s kl. %(time)s. "
            "Nästa gång du loggar in kopplar du en ny app."
        ),
        yours=_("Om du har bett om det behöver du inte göra något."),
        not_yours=_(
            "Om du inte har bett om det kan någon annan försöka ta över ditt konto. Kontakta genast %(helpdesk)s."
        ),
    ),
    Purpose.WRONG_CODES: Words(
        _("Fel kod har skrivits för ditt konto"),
        _(
            "Någon skrev rätt lösenord för kontot %(account)s men sedan fel kod, %(count)d gånger i rad. "
            "Den sista gången var den %(date)s kl. %(time)s."
        ),
        not_yours=STOLEN,
        times=limits.FACTOR_FAILURES_TOLD,
    ),
    Purpose.APP_STOPPED: Words(
        _("Inloggning med appens koder är stoppad"),
        _(
            "Någon skrev rätt lösenord för kontot %(account)s men sedan fel kod från appen, %(count)d gånger på ett "
            "dygn. Den sista gången var den %(date)s kl. %(time)s. Därför tar portalen inte emot appens koder på upp "
            "till ett dygn. Återställningskoderna stoppas inte av det."
        ),
        not_yours=STOLEN,
        times=limits.FACTOR_FAILURES_A_DAY,
    ),
    Purpose.RECOVERY_STOPPED: Words(
        _("Inloggning med återställningskoder är stoppad"),
        _(
            "Någon skrev rätt lösenord för kontot %(account)s men sedan fel återställningskod, %(count)d gånger på ett "
            "dygn. Den sista gången var den %(date)s kl. %(time)s. Därför tar portalen inte emot återställningskoder "
            "på upp till ett dygn. Appens koder stoppas inte av det."
        ),
        not_yours=STOLEN,
        times=limits.RECOVERY_FAILURES_A_DAY,
    ),
}
