"""The results of events in Swedish. The rows have fixed English words."""

import re

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from accounts import limits
from accounts.models import Company, Orderer

# Every result that the portal writes, alone or between commas.
RESULTS = {
    "account": _("kontots mejl"),
    "account disabled": _("kontot är avstängt"),
    "account gone": _("kontot är borta"),
    "account gone for 30 days": _("kontot har varit borta i 30 dagar"),
    "administrator": _("administratör"),
    "app": _("app"),
    "broken rules": _("bröt mot reglerna"),
    "busy": _("ett annat byte pågick"),
    "company": Company._meta.verbose_name,
    "common": _("vanligt lösenord"),
    "context": _("innehöll ett namn"),
    "directory unavailable": _("katalogen svarade inte"),
    "disabled": _("avstängt konto"),
    "disabled account": _("avstängt konto"),
    "expired": _("lösenordet har gått ut"),
    "found by number": _("hittat genom sitt nummer"),
    "history": _("använt tidigare"),
    "in history": _("använt tidigare"),
    "kinds": _("för få slags tecken"),
    "length": _("för kort"),
    "letters": _("otillåtna bokstäver"),
    "locked": _("låst"),
    "must change": _("måste byta lösenord"),
    "no gateway took it": _("ingen sms-leverantör tog emot det"),
    "no number": _("inget nummer"),
    "no role": _("ingen behörighet"),
    "no such account": _("kontot finns inte"),
    "not allowed": _("inte tillåtet"),
    "not verified": _("koden gällde inte längre"),
    "number on hold": _("numret är nyss kopplat av helpdesk"),
    "old number": _("det tidigare numret"),
    "orderer": Orderer._meta.verbose_name,
    "outcome not known": _("okänt om det gick"),
    "password changed": _("lösenordet har bytts"),
    "protected account": _("skyddat konto"),
    "recovery code": _("återställningskod"),
    "recovery codes": _("återställningskoder"),
    "register": _("registrera nummer"),
    "reset": _("byta lösenord"),
    "sign-in": _("logga in"),
    "stopped before lock-out": _("stoppad innan kontot låses"),
    "to be connected": _("ny app"),
    limits.TOO_MANY_FOR_ACCOUNT: _("för många koder för kontot"),
    limits.TOO_MANY_TO_NUMBER: _("för många koder till numret"),
    limits.TOO_MANY_WRONG_CODES: _("för många fel koder på ett dygn"),
    "too soon after a wrong code": _("för snart efter en fel kod"),
    "too weak": _("för svagt, sa katalogen"),
    "too young": _("det nuvarande är för nytt för att bytas"),
    "unavailable": _("katalogen svarade inte"),
    "username": _("innehöll användarnamnet"),
    "wrong": _("fel"),
}
_PATTERNS = {
    re.compile(r"(?P<count>\d+) rows"): _("%(count)s rader"),
    re.compile(r"(?P<count>.*\d) accounts"): _("%(count)s konton"),
    re.compile(r"(?P<count>\d+) mails"): _("%(count)s mejl"),
    re.compile(r"message (?P<count>\d+)"): _("meddelande nr %(count)s"),
    re.compile(r"(?P<what>.+) by gateway (?P<number>\d+)"): _("%(what)s, sms-leverantör %(number)s"),
}


def in_words(result: str, model: type[Model] | None) -> str:
    """A result as administrators read it. ``model``: the register of the event, if the result names its fields."""
    return ", ".join(_part(part, model) for part in result.split(", ")) if result else ""


def _part(part: str, model: type[Model] | None) -> str:
    if model:
        try:
            return str(model._meta.get_field(part).verbose_name)  # type: ignore[union-attr]  # no relation back
        except FieldDoesNotExist:
            return part
    for pattern, words in _PATTERNS.items():
        if found := pattern.fullmatch(part):
            return str(words % {name: RESULTS.get(value, value) for name, value in found.groupdict().items()})
    return str(RESULTS.get(part, part))
