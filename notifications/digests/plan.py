"""Plans and composes the messages of a day's run, and finds their recipients when they are sent."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import NamedTuple
from uuid import UUID, uuid4

from celery.utils.functional import chunks
from django.conf import settings
from django.utils import timezone, translation

from accounts import phones
from accounts.companies import CompanyMatcher
from accounts.models import Company
from accounts.models.recipients import Recipients
from idportal.channels import message_templates
from idportal.channels.message_templates import Written
from idportal.clock import at_hour
from idportal.text import inert
from notifications import outbox
from notifications.digests import registrations
from notifications.digests.compose import Composer, Group
from notifications.digests.registrations import Registrations
from notifications.digests.rows import DigestRow, find
from notifications.models import DigestRun, Message

# How long a mail is tried: as long as mail servers usually do (RFC 5321 4.5.4.1). Its lines name the date, and no
# other mail tells of the same threshold.
USEFUL = timedelta(days=4)
# A late run reaches back so many days at most: an employee whose password ran out a month ago knows it.
MOST_DAYS = 31
# Hours in Stockholm between which an employee gets an SMS: not in the night, and not the day after.
SMS_FROM, SMS_UNTIL = 9, 21
CHUNK = 1000  # ids in one query


class Outstanding(NamedTuple):
    """The days whose thresholds a run of ``day`` has to tell: those after ``since`` that no other run has told."""

    day: date
    since: date
    days: frozenset[date]


@dataclass(frozen=True, slots=True)
class PlannedMessage:
    """A mail with these rows, or the SMS for the one row."""

    compose: Callable[[], Message]
    rows: Sequence[DigestRow]
    uid: UUID = field(default_factory=uuid4)

    def composed(self) -> Message:
        """The same message each time, made anew: all of a large directory's at once take more room than its rows."""
        with translation.override("sv"):  # whatever language the command runs in
            message = self.compose()
        message.uid = self.uid
        return message


class Plan(NamedTuple):
    """All that a run sends. A mail to the helpdesk has no company."""

    outstanding: Outstanding
    mails: tuple[PlannedMessage, ...]
    reminders: tuple[PlannedMessage, ...]
    accounts: int  # in the mails
    registrations: Registrations


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
    """Scans the directory and plans everything that a run of this day would send. Writes nothing.

    Raises DirectoryError if the directory did not show all of it.
    """
    open_ = outstanding(day)
    rows, to_remind = find(day, open_.days)
    matcher = CompanyMatcher()
    registered = registrations.look(matcher)
    with translation.override("sv"):  # for what all mails share
        mails = tuple(_mails(day, rows, matcher, registered.lines))
        return Plan(open_, mails, tuple(_reminders(day, to_remind)), len(rows), registered)


def _mails(
    day: date, rows: list[DigestRow], matcher: CompanyMatcher, registered: dict[Company, list[str]]
) -> Iterator[PlannedMessage]:
    """The companies' by name, then the helpdesk's. ``registered``: the lines about first numbers, once (G6)."""
    composer = Composer()
    by_company: dict[Company, list[DigestRow]] = defaultdict(list)
    without_company: dict[str, list[DigestRow]] = defaultdict(list)
    for row in rows:
        if company := matcher.company_of(row.account):
            by_company[company].append(row)
        else:
            without_company[inert(row.account.company)].append(row)
    groups = [Group(theirs, value, "no company" if value else "no value") for value, theirs in without_company.items()]
    for company in sorted({*by_company, *registered}, key=lambda company: company.name.casefold()):
        theirs, numbers = by_company.get(company, []), registered.get(company, [])
        if company.active and company.recipients:
            compose = partial(composer.to_recipients, theirs, numbers) if theirs else partial(_registered, numbers)
            for address in company.recipients:
                yield PlannedMessage(partial(_mail, day, address, compose, company), theirs)
        elif theirs:
            groups.append(Group(theirs, inert(company.name), "no recipient" if company.active else "not active"))
    if groups:
        groups.sort(key=lambda group: (group.rows[0].days_left, group.heading.casefold()))
        all_rows = [row for group in groups for row in group.rows]
        mail = partial(_mail, day, settings.HELPDESK_EMAIL, partial(composer.to_helpdesk, groups))
        yield PlannedMessage(mail, all_rows)


def _registered(lines: list[str]) -> Written:
    """On a day without a digest for the company."""
    return message_templates.mail("numbers_registered", "sv", {"registered": lines})


def _key(day: date | str, whose: str, to: str) -> str:
    """The key of the one mail of this day to this address. ``whose``: the company's primary key, or "helpdesk"."""
    receiver = hashlib.sha256(to.lower().encode()).hexdigest()  # the key is no place for an address
    return f"digest/{day}/{whose}/{receiver}"


def _mail(day: date, to: str, compose: Callable[[], Written], company: Company | None = None) -> Message:
    return outbox.mail(
        purpose=Message.Topic.DIGEST if company else Message.Topic.DIGEST_TO_HELPDESK,
        to=to,
        **compose()._asdict(),
        useful=USEFUL,
        key=_key(day, str(company.pk) if company else "helpdesk", to),
        company=company,
    )


def _reminders(day: date, rows: list[DigestRow]) -> Iterator[PlannedMessage]:
    """An SMS for each row with a number that gets codes, in their order; none after SMS_UNTIL."""
    if timezone.now() >= at_hour(day, SMS_UNTIL):
        return
    for chunk in chunks((row for row in rows if row.registered), CHUNK):
        numbers = phones.usable_numbers(row.account.id for row in chunk)  # not one on hold, which may be stopped (H4)
        for row in chunk:
            if number := numbers.get(row.account.id):
                yield PlannedMessage(partial(_reminder, day, number, row), (row,))


def _reminder(day: date, number: str, row: DigestRow) -> Message:
    not_before = at_hour(day, SMS_FROM)
    return outbox.sms(
        purpose=Message.Topic.EXPIRY_REMINDER,
        to=number,
        text=reminder_text(row),
        useful=at_hour(day, SMS_UNTIL) - max(timezone.now(), not_before),
        key=f"expiry-sms/{day}/{row.account.id}",
        about=row.account.id,
        not_before=not_before,
    )


def reminder_text(row: DigestRow) -> str:
    words = {"account": inert(row.account.username), "day": row.expires_on.isoformat()}
    return message_templates.sms("expiry_reminder", "sv", words)


def redirection(message: Message) -> Callable[[], object] | None:
    """For the outbox, before each try of a company's digest, which can be days after it was composed.

    One that waits for an address that is no recipient any more goes to the present recipients, or to the helpdesk: it
    holds names and user names that are theirs to know alone, and it is never dropped.
    """
    if not (message.key or "").startswith("digest/") or message.to in _recipients(message):
        return None  # it is not of a run, or its receiver is still a recipient
    return lambda: outbox.enqueue(_for_others(message))


def _for_others(message: Message) -> Iterator[Message]:
    """The same mail for each of the company's present recipients who has none of that day; without any, the helpdesk.

    It is of use no longer than the one that it stands for.
    """
    recipients = _recipients(message)
    for to in recipients or [settings.HELPDESK_EMAIL]:
        _digest, day, whose, *_rest = str(message.key).split("/")
        key = _key(day, whose, to)
        earlier = list(Message.objects.filter(key__startswith=key).values_list("state", flat=True))
        # One that expired did so while its receiver was no recipient: a recipient once more gets it under another key.
        if any(state != Message.Status.EXPIRED for state in earlier):
            continue
        yield outbox.mail(
            purpose=Message.Topic.DIGEST if recipients else Message.Topic.DIGEST_TO_HELPDESK,
            to=to,
            subject=message.subject,
            text=message.text,
            html=message.html,
            useful=message.useful_until - timezone.now(),
            key=f"{key}/{len(earlier)}" if earlier else key,
            company=message.company,
        )


def _recipients(message: Message) -> Recipients:
    """The present recipients of the message's company; none if it is deleted or not active."""
    company = message.company
    return company.recipients if company and company.active else Recipients()
