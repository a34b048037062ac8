"""What every room keeps: deleted when its time is past (security.md Q1), and encrypted with a new key (X1).

The rooms register their parts when the portal starts. What registers later stands on what registered earlier, so its
part comes first.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from accounts.privacy.encryption import sealed

Purge = Callable[[datetime], dict[str, int]]
Renewal = Callable[[], object]
_purges: list[Purge] = []
_renewals: list[Renewal] = []
_renewals_in_steps: list[Callable[[], int]] = []


def register(purge: Purge, renew_keys: Renewal, renew_in_steps: Callable[[], int] | None = None) -> None:
    """Adds the rows of a room to the verbs below, with their promises.

    ``purge`` takes the present time and returns how many rows of each kind it deleted. ``renew_keys`` runs in one
    transaction with all others. ``renew_in_steps`` comes after it, commits by itself, and returns how many numbers it
    encrypted: for rows that somebody may be waiting for.
    """
    _purges.append(purge)
    _renewals.append(renew_keys)
    if renew_in_steps:
        _renewals_in_steps.append(renew_in_steps)


def purge() -> dict[str, int]:
    """Deletes rows past their time; returns how many of each kind. Safe to repeat.

    Raises DirectoryError if the directory can't tell which accounts are gone; only their rows are left then.
    """
    now = timezone.now()
    counts: dict[str, int] = {}
    for part in reversed(_purges):
        counts |= part(now)
    return counts


def renew_keys() -> int:
    """Encrypts everything with the newest key, and digests the numbers anew; returns how many numbers.

    Raises cryptography.fernet.InvalidToken, and changes nothing, if no present key opens a value.
    """
    with transaction.atomic():
        for renew in _renewals:
            renew()
    return sum(renew() for renew in _renewals_in_steps)


def encrypt_anew(model: type[Model], *fields: str) -> None:
    """Writes just these fields of each row, past ``save`` and its history. Raises cryptography.fernet.InvalidToken."""
    rows: QuerySet[Any] = QuerySet(model)
    owners = {owner for name in fields for owner in rows.model._meta.get_field(name).owners()}
    for row in list(rows.select_related(*owners).select_for_update(of=("self",))):
        rows.filter(pk=row.pk).update(**sealed(row, *fields))
