"""How each company's staff stands today: how many, with a number, with a password that has run out.

Nobody asks the directory for that while a page is opened: it is counted each morning, and once more if it is missing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

from celery import shared_task
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from accounts import directory
from accounts.companies import CompanyMatcher
from accounts.directory import Account
from accounts.models import Company, Phone
from helpdesk.agent.statistics.months import today
from helpdesk.models import CompanyCount

log = logging.getLogger("idportal.overview")

LONGEST = 1800  # seconds for a look at everybody in the directory
BATCH = 500  # accounts whose numbers are looked up at a time
ASKED_FOR = 10 * 60  # seconds in which nobody else asks for a count that is on its way
FRESH = timedelta(days=1)  # yesterday's count will do: today's comes in the morning


@dataclass(slots=True)
class _Count:
    accounts: int = 0
    with_number: int = 0
    expired: int = 0


def count(day: date) -> int:
    """Counts every active company's staff, as the directory has it now, and writes it down for ``day``.

    Returns how many companies there are. One pass over the directory, in pages; accounts that are disabled or
    protected, or belong to no company, are left out. Counted again, the new figures stand in place of the old: all of
    them or none. Raises DirectoryError.
    """
    belonging, now = CompanyMatcher(), timezone.now()
    found: dict[int, _Count] = {}
    accounts = (account for account in directory.connect().accounts() if account.served)
    for batch in _batches(accounts):
        ids = [account.id for account in batch]
        numbered = set(Phone.objects.filter(user__directory_id__in=ids).values_list("user__directory_id", flat=True))
        for account in batch:
            if company := belonging.company_of(account):
                counted = found.setdefault(company.pk, _Count())
                counted.accounts += 1
                counted.with_number += account.id in numbered
                counted.expired += isinstance(account.expires, datetime) and account.expires <= now
    return _write(day, found)


def _write(day: date, found: dict[int, _Count]) -> int:
    with transaction.atomic():
        # Locked, so that none of them is deleted under the figures, and two who count the same day take turns.
        active = Company.objects.select_for_update().filter(active=True).order_by("pk").values_list("pk", flat=True)
        none = _Count()
        rows = [
            CompanyCount(
                day=day,
                company_id=pk,
                accounts=(each := found.get(pk, none)).accounts,
                with_number=each.with_number,
                expired=each.expired,
            )
            for pk in active
        ]
        CompanyCount.objects.filter(day=day).delete()
        CompanyCount.objects.bulk_create(rows, batch_size=BATCH)
    return len(rows)


def _batches(accounts: Iterator[Account]) -> Iterator[list[Account]]:
    while batch := list(islice(accounts, BATCH)):
        yield batch


@shared_task(name="helpdesk.tasks.count_companies", time_limit=LONGEST)
def count_companies() -> None:
    """Counts for today. If the directory is down, the next run counts: in the morning, or when a page asks for it."""
    try:
        companies = count(today())
    except directory.DirectoryError as error:
        log.error("the directory did not say how the companies stand: %s", type(error).__name__)
    else:
        log.info("counted the staff of %d companies", companies)


def is_old(day: date | None) -> bool:
    """Whether a count of that day should be made anew; also if there is none."""
    return day is None or day < today() - FRESH


def ask() -> None:
    """Queues a count, at most once in ASKED_FOR, however often the overview is opened.

    A cache or a queue that is down stops nobody: the page says how old the figures are.
    """
    try:
        if cache.add("helpdesk-company-counts", True, ASKED_FOR):
            transaction.on_commit(count_companies.delay)
    except (RedisError, OperationalError) as error:
        log.error("a count of the companies' staff was not asked for: %s", type(error).__name__)
