"""Doors from the queue: each takes an id, or nothing, and calls one function."""

from __future__ import annotations

import logging

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from accounts.directory import DirectoryError
from notifications import digests, outbox

log = logging.getLogger("idportal.digests")

LONG = 1800  # seconds: a look at everybody in the directory
# For one message. The waits for a server are bounded one by one, which one that answers a little each second outlives.
DEADLINE = 30  # seconds

# A database that restarts is waited for, in the queue. Without a queue there is nothing to wait in.
WAITED_FOR = () if settings.CELERY_TASK_ALWAYS_EAGER else outbox.DATABASE_DOWN


@shared_task(
    autoretry_for=WAITED_FOR, max_retries=None, retry_backoff=2, retry_backoff_max=300, soft_time_limit=DEADLINE
)
def deliver(message_id: int) -> None:
    """Sends one message of the outbox. At DEADLINE it is interrupted (SoftTimeLimitExceeded) and tried again later."""
    outbox.deliver(message_id)


@shared_task(autoretry_for=WAITED_FOR, max_retries=None, retry_backoff=2, retry_backoff_max=300, time_limit=LONG)
def sweep(everything: bool = False) -> None:
    """Takes up what a crash left of the outbox, and a morning's run that was missed."""
    outbox.sweep(everything=everything)
    digests.catch_up()


@shared_task(time_limit=LONG)
def send_digests() -> None:
    """Tells the companies' recipients whose password runs out."""
    try:
        digests.run(timezone.localdate())
    except DirectoryError as error:  # the sweep tries it again
        log.error("the directory did not say whose password runs out: %s", type(error).__name__)
