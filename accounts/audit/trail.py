"""Writing the audit trail (security.md L1), and its results in words."""

import logging
import re
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Protocol

from django.core.exceptions import FieldDoesNotExist
from django.db import transaction
from django.db.models import Model, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import limits
from accounts.models import AuditEvent, Company, Event, Orderer, User
from idportal.runtime import written_sql

log = logging.getLogger("idportal.audit")


class NamedAccount(Protocol):
    """A directory account, as far as the trail names it. The trail knows no directory."""

    @property
    def id(self) -> str: ...

    @property
    def username(self) -> str: ...

    @property
    def company(self) -> str: ...


Subject = NamedAccount | User | Company | Orderer | None
NewEvent = AuditEvent  # to be added, and not to be read


def record(
    event: Event, subject: Subject = None, *, actor: Subject = None, result: str = "", address: str | None = None
) -> None:
    """Adds one event, in the transaction of the change. ``result``: words of the portal's own, never a person's."""
    add(new_event(event, subject, actor=actor, result=result, address=address))


def new_event(
    event: Event, subject: Subject = None, *, actor: Subject = None, result: str = "", address: str | None = None
) -> NewEvent:
    """The event as ``record`` adds it."""
    return AuditEvent(
        event=event,
        actor=_id(actor),
        subject=_id(subject),
        subject_name=_name(subject),
        company=_company(subject)[:256],
        result=result,
        address=address,
    )


def add(*events: NewEvent) -> None:
    """Adds events in one statement, in the transaction of the change.

    Once they are committed each is a line of the log too, of which a log system elsewhere keeps a copy (L3): with ids,
    and without names.
    """
    written_sql.add(*events)
    for event in events:
        told = {"event": event.pk, **{name: getattr(event, name) for name in _TOLD}}
        transaction.on_commit(partial(log.info, str(event.event), extra=told))


_TOLD = ("actor", "subject", "company", "result", "address")


def record_unless_recent(
    event: Event, subjects: Sequence[Subject], within: timedelta, *, actor: User, result: str, address: str | None
) -> None:
    """Adds one event for each subject, but none that is in the trail already, alike, from the time ``within``."""
    same = AuditEvent.objects.filter(event=event, actor=_id(actor), result=result, at__gt=timezone.now() - within)
    recent = set(same.filter(subject__in=list(map(_id, subjects))).values_list("subject", flat=True))
    for subject in subjects:
        if _id(subject) not in recent:
            record(event, subject, actor=actor, result=result, address=address)


def record_search(found: str, *, actor: Subject, subject: Subject = None, address: str | None) -> None:
    """Adds the one event of a search for people (H11). ``found``: where, and how many rows.

    The text that was typed is not kept: it may be a password in the wrong field. ``subject``: the only person who was
    found, or whom the text names (``named``).
    """
    record(Event.PEOPLE_SEARCHED, subject, actor=actor, result=found, address=address)


def named(text: str) -> Subject:
    """The account or orderer whose whole user name, name or address a text is; None for any other text."""
    text = text.strip()
    user = User.objects.filter(username__in={text, text.lower()}).order_by("-pk").first() if text else None
    if user or not text:
        return user
    return Orderer.objects.filter(Q(name__iexact=text) | Q(email__iexact=text)).order_by("pk").first()


def username_of(field: str) -> Coalesce:
    """For a query of events: the last known user name of the account whose id the field has, or an orderer's name.

    Whose row is gone has the name of an event: who did something stays known for as long as the trail.
    """
    known = User.objects.filter(directory_id=OuterRef(field)).values("username")[:1]
    named = AuditEvent.objects.filter(subject=OuterRef(field)).exclude(subject_name="").values("subject_name")[:1]
    return Coalesce(Subquery(known), Subquery(named))


def _id(who: Subject) -> str:
    if who is None:
        return ""
    if isinstance(who, (Company, Orderer)):
        return f"{who._meta.model_name} {who.pk}"
    return who.directory_id if isinstance(who, User) else who.id


def _name(who: Subject) -> str:
    if isinstance(who, Orderer):
        return who.name
    return "" if who is None or isinstance(who, Company) else who.username


def _company(who: Subject) -> str:
    if isinstance(who, Orderer):
        return ", ".join(sorted(company.name for company in who.companies.all())) if who.pk else ""
    if isinstance(who, Company):
        return who.name
    return "" if who is None or isinstance(who, User) else who.company


# Every result that the portal writes, alone or between commas, in Swedish.
RESULTS = {
    "account": _("kontots mejl"),
    "account disabled": _("kontot är avstängt"),
    "account gone": _("kontot är borta"),
    "account gone for 30 days": _("kontot är borta"),  # of earlier releases
    "accounts": _("konton"),
    "administrator": _("administratör"),
    "app": _("app"),
    "auditevent": _("loggen"),
    "authenticator": _("tvåstegsverifiering"),
    "breached": _("fanns i en lista över läckta"),
    "broken rules": _("bröt mot reglerna"),
    "callers": _("beställare"),
    "busy": _("ett annat byte pågick"),
    "company": Company._meta.verbose_name,
    "common": _("vanligt lösenord"),
    "context": _("innehöll ett namn"),
    limits.CONTACT_WAITS: _("nya kontaktuppgifter, inte bekräftade"),
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
    "message": _("meddelanden"),
    "must change": _("måste byta lösenord"),
    limits.NO_GATEWAY: _("ingen sms-leverantör tog emot det"),
    "no number": _("inget nummer"),
    "no role": _("ingen behörighet"),
    "no valid code": _("ingen kod som gäller"),
    "no such account": _("kontot finns inte"),
    "not allowed": _("inte tillåtet"),
    "not verified": _("koden gällde inte längre"),
    "number on hold": _("numret är nytt"),
    "old number": _("det tidigare numret"),
    "orderer": Orderer._meta.verbose_name,
    "outcome not known": _("okänt om det gick"),
    "passkey": "passkey",
    "passkeys only": _("bara passkeys gäller"),
    "password changed": _("lösenordet har bytts"),
    "password tried on many accounts": _("samma lösenord på många konton"),
    "protected account": _("skyddat konto"),
    "queue": _("ärenden"),
    "recovery code": _("återställningskod"),
    "recovery codes": _("återställningskoder"),
    "register": _("registrera nummer"),
    "reset": _("byta lösenord"),
    "sign-in": _("logga in"),
    "stopped before lock-out": _("stoppad innan kontot låses"),
    "to be connected": _("ny app"),
    limits.TOO_MANY_FOR_ACCOUNT: _("för många koder för kontot"),
    limits.TOO_MANY_SMS: _("dagens alla sms är slut"),
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
    re.compile(r"(?P<count>\d+) failures"): _("%(count)s misslyckade på tio minuter"),
    re.compile(r"message (?P<count>\d+)"): _("meddelande nr %(count)s"),
    re.compile(r"mail in (?P<number>[\d-]+)"): _("mejl i ärende %(number)s"),
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
