"""What counts against an account, an orderer or a number; and wiping that clean (security.md K1, K5).

A stranger who knows a user name can ask for codes to the owner's telephone and mistype them, until none go out for a
day. An agent wipes the counts for the owner.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import audit, limits
from accounts.directory import Account
from accounts.encryption import digest
from accounts.models import (
    Challenge,
    Event,
    FailedTry,
    Orderer,
    Phone,
    Purpose,
    SendQuota,
    SmsDay,
    TriesForgotten,
    User,
)
from accounts.models.codes import Owner

log = logging.getLogger("idportal.codes")

PURPOSES = (Purpose.RESET, Purpose.REGISTER)

_DAY = timedelta(seconds=limits.DAY)


def subject(owner: Owner, purpose: str) -> str:
    """The key under which wrong codes are counted: the directory's id; or "orderer", its key, and the purpose."""
    # By purpose, so that a stranger who burns an orderer's sign-in codes does not stop the helpdesk's check.
    return f"orderer {owner.pk} {purpose!s}" if isinstance(owner, Orderer) else owner.directory_id


def failures(subject: str) -> int:
    """Wrong codes of an account or an orderer (see ``subject``) in 24 hours, over all codes and sessions."""
    return FailedTry.count(subject, FailedTry.Secret.CODE, _DAY)


def refusal(challenge: Challenge, owner: Owner) -> str:
    """Why no code would go out now; "" if one would. Counts nothing: the task that sends it decides."""
    if failures(subject(owner, challenge.purpose)) >= limits.CODE_FAILURES_A_DAY:
        return limits.TOO_MANY_WRONG_CODES
    for key, most, why in _limits_of(challenge, owner):
        if not SendQuota.has_room(key, challenge.purpose, most):
            return why
    return "" if SmsDay.today() < limits.sms_today(challenge.purpose) else limits.TOO_MANY_SMS


def used_up(orderer: Orderer, purpose: Purpose) -> str:
    """Why no code for this purpose would go to the orderer now; "" if one would."""
    return refusal(Challenge(purpose=purpose, number=orderer.mobile), orderer)


def take(challenge: Challenge, owner: Owner) -> str:
    """Counts one more code against each of its limits, and returns ""; or against none, and says which is used up.

    Call it in a transaction.
    """
    if failures(subject(owner, challenge.purpose)) >= limits.CODE_FAILURES_A_DAY:
        return limits.TOO_MANY_WRONG_CODES
    quotas = []
    for key, most, why in _limits_of(challenge, owner):
        quotas.append(quota := SendQuota.locked(key, challenge.purpose))
        if not quota.allows(most):
            return why
    if not (sent := SmsDay.take(challenge.purpose)):
        if limits.sms_today(challenge.purpose) < settings.SMS_DAILY_LIMIT:
            log.error("no more codes to %s are sent today: their share of SMS_DAILY_LIMIT is used", challenge.purpose)
        else:
            log.error("the daily limit of SMS is reached: no more codes are sent today")
        return limits.TOO_MANY_SMS
    for quota in quotas:
        quota.count()
    if sent == limits.SMS_WARN_AT * settings.SMS_DAILY_LIMIT // 100:
        log.warning("%d %% of the daily limit of SMS is used", limits.SMS_WARN_AT)
    return ""


def _limits_of(challenge: Challenge, owner: Owner) -> Iterator[tuple[str, limits.Sends, str]]:
    """The limits of a code: the digest under which it is counted, how many are allowed, and the refusal."""
    yield digest(challenge.number, "number"), limits.SENDS, limits.TOO_MANY_TO_NUMBER
    # Other codes go to the one number on file. To register, they go to any number that is typed: strangers' too.
    if challenge.purpose == Purpose.REGISTER:
        account = digest(subject(owner, challenge.purpose), "account")
        yield account, limits.REGISTER_SENDS, limits.TOO_MANY_FOR_ACCOUNT


def give_back(challenge: Challenge, owner: Owner) -> None:
    """Uncounts a code that no gateway took, or an outage would use up the day's codes. The pauses stay."""
    with transaction.atomic():
        for key, _, _ in _limits_of(challenge, owner):
            SendQuota.give_back(key, challenge.purpose)


class NothingCounted(Exception):
    """Nothing was wiped: there was nothing to wipe."""


class TooOften(Exception):
    """Nothing was wiped: it was done ``limits.FORGOTTEN_A_DAY`` times in the last 24 hours."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of the last 24 hours. ``codes``, ``passwords``: wrong ones; ``sent``: codes to the number, to reset.

    ``no_codes_until``: no code to reset goes out before; None if one would now. ``forgotten``: how often the counts
    were wiped.
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
    tries = list(wrong.values_list("kind", "at"))
    codes = [at for kind, at in tries if kind == FailedTry.Secret.CODE]
    passwords = len(tries) - len(codes)
    sent: dict[str, list[datetime]] = {}
    for quota in _quotas(account):
        moments = (datetime.fromtimestamp(at, since.tzinfo) for at in quota.sent)
        sent[quota.purpose] = [at for at in moments if at > since]
    to_reset = sent.get(Purpose.RESET, [])
    full = [_room_at(codes, limits.CODE_FAILURES_A_DAY), _room_at(to_reset, limits.SENDS[-1][0])]
    return Counted(
        codes=len(codes),
        passwords=passwords,
        sent=len(to_reset),
        anything=bool(codes or passwords or any(sent.values())),
        no_codes_until=max((at for at in full if at), default=None),
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
        for quota in _quotas(account, locked=True):
            # The row stays: ``phones.register`` locks it.
            quota.sent, quota.failed = [], []
            quota.save(update_fields=["sent", "failed"])
        TriesForgotten.objects.create(subject=account.id)
        audit.record(Event.TRIES_FORGOTTEN, account, actor=actor, address=address)


def _wrong(account: Account) -> QuerySet[FailedTry]:
    """Wrong codes, and passwords that the directory has said no to."""
    password = Q(kind=FailedTry.Secret.PASSWORD, answered=True)
    return FailedTry.objects.filter(Q(kind=FailedTry.Secret.CODE) | password, subject=account.id)


def _quotas(account: Account, *, locked: bool = False) -> list[SendQuota]:
    """The quotas of the account's own number. Not the account's quota for numbers that it registers."""
    numbers = Phone.objects.filter(user__directory_id=account.id).values_list("number_digest", flat=True)
    found = SendQuota.objects.filter(digest__in=list(numbers), purpose__in=PURPOSES).order_by("pk")
    return list(found.select_for_update() if locked else found)


def _room_at(times: list[datetime], most: int) -> datetime | None:
    """When fewer than ``most`` of these moments, in order, are younger than a day; None if that is so now."""
    return times[-most] + _DAY if len(times) >= most else None
