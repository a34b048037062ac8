"""The numbers on file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from accounts.encryption import digest
from accounts.models import Phone, User


def on_file(user: User) -> Phone | None:
    """The number on file."""
    return Phone.objects.filter(user=user).first()


def usable_numbers(account_ids: Iterable[str]) -> dict[str, str]:
    """The numbers (E.164) of the accounts, by the directory's ids, without those on hold (H4). In one query: no more
    ids than a database takes.
    """
    phones = Phone.objects.filter(user__directory_id__in=list(account_ids)).exclude(usable_from__gt=timezone.now())
    return {phone.user.directory_id: phone.number for phone in phones.select_related("user")}


def sharing(number: str) -> QuerySet[Phone]:
    """All that have this number (E.164)."""
    return Phone.objects.filter(number_digest=digest(number, "number"))


def others(user: User, number: str) -> int:
    """How many other accounts have this number (E.164)."""
    return sharing(number).exclude(user=user).count()


def is_crowded(user: User, number: str) -> bool:
    """Whether as many other accounts as allowed have this number (G5)."""
    return others(user, number) >= settings.LIMIT_ACCOUNTS_PER_NUMBER


def keep(phone: Phone, number: str, *, confirmed_at: datetime, usable_from: datetime | None = None) -> None:
    """Saves the number (E.164) with its digest. ``usable_from``: the end of a hold."""
    phone.number, phone.number_digest = number, digest(number, "number")
    phone.confirmed_at, phone.usable_from = confirmed_at, usable_from
    phone.save()
