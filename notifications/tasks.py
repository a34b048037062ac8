"""The scheduled tasks of notifications. The task for one message is in ``notifications.outbox.queueing``."""

import logging

from celery import shared_task
from django.utils import timezone

from accounts.directory import DirectoryError
from notifications import digests, outbox
from notifications.outbox.queueing import WAIT

log = logging.getLogger("idportal.digests")


@shared_task(name="notifications.tasks.sweep", **WAIT)
def sweep(everything: bool = False) -> None:
    """Enqueues what a crash left in the outbox, and makes a morning's run that was missed."""
    outbox.sweep(everything=everything)
    digests.catch_up()


@shared_task(name="notifications.tasks.send_digests", **WAIT)
def send_digests() -> None:
    """Makes the day's run of the daily mail."""
    try:
        digests.run(timezone.localdate())
    except DirectoryError as error:  # the sweep tries it again
        log.error("the directory did not say whose password runs out: %s", type(error).__name__)
