"""``manage.py send_expiry_digests``: the day's run by hand."""

import argparse
from datetime import date
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.directory import DirectoryError
from idportal import clock
from idportal.text import inert
from notifications import digests
from notifications.digests import DigestRow, Plan

# What a calendar and the directories' own times hold, with room for the thresholds before and after.
YEARS = range(1970, 3000)


def _date(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day.year not in YEARS or text != day.isoformat():
        raise argparse.ArgumentTypeError(f"{text!r} is no date. Write it as 2026-03-29.")
    return day


class Command(BaseCommand):
    help = (
        "Mails each company's recipients whose password is about to run out, and tells what goes to whom. "
        "A day is told once: what is sent already is not sent again."
    )

    requires_system_checks = [Tags.security]  # the settings alone: the pages are nothing to it

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--date",
            type=_date,
            help="run as if this day (2026-03-29) were today, and count as that day's run; the default is today",
        )
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--dry-run", action="store_true", help="only tell what would go to whom")
        how.add_argument(
            "--take-back",
            action="store_true",
            help="let the run of --date count as not made: for one that was made for a wrong day",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """One line a mail, and what was done in the last line."""
        today = timezone.localdate()
        day: date = options["date"] or today
        if options["take_back"]:
            if not digests.take_back(day):
                raise CommandError(f"There is no run of {day}. Nothing was changed.")
            self.stdout.write(f"The run of {day} counts as not made. What it sent is sent; the next run tells it anew.")
            return
        if day > today:
            self.stderr.write(
                f"Note: {day} lies ahead. What is reached until that day counts as told by this run, and no run before "
                f"tells it. If the date is wrong: send_expiry_digests --date {day} --take-back"
            )
        try:
            if options["dry_run"]:
                self._show(digests.look(day))
                self.stdout.write("A dry run: nothing was sent, and nothing counts as told.")
            else:
                self._run(day)
        except DirectoryError as error:
            raise CommandError(
                f"The directory did not say whose password runs out ({error}). Nothing was sent. "
                "Run it again when the directory answers; `manage.py doctor` may say what ails it."
            ) from error

    def _run(self, day: date) -> None:
        told: list[Plan] = []
        run = digests.run(day, told.append)
        for plan in told:
            self._show(plan)
            messages = f"{_count(len(plan.mails), 'mail')} and {len(plan.reminders)} SMS"
            self.stdout.write(f"{messages} are in the outbox. The run of {day} is done.")
        if not told and run.completed_at:
            done = clock.stamp(run.completed_at)
            self.stdout.write(f"The run of {day} was done already, {done}. Nothing was sent.")

    def _show(self, plan: Plan) -> None:
        if not plan.mails:
            self.stdout.write(f"Nobody is to be told on {plan.outstanding.day}.")
        for mail in plan.mails:
            message = mail.composed()
            whose = inert(message.company.name) if message.company else "no recipient"
            accounts = ", ".join(_account(row) for row in mail.rows)
            self.stdout.write(f"{message.to}  {whose}  {_count(len(mail.rows), 'account')}: {accounts}")
        for reminder in plan.reminders:
            self.stdout.write(f"SMS to the person  {_account(reminder.rows[0])}")


def _account(row: DigestRow) -> str:
    account = row.account
    days = _count(row.days_left, "day") if row.days_left >= 0 else "ran out"
    return f"{inert(account.username)} {inert(account.name)} ({days})"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
