"""What accounts keeps of people: how long, under which keys, and how one person is found, shown and erased (Q1, X1)."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from celery.utils.functional import chunks
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from simple_history.utils import get_history_model_for_model

from accounts import audit, directory, limits
from accounts.limits import AUDIT_KEPT, BOUNCES_KEPT, CODES_KEPT, GONE_KEPT, PHONE_LINKS_KEPT
from accounts.models import (
    AuditEvent,
    Authenticator,
    BouncedAddress,
    Challenge,
    Company,
    EnrolmentCode,
    Event,
    FailedTry,
    Orderer,
    Phone,
    PhoneLink,
    PhoneRemoval,
    RecoveryCodes,
    SendQuota,
    SmsDay,
    StaffSession,
    TriesForgotten,
    User,
)
from accounts.phones.standing import IDS_AT_A_TIME
from accounts.privacy import person
from accounts.privacy.encryption import digest
from accounts.privacy.person import DataSubject, Held
from accounts.privacy.retention import encrypt_anew

HISTORY = get_history_model_for_model(Orderer)

ANYBODYS = (
    *(Event.CODE_REQUESTED, Event.CODE_WITHHELD, Event.CODE_REFUSED),
    *(Event.LOGIN_ATTEMPTED, Event.LOGIN_REFUSED),
    *(Event.LINK_REQUESTED, Event.LINK_WITHHELD, Event.LINK_REFUSED),
)


def purge(now: datetime) -> dict[str, int]:
    """Deletes what is past its time, and at last the people who are gone. Raises DirectoryError."""
    day_ago = now - CODES_KEPT
    old = {
        "challenges": Challenge.objects.filter(asked_at__lt=day_ago),
        "failed tries": FailedTry.objects.filter(at__lt=now - timedelta(seconds=limits.PASSWORD_TRIES_KEPT)),
        "bounced addresses": BouncedAddress.objects.filter(last_at__lt=now - BOUNCES_KEPT),
        # Not those that keep an account from a new number, until an agent decides (G7).
        "links of numbers": PhoneLink.objects.filter(made_at__lt=now - PHONE_LINKS_KEPT).exclude(
            blocks=True, user__phone=None
        ),
        "removals of numbers": PhoneRemoval.objects.filter(at__lt=now - AUDIT_KEPT),
        "tries forgotten": TriesForgotten.objects.filter(at__lt=now - timedelta(seconds=limits.DAY)),
        "days of SMS": SmsDay.objects.filter(day__lt=timezone.localdate() - timedelta(days=30)),
        "enrolment codes": EnrolmentCode.objects.filter(valid_until__lt=day_ago),
        "sessions of staff": StaffSession.objects.filter(began_at__lt=day_ago),
        "sessions": Session.objects.filter(expire_date__lt=now),
        "audit events": QuerySet(AuditEvent).filter(
            Q(actor="", subject="", event__in=ANYBODYS, at__lt=now - limits.NOBODYS_KEPT) | Q(at__lt=now - AUDIT_KEPT)
        ),
    }
    counts = {name: rows.delete()[0] for name, rows in old.items()}
    removed = PhoneRemoval.objects.filter(at__lt=now - limits.REMOVALS_WATCHED).exclude(number="")
    counts["removed numbers"] = removed.update(number="")
    counts["number quotas"] = _purge_quotas(day_ago.timestamp())
    # An orderer's earlier companies refer to its history without a constraint, and would stay.
    memberships = apps.get_model("accounts", "HistoricalOrderer_companies")
    memberships._default_manager.filter(history__history_date__lt=now - AUDIT_KEPT).delete()
    histories = (each.history.filter(history_date__lt=now - AUDIT_KEPT) for each in (Company, Orderer))
    counts["changes of the registers"] = sum(rows.delete()[0] for rows in histories)
    counts["people"] = _forget_the_gone(now)
    return counts


def _purge_quotas(before: float) -> int:
    deleted = 0
    for quota in SendQuota.objects.iterator():
        if max([*quota.sent, *quota.failed], default=0) < before:
            # Only if it is as it was read: a code may have been counted meanwhile.
            deleted += SendQuota.objects.filter(pk=quota.pk, sent=quota.sent, failed=quota.failed).delete()[0]
    return deleted


def _forget_the_gone(now: datetime) -> int:
    """Deletes the rows of people, with numbers, factors and keys, whose accounts have been gone for 30 days.

    Returns how many. Raises DirectoryError.
    """
    present = {account.id for account in directory.connect().accounts()}
    # No account at all means a wrong base or filter.
    if not present:
        return 0
    staff = directory.connect_staff()
    back: list[int] = []
    missing: list[int] = []
    for pk, directory_id, since in User.objects.values_list("pk", "directory_id", "missing_since").iterator():
        if directory_id in present:
            if since:
                back.append(pk)
        elif since is None and staff.get(directory_id) is None:  # staff may lie elsewhere
            missing.append(pk)
    for pks, at in ((back, None), (missing, now)):
        for some in chunks(iter(pks), IDS_AT_A_TIME):
            User.objects.filter(pk__in=some).update(missing_since=at)
    forgotten = 0
    for user in User.objects.filter(missing_since__lt=now - GONE_KEPT):
        if staff.get(user.directory_id) is None:
            _forget(user)
            forgotten += 1
    return forgotten


def _forget(user: User) -> None:
    with transaction.atomic():
        User.locked(user.directory_id)  # before the number, as everywhere
        if Phone.objects.filter(user=user).delete()[0]:
            audit.record(Event.PHONE_FORGOTTEN, user, result="account gone")
        audit.record(Event.PERSON_ERASED, user, result="account gone")
        user.delete()


def renew_keys() -> None:
    """Of everything but the numbers on file, which it opens: or it raises while nothing has changed."""
    for phone in Phone.objects.select_related("user").iterator():
        _ = phone.number
    encrypt_anew(Challenge, "username", "number")
    encrypt_anew(PhoneLink, "number", "old_number")
    encrypt_anew(PhoneRemoval, "number")
    encrypt_anew(Authenticator, "key")
    encrypt_anew(RecoveryCodes, "hash_key")  # so the codes on paper stay valid
    encrypt_anew(Orderer, "mobile")
    encrypt_anew(HISTORY, "mobile")


def renew_numbers() -> int:
    """Of the numbers on file, some at a time: a reset waits for the one that it sends a code to."""
    phones = Phone.objects.select_related("user")
    pks = list(phones.order_by("pk").values_list("pk", flat=True))
    for some in chunks(iter(pks), IDS_AT_A_TIME):
        with transaction.atomic():
            for phone in phones.filter(pk__in=some).select_for_update(of=("self",)):
                phone.number_digest = digest(phone.number, "number")
                phone.save(update_fields=["number", "number_digest"])
    return len(pks)


class UnknownPerson(Exception):
    """Neither the directory nor the portal knows the name, or several people had it."""


def find(name: str) -> DataSubject:
    """By user name or id; for an account that is gone, the last one that the portal saw; an orderer by address.

    Raises UnknownPerson, and DirectoryError if the directory can't tell.
    """
    account = directory.connect().find(name) or directory.connect_staff().find(name)
    if account:
        return DataSubject(account.id, account.username)
    seen = list(User.objects.filter(Q(directory_id=_id(name)) | Q(username__iexact=name)))
    if len(seen) == 1:
        return DataSubject(seen[0].directory_id, seen[0].username)
    if seen:
        ids = ", ".join(user.directory_id for user in seen)
        raise UnknownPerson(f"{name} was the user name of several people. Give one of their ids: {ids}")
    if orderer := Orderer.objects.filter(email__iexact=name).first():
        return DataSubject(f"orderer {orderer.pk}", orderer.name, orderer)
    raise UnknownPerson(f"Neither the directory nor the portal knows {name}.")


def _id(text: str) -> str:
    """The text as an immutable id; "" if it is none."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return ""


def export(subject: DataSubject) -> dict[str, Any]:
    """Every row about the person, by kind, as JSON has it. Leaves an audit event."""
    audit.record(Event.PERSON_EXPORTED, subject)
    return person.export(subject)


def erase(subject: DataSubject) -> dict[str, int]:
    """Takes the person out of everything but the trail; returns how many rows of each kind. All of it or nothing.

    An account that is still in the directory can register anew. Raises EraseRefused.
    """
    with transaction.atomic():
        User.locked(subject.id)
        counts = person.erase(subject)
        audit.record(Event.PERSON_ERASED, subject)
    return counts


def held(subject: DataSubject) -> Iterator[Held]:
    if subject.orderer:
        yield from _with_its_own("entry in the register", Orderer.objects.filter(pk=subject.orderer.pk))
        # After the entry: that it was deleted is a row of its history.
        yield Held("history of the register", HISTORY.objects.filter(id=subject.orderer.pk))
    else:
        yield Held("wrong tries", FailedTry.objects.filter(subject=subject.id))
        yield Held("tries forgotten", TriesForgotten.objects.filter(subject=subject.id))
        yield from _with_its_own("account", User.objects.filter(directory_id=subject.id))
    yield Held("trail", AuditEvent.objects.filter(Q(subject=subject.id) | Q(actor=subject.id)), None)


def _with_its_own(name: str, rows: QuerySet[Any]) -> Iterator[Held]:
    """The row, after all that would go along with it: number, links, codes, factors, keys."""
    for relation in rows.model._meta.related_objects:
        if relation.on_delete is models.CASCADE:
            its_own = relation.related_model._default_manager.filter(**{f"{relation.field.name}__in": rows})
            yield Held(str(relation.related_model._meta.verbose_name), its_own)
    yield Held(name, rows)
