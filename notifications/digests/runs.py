"""A day's run: its messages and the record that it was made are saved together or not at all."""

import logging
from collections.abc import Callable
from datetime import date, timedelta

from celery.utils.functional import chunks
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.directory import DirectoryError
from accounts.models import Event
from idportal import clock
from notifications import outbox
from notifications.digests.plan import Plan, look, outstanding
from notifications.models import DigestRun

log = logging.getLogger("idportal.digests")

HOUR = 6  # in Stockholm; CELERY_BEAT_SCHEDULE says the same
MAILS_AT_A_TIME, SMS_AT_A_TIME = 10, 500  # composed at once: a mail may tell of thousands of accounts
RETRY_AFTER = timedelta(minutes=10)  # since today's run began, if it did not come to its end


def run(day: date, tell: Callable[[Plan], None] | None = None) -> DigestRun:
    """Makes the day's run once, however often and by however many processes it is called.

    When it returns, the messages are in the outbox and the day is done. If it raises, neither holds, and the next call
    begins anew. ``tell`` gets what was sent, unless the day was done already. Raises DirectoryError.
    """
    made = _begin(day)
    while not made.completed_at:
        plan = look(day)
        with transaction.atomic():
            # Runs that might tell some of the same days wait here for each other, on rows that were committed before
            # they looked. What the others did is seen below.
            list(DigestRun.objects.select_for_update().filter(day__gt=plan.outstanding.since).order_by("day"))
            made.refresh_from_db()
            by_us = not made.completed_at and outstanding(day) == plan.outstanding
            if by_us:
                _complete(made, plan)
        if by_us:
            log.info("digest of %s: %d accounts, %d mails, %d SMS", day, made.accounts, made.mails, len(plan.reminders))
            if tell:
                tell(plan)
        elif not made.completed_at:
            log.info("digest of %s: another run told a part of it meanwhile, looking again", day)
    return made


def _begin(day: date) -> DigestRun:
    """The day's row, committed before the directory is asked."""
    with transaction.atomic():
        begun, _made = DigestRun.objects.get_or_create(day=day, defaults={"since": day - timedelta(1)})
        if not begun.completed_at:
            DigestRun.objects.filter(pk=begun.pk).update(started_at=timezone.now())
            audit.record(Event.DIGEST_ATTEMPTED, result=str(day))
    return begun


def _complete(ours: DigestRun, plan: Plan) -> None:
    for planned, at_a_time in ((plan.mails, MAILS_AT_A_TIME), (plan.reminders, SMS_AT_A_TIME)):
        for some in chunks((each.composed() for each in planned), at_a_time):
            outbox.enqueue(some)
    plan.registrations.mark()
    ours.since, ours.completed_at = plan.outstanding.since, timezone.now()
    ours.accounts, ours.mails = plan.accounts, len(plan.mails)
    ours.save()
    audit.record(Event.DIGEST_DONE, result=f"{ours.day}: {ours.accounts} accounts, {ours.mails} mails")


def take_back(day: date) -> bool:
    """Makes the day's run count as not made, so that the next run tells its thresholds anew; False: there is no run.

    For a run that was made for a wrong day, whose thresholds no other run would tell. What it sent stays sent.
    """
    with transaction.atomic():
        deleted, _ = DigestRun.objects.filter(day=day).delete()
        if deleted:
            audit.record(Event.DIGEST_TAKEN_BACK, result=str(day))
        return bool(deleted)


def catch_up() -> DigestRun | None:
    """Makes today's run if its hour has passed and it was not made; returns it if it was made now.

    A new portal, without a completed run, waits for its first morning. Call it each minute: if the directory does not
    answer, it says so in the log and tries again after RETRY_AFTER.
    """
    now = timezone.now()
    today = timezone.localdate(now)
    if now < clock.at_hour(today, HOUR):
        return None
    begun = DigestRun.objects.filter(day=today).first()
    if begun is None:
        if not DigestRun.objects.filter(day__lt=today, completed_at__isnull=False).exists():
            return None
    elif begun.completed_at or begun.started_at > now - RETRY_AFTER:
        return None
    try:
        return run(today)
    except DirectoryError as error:
        minutes = RETRY_AFTER // timedelta(minutes=1)
        log.error("digest of %s: the directory does not answer (%s); tried again in %d minutes", today, error, minutes)
        return None
