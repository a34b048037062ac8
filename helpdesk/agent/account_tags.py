"""How an account stands, in words for an agent."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.directory import Account
from accounts.standing import PasswordStanding, PasswordState, password_standing
from helpdesk.tags import Tag


def tags(account: Account, now: datetime) -> list[Tag]:
    """What is wrong with an account, the gravest first; else that it is open."""
    state = password_standing(account.expires, now).state
    wrong = (
        (account.protected, _("skyddat")),
        (not account.enabled, _("avstängt")),
        (account.locked, _("låst")),
        (state is PasswordState.MUST_CHANGE, _("måste byta lösenord")),
        (state is PasswordState.EXPIRED, _("lösenordet har gått ut")),
    )
    return [Tag(word, "bad") for holds, word in wrong if holds] or [Tag(_("öppet"), "ok")]


def expiry_in_words(password: PasswordStanding) -> str:
    """When the password runs out, or that it has run out."""
    left = password.days_left
    if left is None:
        must_change = password.state is PasswordState.MUST_CHANGE
        return _("Måste bytas vid nästa inloggning") if must_change else _("Går aldrig ut")
    if password.works:
        to_come = ngettext("Går ut om %(count)d dag", "Går ut om %(count)d dagar", left)
        return to_come % {"count": left} if left else _("Går ut i dag")
    ago = ngettext("Gick ut för %(count)d dag sedan", "Gick ut för %(count)d dagar sedan", -left)
    return ago % {"count": -left} if left else _("Gick ut i dag")
