"""Doors from the queue: each takes an id, or nothing, and calls one function."""

from __future__ import annotations

import logging

from celery import shared_task

from accounts import codes, directory, retention

log = logging.getLogger("idportal.retention")

LONG = 1800  # seconds: a look at everybody in the directory


@shared_task
def send_code(challenge_id: int) -> None:
    """Looks up whom a challenge is about, makes the code and sends it. Not retried: the person asks again."""
    codes.deliver(challenge_id)


@shared_task(time_limit=LONG)
def purge() -> None:
    """Deletes what is past its time. The numbers of those who are gone wait for a night with a directory."""
    try:
        counts = retention.purge()
    except directory.DirectoryError as error:
        log.error("the directory did not say which accounts are gone: %s", type(error).__name__)
    else:
        log.info("purged: %s", ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing")
