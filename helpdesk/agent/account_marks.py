"""How an account stands, in words for an agent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.directory import Account, Expiry
from notifications.digests.thresholds import days_left, local_date


@dataclass(frozen=True, slots=True)
class AccountMark:
    """A word on how an account stands; ``tone``: "bad", "ok" or ""."""

    word: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Expiring:
    """When the password runs out or did, in words, and the day in Stockholm if there is one."""

    words: str
    day: date | None = None


def marks(account: Account, now: datetime) -> list[AccountMark]:
    """How an account stands, the gravest first; of one without trouble, that it is open."""
    found = []
    if account.protected:
        found.append(AccountMark(_("skyddat"), "bad"))
    if not account.enabled:
        found.append(AccountMark(_("avstängt"), "bad"))
    if account.locked:
        found.append(AccountMark(_("låst"), "bad"))
    if account.expires is Expiry.MUST_CHANGE:
        found.append(AccountMark(_("måste byta lösenord"), "bad"))
    elif isinstance(account.expires, datetime) and account.expires <= now:
        found.append(AccountMark(_("lösenordet har gått ut"), "bad"))
    return found or [AccountMark(_("öppet"), "ok")]


def expiry(account: Account, now: datetime) -> Expiring:
    """When the password runs out, or that it did."""
    if account.expires is Expiry.MUST_CHANGE:
        return Expiring(_("Måste bytas vid nästa inloggning"))
    if not isinstance(account.expires, datetime):
        return Expiring(_("Går aldrig ut"))
    day = local_date(account.expires)
    left = days_left(day, local_date(now))
    if account.expires <= now:
        ago = ngettext("Gick ut för %(count)d dag sedan", "Gick ut för %(count)d dagar sedan", -left)
        return Expiring(ago % {"count": -left} if left else _("Gick ut i dag"), day)
    to_come = ngettext("Går ut om %(count)d dag", "Går ut om %(count)d dagar", left)
    return Expiring(to_come % {"count": left} if left else _("Går ut i dag"), day)
