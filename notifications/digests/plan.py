"""The messages of a day's run: looked up and composed. Nothing is written here."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.utils import translation

from accounts.companies import CompanyMatcher
from accounts.models import Company
from idportal.message_templates import Written
from idportal.text import inert
from notifications import outbox
from notifications.digests.compose import Composer, Group
from notifications.digests.reminders import remind
from notifications.digests.rows import DigestRow, PlannedMessage, find
from notifications.models import DigestRun, Message

# How long a mail is tried: as long as mail servers usually do (RFC 5321 4.5.4.1). Its lines name the date, and no
# other mail tells of the same threshold.
USEFUL = timedelta(days=4)
# A late run reaches back so many days at most: an employee whose password ran out a month ago knows it.
MOST_DAYS = 31


@dataclass(frozen=True, slots=True)
class Outstanding:
    """The days whose thresholds a run of ``day`` has to tell: those after ``since`` that no other run has told."""

    day: date
    since: date
    days: frozenset[date]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a run sends, composed. A mail to the helpdesk has no company."""

    outstanding: Outstanding
    mails: tuple[PlannedMessage, ...]
    reminders: tuple[PlannedMessage, ...]
    accounts: int  # in the mails

    @property
    def messages(self) -> Iterator[Message]:
        """The rows for the outbox."""
        yield from (planned.message for planned in (*self.mails, *self.reminders))


def outstanding(day: date) -> Outstanding:
    """The days that the completed runs have left for a run of this day.

    A day that was missed counts to the next run. Before the first run, the day before it counts as told; so does the
    day before a first run that did not come to its end. A run that was made for a later day has told what it covered.
    Reaches back MOST_DAYS at most.
    """
    completed = DigestRun.objects.filter(completed_at__isnull=False)
    earlier_days = DigestRun.objects.filter(day__lt=day).order_by("day").values_list("day", flat=True)
    last = earlier_days.filter(completed_at__isnull=False).last()
    since = max(last or (earlier_days.first() or day) - timedelta(1), day - timedelta(MOST_DAYS))
    days = set(_days(since, day))
    for earlier, later in completed.filter(day__gte=day, since__lt=day).values_list("since", "day"):
        days.difference_update(_days(max(earlier, since), min(later, day)))
    return Outstanding(day, since, frozenset(days))


def _days(since: date, day: date) -> Iterator[date]:
    """The days after ``since``, up to and including ``day``."""
    return (since + timedelta(number) for number in range(1, (day - since).days + 1))


def look(day: date) -> Plan:
    """Scans the directory and composes everything that a run of this day would send. Writes nothing.

    Raises DirectoryError if the directory did not show all of it.
    """
    open_ = outstanding(day)
    rows, to_remind = find(day, open_.days)
    with translation.override("sv"):  # whatever language the command runs in
        return Plan(open_, tuple(_mails(day, rows)), tuple(remind(day, to_remind)), len(rows))


def _mails(day: date, rows: list[DigestRow]) -> Iterator[PlannedMessage]:
    """The companies' by name, then the helpdesk's."""
    composer, matcher = Composer(), CompanyMatcher()
    by_company: dict[Company, list[DigestRow]] = defaultdict(list)
    without_company: dict[str, list[DigestRow]] = defaultdict(list)
    for row in rows:
        if company := matcher.company_of(row.account):
            by_company[company].append(row)
        else:
            without_company[inert(row.account.company)].append(row)
    groups = [Group(theirs, value, "no company" if value else "no value") for value, theirs in without_company.items()]
    for company in sorted(by_company, key=lambda company: company.name.casefold()):
        theirs = by_company[company]
        if company.active and company.recipients:
            composed = composer.to_recipients(theirs)
            for address in company.recipients:
                yield _mail(day, address, composed, theirs, company)
        else:
            groups.append(Group(theirs, inert(company.name), "no recipient" if company.active else "not active"))
    if groups:
        groups.sort(key=lambda group: (group.rows[0].days_left, group.heading.casefold()))
        all_rows = [row for group in groups for row in group.rows]
        yield _mail(day, settings.HELPDESK_EMAIL, composer.to_helpdesk(groups), all_rows)


def key_of(day: date | str, whose: str, to: str) -> str:
    """The key of the one mail of this day to this address. ``whose``: the company's primary key, or "helpdesk"."""
    receiver = hashlib.sha256(to.lower().encode()).hexdigest()  # the key is no place for an address
    return f"digest/{day}/{whose}/{receiver}"


def _mail(
    day: date, to: str, composed: Written, rows: list[DigestRow], company: Company | None = None
) -> PlannedMessage:
    message = outbox.mail(
        purpose=Message.Topic.DIGEST if company else Message.Topic.DIGEST_TO_HELPDESK,
        to=to,
        **composed._asdict(),
        useful=USEFUL,
        key=key_of(day, str(company.pk) if company else "helpdesk", to),
        company=company,
    )
    return PlannedMessage(message, rows)
