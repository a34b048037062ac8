"""The words of the audit trail in Swedish: its rows keep the portal's own, which never change."""

from __future__ import annotations

import re

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, Event, Orderer

EVENTS = {
    Event.LOGIN_ATTEMPTED: _("Inloggning: försök"),
    Event.LOGIN_DONE: _("Inloggning: klar"),
    Event.LOGIN_REFUSED: _("Inloggning: nekad"),
    Event.LOGGED_OUT: _("Utloggning"),
    Event.CODE_REQUESTED: _("Kod: begärd"),
    Event.CODE_WITHHELD: _("Kod: skickas inte"),
    Event.CODE_ATTEMPTED: _("Kod: på väg"),
    Event.CODE_SENT: _("Kod: skickad"),
    Event.CODE_NOT_SENT: _("Kod: gick inte att skicka"),
    Event.CODE_ACCEPTED: _("Kod: godkänd"),
    Event.CODE_REFUSED: _("Kod: fel"),
    Event.PHONE_CONFIRMED: _("Mobilnummer: kontrollerat"),
    Event.PHONE_REGISTERED: _("Mobilnummer: registrerat"),
    Event.PHONE_REPLACED: _("Mobilnummer: ändrat"),
    Event.PHONE_FORGOTTEN: _("Mobilnummer: raderat"),
    Event.PASSWORD_ATTEMPTED: _("Lösenord: försök att byta"),
    Event.PASSWORD_DONE: _("Lösenord: bytt"),
    Event.PASSWORD_REFUSED: _("Lösenord: byte nekat"),
    Event.SESSIONS_ENDED: _("Utloggad överallt"),
    Event.SECOND_FACTOR_ADDED: _("Andra faktor: tillagd"),
    Event.SECOND_FACTOR_ACCEPTED: _("Andra faktor: godkänd"),
    Event.SECOND_FACTOR_REFUSED: _("Andra faktor: nekad"),
    Event.SECOND_FACTOR_REMOVED: _("Andra faktor: borttagen"),
    Event.ROLE_ENDED: _("Behörighet: slut"),
    Event.COMPANY_ADDED: _("Företag: tillagt"),
    Event.COMPANY_CHANGED: _("Företag: ändrat"),
    Event.COMPANY_REMOVED: _("Företag: borttaget"),
    Event.RECIPIENTS_CHANGED: _("Företag: mottagare ändrade"),
    Event.ORDERER_ADDED: _("Beställare: tillagd"),
    Event.ORDERER_CHANGED: _("Beställare: ändrad"),
    Event.ORDERER_REMOVED: _("Beställare: borttagen"),
    Event.REGISTER_EXPORTED: _("Register: exporterat"),
    Event.DIGEST_ATTEMPTED: _("Lösenordsmejlet: försök"),
    Event.DIGEST_DONE: _("Lösenordsmejlet: klart"),
    Event.MESSAGE_SENT_AGAIN: _("Meddelande: skickas igen"),
    Event.DIGEST_TAKEN_BACK: _("Lösenordsmejlet: körningen räknas inte"),
    Event.LINK_REQUESTED: _("Inloggningslänk: begärd"),
    Event.LINK_WITHHELD: _("Inloggningslänk: skickas inte"),
    Event.LINK_SENT: _("Inloggningslänk: skickad"),
    Event.LINK_REFUSED: _("Inloggningslänk: gäller inte"),
    Event.PHONE_LINKED: _("Mobilnummer: kopplat av helpdesk"),
    Event.PHONE_LINK_STOPPED: _("Mobilnummer: koppling stoppad"),
    Event.PHONE_REMOVED: _("Mobilnummer: borttaget av helpdesk"),
    Event.TICKET_OPENED: _("Ärende: öppnat"),
    Event.TICKET_MAILED: _("Ärende: mejl tillagt"),
    Event.TICKET_COMPLETED: _("Ärende: uppgifterna ändrade"),
    Event.TICKET_TAKEN: _("Ärende: taget"),
    Event.TICKET_GIVEN_BACK: _("Ärende: lämnat tillbaka"),
    Event.TICKET_VERIFIED: _("Ärende: beställaren kontrollerad"),
    Event.TICKET_APPROVED: _("Ärende: godkänt och utfört"),
    Event.TICKET_NOT_CARRIED_OUT: _("Ärende: gick inte att utföra"),
    Event.TICKET_REJECTED: _("Ärende: avslaget"),
    Event.TICKET_WITHDRAWN: _("Ärende: återtaget"),
    Event.RECIPIENT_CONFIRMED: _("Mottagare: bekräftad"),
    Event.STAFF_EXPORTED: _("Personallista: hämtad"),
    Event.ACCOUNT_LOOKED_UP: _("Konto: visat i helpdesk"),
    Event.ACCOUNT_UNLOCKED: _("Konto: upplåst"),
    Event.TRIES_FORGOTTEN: _("Konto: felräkning nollställd"),
    Event.FIGURES_EXPORTED: _("Statistik: hämtad"),
}

# Every result that the portal writes whole, or as one of several words with commas between.
RESULTS = {
    "account": _("kontots mejl"),
    "account disabled": _("kontot är avstängt"),
    "account gone": _("kontot är borta"),
    "account gone for 30 days": _("kontot har varit borta i 30 dagar"),
    "administrator": _("administratör"),
    "app": _("app"),
    "broken rules": _("bröt mot reglerna"),
    "busy": _("ett annat byte pågick"),
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
    "too many codes for this account": _("för många koder för kontot"),
    "too many codes to this number": _("för många koder till numret"),
    "too many wrong codes in a day": _("för många fel koder på ett dygn"),
    "too soon after a wrong code": _("för snart efter en fel kod"),
    "too weak": _("för svagt, sa katalogen"),
    "too young": _("det nuvarande är för nytt för att bytas"),
    "unavailable": _("katalogen svarade inte"),
    "username": _("innehöll användarnamnet"),
    "wrong": _("fel"),
}
_GATEWAY = re.compile(r"(.+) by gateway (\d+)")
_COUNTS = {
    re.compile(r"(\d+) rows"): _("%(count)s rader"),
    re.compile(r"(.*\d) accounts"): _("%(count)s konton"),
    re.compile(r"(\d+) mails"): _("%(count)s mejl"),
    re.compile(r"message (\d+)"): _("meddelande nr %(count)s"),
}


def in_words(result: str, model: type[Model] | None) -> str:
    """A result as administrators read it; what has no words here is shown as it is.

    ``model``: whose fields are named, if the event is about one of the registers.
    """
    return ", ".join(_part(part, model) for part in result.split(", ")) if result else ""


def _part(part: str, model: type[Model] | None) -> str:
    if model:
        try:
            return str(model._meta.get_field(part).verbose_name)  # type: ignore[union-attr]  # no relation back
        except FieldDoesNotExist:
            return part
    if part in ("company", "orderer"):
        return str({"company": Company, "orderer": Orderer}[part]._meta.verbose_name)
    for pattern, words in _COUNTS.items():
        if found := pattern.fullmatch(part):
            return str(words % {"count": found[1]})
    if found := _GATEWAY.fullmatch(part):
        return str(
            _("%(what)s, sms-leverantör %(number)s") % {"what": RESULTS.get(found[1], found[1]), "number": found[2]}
        )
    return str(RESULTS.get(part, part))
