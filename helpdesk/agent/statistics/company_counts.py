"""How each company's employees stand: a task counts each morning, and when a page finds no fresh count."""

import logging
from collections import Counter, defaultdict
from datetime import date, timedelta

from celery import shared_task
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from accounts import directory
from accounts.companies import CompanyMatcher
from accounts.models import Company
from accounts.phones.standing import PasswordState, password_standing, with_number
from helpdesk.agent.statistics import day_counts
from helpdesk.models import CompanyCount

log = logging.getLogger("idportal.overview")

ASKED_FOR = 10 * 60  # seconds in which no second count is queued
FRESH = timedelta(days=1)  # yesterday's count will do: today's comes in the morning


def count(day: date) -> int:
    """Counts every active company's employees, as the directory has them now, and stores the figures for ``day``.

    Returns the number of companies. Accounts that are disabled or protected, or belong to no company, don't count.
    A second count of a day replaces the first, all of it or nothing. Raises DirectoryError.
    """
    matcher, now = CompanyMatcher(), timezone.now()
    found: defaultdict[int, Counter[str]] = defaultdict(Counter)
    served = (account for account in directory.connect().accounts(listed=True) if account.served)
    for account, has_number in with_number(served):
        if company := matcher.company_of(account):
            expired = password_standing(account.expires, now).state is PasswordState.EXPIRED
            found[company.pk].update(accounts=1, with_number=has_number, expired=expired)
    with transaction.atomic():
        # Locked, so that no company is deleted meanwhile, and two counts of the same day take turns.
        active = Company.objects.select_for_update().filter(active=True).order_by("pk").values_list("pk", flat=True)
        rows = [CompanyCount(day=day, company_id=pk, **found[pk]) for pk in active]
        CompanyCount.objects.filter(day=day).delete()
        CompanyCount.objects.bulk_create(rows, batch_size=500)
    return len(rows)


@shared_task(name="helpdesk.tasks.count_companies")
def count_companies() -> None:
    """Counts for today, and keeps the figures of the days before. If the directory is down, the next run counts."""
    day_counts.keep()
    try:
        companies = count(timezone.localdate())
    except directory.DirectoryError as error:
        log.error("the directory did not say how the companies stand: %s", type(error).__name__)
    else:
        log.info("counted the employees of %d companies", companies)


def is_old(day: date | None) -> bool:
    """Whether the count of that day, if there is one, is too old."""
    return day is None or day < timezone.localdate() - FRESH


def ask() -> None:
    """Queues a count, at most once in ASKED_FOR. Without a cache or a queue, the page says how old the figures are."""
    try:
        if cache.add("helpdesk-company-counts", True, ASKED_FOR):
            transaction.on_commit(count_companies.delay)
    except (RedisError, OperationalError) as error:
        log.error("a count of the companies' employees was not queued: %s", type(error).__name__)
