"""The Celery tasks of accounts."""

import logging

from celery import shared_task

from accounts import directory
from accounts.codes.delivery import send_code  # noqa: F401 - a task of accounts
from accounts.privacy import retention

log = logging.getLogger("idportal.retention")


@shared_task
def purge() -> None:
    """Deletes rows that are past their time. The numbers of accounts that are gone wait until the directory answers."""
    try:
        counts = retention.purge()
    except directory.DirectoryError as error:
        log.error("the directory did not say which accounts are gone: %s", type(error).__name__)
    else:
        log.info("purged: %s", ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing")
