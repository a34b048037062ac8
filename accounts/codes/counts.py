"""What was counted against an account, and wiping that clean for somebody whom another has burnt out (K1, K5).

Whoever knows a user name can ask for codes to its owner's telephone and mistype them, until none go out for a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import audit, limits
from accounts.directory import Account
from accounts.models import Event, FailedTry, Phone, Purpose, SendQuota, TriesForgotten, User

PURPOSES = (Purpose.RESET, Purpose.REGISTER)

_DAY = timedelta(seconds=limits.DAY)


class NotForgotten(Exception):
    """Nothing was wiped."""


class NothingCounted(NotForgotten):
    """There is nothing to wipe."""


class TooOften(NotForgotten):
    """It was done ``limits.FORGOTTEN_A_DAY`` times in the last 24 hours."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Of the last 24 hours. ``codes``, ``passwords``: wrong ones; ``sent``: codes to the number, to reset.

    ``no_codes_until``: no code to reset goes out before; None if one would now. ``forgotten``: how often it was wiped.
    """

    codes: int
    passwords: int
    sent: int
    anything: bool
    no_codes_until: datetime | None
    forgotten: int

    @property
    def may_forget(self) -> bool:
        return self.anything and self.forgotten < limits.FORGOTTEN_A_DAY


def for_account(account: Account) -> Counted:
    """What counts against the account now."""
    since = timezone.now() - _DAY
    wrong = _wrong(account).filter(at__gt=since).order_by("at")
    times: dict[str, list[datetime]] = {FailedTry.Secret.CODE: [], FailedTry.Secret.PASSWORD: []}
    for kind, at in wrong.values_list("kind", "at"):
        times[kind].append(at)
    sent: dict[str, list[datetime]] = {}
    for quota in _quotas(account):
        moments = (datetime.fromtimestamp(at, since.tzinfo) for at in quota.sent)
        sent[quota.purpose] = [at for at in moments if at > since]
    to_reset = sent.get(Purpose.RESET, [])
    codes, passwords = times[FailedTry.Secret.CODE], times[FailedTry.Secret.PASSWORD]
    full = [_room_at(codes, limits.CODE_FAILURES_A_DAY), _room_at(to_reset, limits.SENDS[-1][0])]
    return Counted(
        codes=len(codes),
        passwords=len(passwords),
        sent=len(to_reset),
        anything=bool(codes or passwords or any(sent.values())),
        no_codes_until=max((at for at in full if at), default=None),
        forgotten=TriesForgotten.objects.filter(subject=account.id, at__gt=since).count(),
    )


def forget_tries(account: Account, *, actor: User, address: str | None) -> None:
    """Wipes the account's wrong codes and passwords, and what its number has used up of codes, with their trail.

    Raises NothingCounted, TooOften. Passwords that are being tried at this moment stay counted (T3).
    """
    with transaction.atomic():
        # The account first, as wherever a code is counted: of two who press at once, one finds nothing left.
        User.objects.select_for_update().filter(directory_id=account.id).first()
        counted = for_account(account)
        if not counted.anything:
            raise NothingCounted
        if not counted.may_forget:
            raise TooOften
        _wrong(account).delete()
        for quota in _quotas(account, locked=True):
            # The row stays: others wait for each other at it (accounts.phones.register).
            quota.sent, quota.failed = [], []
            quota.save(update_fields=["sent", "failed"])
        TriesForgotten.objects.create(subject=account.id)
        audit.record(Event.TRIES_FORGOTTEN, account, actor=actor, address=address)


def _wrong(account: Account) -> QuerySet[FailedTry]:
    """Wrong codes, and passwords that the directory has said no to."""
    password = Q(kind=FailedTry.Secret.PASSWORD, answered=True)
    return FailedTry.objects.filter(Q(kind=FailedTry.Secret.CODE) | password, subject=account.id)


def _quotas(account: Account, *, locked: bool = False) -> list[SendQuota]:
    """What its number has used up. Nobody else's number, and not what the account may send to strangers'."""
    numbers = Phone.objects.filter(user__directory_id=account.id).values_list("number_digest", flat=True)
    found = SendQuota.objects.filter(digest__in=list(numbers), purpose__in=PURPOSES).order_by("pk")
    return list(found.select_for_update() if locked else found)


def _room_at(times: list[datetime], most: int) -> datetime | None:
    """When fewer than ``most`` of these moments, in order, are younger than a day; None if that is so now."""
    return times[-most] + _DAY if len(times) >= most else None
