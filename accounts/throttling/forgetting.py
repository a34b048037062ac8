"""What is counted against an account, for an agent to look at and to clear (security.md D1)."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import audit, limits
from accounts.directory import Account
from accounts.models import Event, FailedTry, Phone, Purpose, SendQuota, TriesForgotten, User
from accounts.throttling import counts

Secret = FailedTry.Secret

_DAY = timedelta(seconds=limits.DAY)
_PURPOSES = (Purpose.RESET, Purpose.REGISTER)


class NothingCounted(Exception):
    """Nothing was wiped: there was nothing to wipe."""


class TooOften(Exception):
    """Nothing was wiped: it was done ``limits.FORGOTTEN_A_DAY`` times in the last 24 hours."""


@dataclass(frozen=True, slots=True)
class ResetCount:
    """Of the last 24 hours: wrong codes to reset, and codes sent. ``no_codes_until``: None if one would go out now."""

    codes: int
    sent: int
    no_codes_until: datetime | None


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of the last 24 hours: to reset, of strange browsers and of known ones; and wrong ones of other kinds.

    ``registering``: wrong codes to register, or to sign in. ``forgotten``: how often the counts were wiped.
    """

    strange: ResetCount
    known: ResetCount
    registering: int
    passwords: int
    anything: bool
    forgotten: int

    @property
    def may_forget(self) -> bool:
        return self.anything and self.forgotten < limits.FORGOTTEN_A_DAY


def for_account(account: Account) -> Counted:
    """What counts against the account now."""
    since = timezone.now() - _DAY
    tries = list(_wrong(account).filter(at__gt=since).order_by("at"))
    of_kind = Counter(each.kind for each in tries)
    sent: dict[tuple[bool, str], list[datetime]] = {}
    for known, quota in _quotas(account):
        moments = (datetime.fromtimestamp(at, since.tzinfo) for at in quota.sent)
        sent[known, quota.purpose] = [at for at in moments if at > since]

    def to_reset(known: bool) -> ResetCount:
        codes = [each.at for each in tries if each.kind == Secret.CODE and each.known == known]
        mine = sent.get((known, Purpose.RESET), [])
        full = [_room_at(codes, limits.CODE_FAILURES_A_DAY), _room_at(mine, limits.SENDS[-1][0])]
        return ResetCount(len(codes), len(mine), max((at for at in full if at), default=None))

    return Counted(
        strange=to_reset(known=False),
        known=to_reset(known=True),
        registering=of_kind[Secret.REGISTER] + of_kind[Secret.SIGN_IN],
        passwords=of_kind[Secret.PASSWORD],
        anything=bool(tries or any(sent.values())),
        forgotten=TriesForgotten.objects.filter(subject=account.id, at__gt=since).count(),
    )


def forget_tries(account: Account, *, actor: User, address: str | None) -> None:
    """Wipes the account's wrong codes and passwords, and the codes counted for its number; leaves an audit event.

    Raises NothingCounted, TooOften. Passwords that are tried at this moment stay counted (T3).
    """
    with transaction.atomic():
        # The account first, as everywhere a code is counted: of two agents at the same moment, one finds nothing left.
        User.locked(account.id)
        counted = for_account(account)
        if not counted.anything:
            raise NothingCounted
        if not counted.may_forget:
            raise TooOften
        _wrong(account).delete()
        for _known, quota in _quotas(account, locked=True):
            # The row stays: ``phones.register`` locks it.
            quota.sent, quota.failed = [], []
            quota.save(update_fields=["sent", "failed"])
        TriesForgotten.objects.create(subject=account.id)
        audit.record(Event.TRIES_FORGOTTEN, account, actor=actor, address=address)


def _wrong(account: Account) -> QuerySet[FailedTry]:
    """Wrong codes, and passwords that the directory has said no to."""
    codes = Q(kind__in=[counts.kind(purpose) for purpose in Purpose])
    return FailedTry.objects.filter(codes | Q(kind=Secret.PASSWORD, answered=True), subject=account.id)


def _quotas(account: Account, *, locked: bool = False) -> list[tuple[bool, SendQuota]]:
    """The quotas of the account's own number, each with whether it is that of known browsers.

    Not the account's quota for numbers that it registers.
    """
    phone = Phone.objects.select_related("user").filter(user__directory_id=account.id).first()
    keys = {counts.number_key(phone.number, known): known for known in (False, True)} if phone else {}
    found = SendQuota.objects.filter(digest__in=list(keys), purpose__in=_PURPOSES).order_by("pk")
    return [(keys[quota.digest], quota) for quota in (found.select_for_update() if locked else found)]


def _room_at(times: list[datetime], most: int) -> datetime | None:
    """When fewer than ``most`` of these moments, in order, are younger than a day; None if that is so now."""
    return times[-most] + _DAY if len(times) >= most else None
