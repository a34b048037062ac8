"""How long things are kept (security.md Q1), and the renewal of keys (X1)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from celery.utils.functional import chunks
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.utils import timezone
from simple_history.utils import get_history_model_for_model

from accounts import audit, directory, limits, models
from accounts.encryption import digest, sealed
from accounts.limits import AUDIT_KEPT, BOUNCES_KEPT, CODES_KEPT, GONE_KEPT, PHONE_LINKS_KEPT
from accounts.standing import IDS_AT_A_TIME

# The parts of other apps, which register them.
Purge = Callable[[datetime], dict[str, int]]
_purges: list[Purge] = []
_renewals: list[Callable[[], None]] = []


ANYBODYS = (
    *(models.Event.CODE_REQUESTED, models.Event.CODE_WITHHELD, models.Event.CODE_REFUSED),
    *(models.Event.LOGIN_ATTEMPTED, models.Event.LOGIN_REFUSED),
    *(models.Event.LINK_REQUESTED, models.Event.LINK_WITHHELD, models.Event.LINK_REFUSED),
)


def register(purge: Purge, renew_keys: Callable[[], None]) -> None:
    """Adds another app's rows to the verbs below, with their promises. ``purge`` takes the present time."""
    _purges.append(purge)
    _renewals.append(renew_keys)


def purge() -> dict[str, int]:
    """Deletes rows past their time; returns how many of each kind. Safe to repeat.

    Raises DirectoryError if the directory can't tell which accounts are gone; only their rows are left then.
    """
    now = timezone.now()
    day_ago = now - CODES_KEPT
    old = {
        "challenges": models.Challenge.objects.filter(asked_at__lt=day_ago),
        "failed tries": models.FailedTry.objects.filter(at__lt=now - timedelta(seconds=limits.PASSWORD_TRIES_KEPT)),
        "bounced addresses": models.BouncedAddress.objects.filter(last_at__lt=now - BOUNCES_KEPT),
        "links of numbers": _old_links(now),
        "removals of numbers": models.PhoneRemoval.objects.filter(at__lt=now - AUDIT_KEPT),
        "tries forgotten": models.TriesForgotten.objects.filter(at__lt=now - timedelta(seconds=limits.DAY)),
        "days of SMS": models.SmsDay.objects.filter(day__lt=timezone.localdate() - timedelta(days=30)),
        "enrolment codes": models.EnrolmentCode.objects.filter(valid_until__lt=day_ago),
        "sessions of staff": models.StaffSession.objects.filter(began_at__lt=day_ago),
        "sessions": Session.objects.filter(expire_date__lt=now),
    }
    counts = {name: rows.delete()[0] for name, rows in old.items()}
    removed = models.PhoneRemoval.objects.filter(at__lt=now - limits.REMOVALS_WATCHED).exclude(number="")
    counts["removed numbers"] = removed.update(number="")
    counts["number quotas"] = _purge_quotas(day_ago.timestamp())
    nobodys = Q(actor="", subject="", event__in=ANYBODYS, at__lt=now - limits.NOBODYS_KEPT)
    counts["audit events"] = QuerySet(models.AuditEvent).filter(nobodys | Q(at__lt=now - AUDIT_KEPT)).delete()[0]
    # An orderer's earlier companies refer to its history without a constraint, and would stay.
    memberships = apps.get_model("accounts", "HistoricalOrderer_companies")
    memberships._default_manager.filter(history__history_date__lt=now - AUDIT_KEPT).delete()
    histories = (each.history.filter(history_date__lt=now - AUDIT_KEPT) for each in (models.Company, models.Orderer))
    counts["changes of the registers"] = sum(rows.delete()[0] for rows in histories)
    for others in _purges:
        counts |= others(now)
    counts["people"] = _forget_the_gone(now)
    return counts


def _old_links(now: datetime) -> QuerySet[models.PhoneLink]:
    """Not those that keep an account from a new number, until an agent decides (G7)."""
    old = models.PhoneLink.objects.filter(made_at__lt=now - PHONE_LINKS_KEPT)
    return old.exclude(blocks=True, user__phone=None)


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
    for pk, directory_id, since in models.User.objects.values_list("pk", "directory_id", "missing_since").iterator():
        if directory_id in present:
            if since:
                back.append(pk)
        elif since is None and staff.get(directory_id) is None:  # staff may lie elsewhere
            missing.append(pk)
    for pks, at in ((back, None), (missing, now)):
        for some in chunks(iter(pks), IDS_AT_A_TIME):
            models.User.objects.filter(pk__in=some).update(missing_since=at)
    forgotten = 0
    for user in models.User.objects.filter(missing_since__lt=now - GONE_KEPT):
        if staff.get(user.directory_id) is None:
            _forget(user)
            forgotten += 1
    return forgotten


def _forget(user: models.User) -> None:
    with transaction.atomic():
        models.User.locked(user.directory_id)  # before the number, as everywhere
        if models.Phone.objects.filter(user=user).delete()[0]:
            audit.record(models.Event.PHONE_FORGOTTEN, user, result="account gone")
        audit.record(models.Event.PERSON_ERASED, user, result="account gone")
        user.delete()


def _purge_quotas(before: float) -> int:
    deleted = 0
    for quota in models.SendQuota.objects.iterator():
        if max([*quota.sent, *quota.failed], default=0) < before:
            # Only if it is as it was read: a code may have been counted meanwhile.
            deleted += models.SendQuota.objects.filter(pk=quota.pk, sent=quota.sent, failed=quota.failed).delete()[0]
    return deleted


def renew_keys() -> int:
    """Encrypts everything with the newest key, and digests the numbers anew; returns how many numbers.

    Raises cryptography.fernet.InvalidToken, and changes nothing, if no present key opens a number. The numbers change
    some at a time: a reset waits for the one that it sends a code to.
    """
    phones = models.Phone.objects.select_related("user")
    pks = list(phones.order_by("pk").values_list("pk", flat=True))
    with transaction.atomic():
        for some in chunks(iter(pks), IDS_AT_A_TIME):
            for phone in phones.filter(pk__in=some):
                _ = phone.number  # opens it, or raises while nothing has changed
        encrypt_anew(models.Challenge, "username", "number")
        encrypt_anew(models.PhoneLink, "number", "old_number")
        encrypt_anew(models.PhoneRemoval, "number")
        encrypt_anew(models.Authenticator, "key")
        encrypt_anew(models.RecoveryCodes, "hash_key")  # so the codes on paper stay valid
        encrypt_anew(models.Orderer, "mobile")
        encrypt_anew(get_history_model_for_model(models.Orderer), "mobile")
        for renew in _renewals:
            renew()
    for some in chunks(iter(pks), IDS_AT_A_TIME):
        with transaction.atomic():
            for phone in phones.filter(pk__in=some).select_for_update(of=("self",)):
                phone.number_digest = digest(phone.number, "number")
                phone.save(update_fields=["number", "number_digest"])
    return len(pks)


def encrypt_anew(model: type[Model], *fields: str) -> None:
    """Writes just these fields of each row, past ``save`` and its history. Raises cryptography.fernet.InvalidToken."""
    rows: QuerySet[Any] = QuerySet(model)
    owners = {owner for name in fields for owner in rows.model._meta.get_field(name).owners()}
    for row in list(rows.select_related(*owners).select_for_update(of=("self",))):
        rows.filter(pk=row.pk).update(**sealed(row, *fields))
